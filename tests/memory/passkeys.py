"""The passkeys of accounts."""

from dataclasses import replace
from datetime import datetime

from marketplace.domain.passkeys import Passkey
from tests.memory.tables import Tables


class Passkeys:
    """Passkeys, unique by the credential's id."""

    def __init__(self, tables: Tables) -> None:
        self._passkeys = tables.passkeys

    async def add(self, passkey: Passkey) -> bool:
        """Insert."""
        if await self.by_credential(passkey.credential_id) is not None:
            return False
        self._passkeys[passkey.id] = passkey
        return True

    async def by_credential(self, credential_id: str) -> Passkey | None:
        """By the credential's id."""
        kept = self._passkeys.values()
        return next((key for key in kept if key.credential_id == credential_id), None)

    async def of_account(self, account_id: str) -> list[Passkey]:
        """Of an account, newest first."""
        own = [kept for kept in self._passkeys.values() if kept.account_id == account_id]
        return sorted(own, key=lambda kept: kept.id, reverse=True)

    async def use(self, passkey: Passkey, sign_count: int, at: datetime) -> bool:
        """Record a use."""
        kept = self._passkeys.get(passkey.id)
        if kept is None or kept.sign_count != passkey.sign_count:
            return False
        self._passkeys[kept.id] = replace(kept, sign_count=sign_count, last_used_at=at)
        return True

    async def remove(self, account_id: str, passkey_id: str) -> bool:
        """Delete one."""
        kept = self._passkeys.get(passkey_id)
        if kept is None or kept.account_id != account_id:
            return False
        del self._passkeys[passkey_id]
        return True

    async def remove_since(self, account_id: str, at: datetime) -> None:
        """Delete those added at this moment or later."""
        for passkey in await self.of_account(account_id):
            if passkey.created_at >= at:
                del self._passkeys[passkey.id]

    async def forget(self, account_id: str) -> None:
        """Delete all of an account."""
        for passkey in await self.of_account(account_id):
            del self._passkeys[passkey.id]
