"""Codes and links that are live."""

from dataclasses import replace
from datetime import datetime

from marketplace.domain.codes import Code, CodePurpose
from marketplace.ports import Clock
from tests.memory.tables import Tables


class Codes:
    """One code in each slot; one is gone once the clock has passed its expiry."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._codes = tables.codes
        self._clock = clock

    async def put(self, code: Code) -> None:
        """Insert or replace."""
        self._codes[code.id] = code

    async def get(self, slot: str) -> Code | None:
        """By slot."""
        code = self._codes.get(slot)
        return code if code is not None and code.is_live(self._clock.now()) else None

    async def by_nonce(self, nonce: str) -> Code | None:
        """By nonce."""
        found = [code for code in self._codes.values() if code.nonce == nonce]
        return await self.get(found[0].id) if found else None

    async def take_try(self, slot: str, now: datetime, most: int) -> Code | None:
        """Count a try."""
        code = self._codes.get(slot)
        if code is None or not code.is_live(now) or code.tries >= most:
            return None
        self._codes[slot] = replace(code, tries=code.tries + 1)
        return self._codes[slot]

    async def spend(self, code: Code) -> bool:
        """Remove the code unless it was replaced."""
        kept = self._codes.get(code.id)
        if kept is None or kept.nonce != code.nonce:
            return False
        del self._codes[code.id]
        return True

    async def reserved_for(self, address: str, now: datetime) -> str | None:
        """The account that may still undo its change of email away from this address."""
        undoing = (
            code.account_id
            for code in self._codes.values()
            if code.purpose is CodePurpose.EMAIL_UNDO
            and code.address == address
            and code.is_live(now)
        )
        return next(undoing, None)

    async def clear(self, *slots: str) -> None:
        """Remove the codes in these slots."""
        for slot in slots:
            self._codes.pop(slot, None)

    async def forget(self, account_id: str) -> None:
        """Remove all codes of an account."""
        await self.clear(*(c.id for c in self._codes.values() if c.account_id == account_id))
