"""Codes and links that are live."""

from datetime import datetime
from typing import Protocol

from marketplace.domain.codes import Code


class Codes(Protocol):
    """The live codes, one in each slot (`Code.id`); removed automatically after they expire."""

    async def put(self, code: Code) -> None:
        """Insert; replaces the code in the same slot."""

    async def get(self, slot: str) -> Code | None:
        """The code in a slot, perhaps expired."""

    async def by_nonce(self, nonce: str) -> Code | None:
        """The code with this nonce, perhaps expired."""

    async def take_try(self, slot: str, now: datetime, most: int) -> Code | None:
        """Count a try of the code in a slot, and return it as counted.

        None if there is none, it has expired, or `most` tries were counted: exact under
        concurrency. Not for use in transactions, whose end would undo the count.
        """

    async def spend(self, code: Code) -> bool:
        """Remove the code, within the transaction of its effect; False if it is gone or replaced."""

    async def reserved_for(self, address: str, now: datetime) -> str | None:
        """The account that may still undo its change of email away from this address."""

    async def clear(self, *slots: str) -> None:
        """Remove the codes in these slots."""

    async def forget(self, account_id: str) -> None:
        """Remove all codes of an account."""
