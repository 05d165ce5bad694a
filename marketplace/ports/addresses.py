"""What is known about the addresses of accounts: the one place that every sender asks."""

from typing import Protocol

from marketplace.domain.addresses import Address, AddressKind, Suppression


class Addresses(Protocol):
    """Consent and verification for each account and address; suppression for each address.

    A suppression is returned with the address of every account that has it.
    """

    async def get(self, account_id: str, kind: AddressKind, address: str) -> Address:
        """What is known about the address; an unknown one has nothing set."""

    async def of_account(self, account_id: str) -> list[Address]:
        """Every address that the account has or had and that something is known about."""

    async def save(self, address: Address) -> None:
        """Insert or replace, except its suppression."""

    async def suppress(self, suppression: Suppression) -> None:
        """Send nothing more to an address; does nothing if it is already suppressed."""

    async def forget(self, account_id: str) -> None:
        """Delete the account's addresses. Suppressions stay: their owners asked for them."""
