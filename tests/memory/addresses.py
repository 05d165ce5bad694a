"""Addresses of accounts, and suppressed addresses."""

from dataclasses import replace

from marketplace.domain.addresses import (
    Address,
    AddressKind,
    Suppression,
    suppression_of,
    unknown,
)
from tests.memory.tables import Tables


class Addresses:
    """Consent and verification for each account; suppressions for each address."""

    def __init__(self, tables: Tables) -> None:
        self._addresses = tables.addresses
        self._suppressions = tables.suppressions

    async def get(self, account_id: str, kind: AddressKind, address: str) -> Address:
        """One address; an unknown one has nothing set."""
        empty = unknown(account_id, kind, address)
        return self._with_suppression(self._addresses.get(empty.id, empty))

    async def of_account(self, account_id: str) -> list[Address]:
        """All of an account."""
        return [
            self._with_suppression(address)
            for address in self._addresses.values()
            if address.account_id == account_id
        ]

    async def save(self, address: Address) -> None:
        """Insert or replace, except its suppression."""
        self._addresses[address.id] = replace(address, suppressed=None)

    async def suppress(self, suppression: Suppression) -> None:
        """Insert; nothing changes when the address is already suppressed."""
        self._suppressions.setdefault(suppression.id, suppression)

    async def forget(self, account_id: str) -> None:
        """Delete an account's addresses."""
        for address in await self.of_account(account_id):
            del self._addresses[address.id]

    def _with_suppression(self, address: Address) -> Address:
        key = suppression_of(address.kind, address.address)
        return replace(address, suppressed=self._suppressions.get(key))
