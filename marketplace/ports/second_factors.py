"""The second factors of accounts."""

from typing import Protocol

from marketplace.domain.second_factors import SecondFactor


class SecondFactors(Protocol):
    """At most one second factor for each account."""

    async def get(self, account_id: str) -> SecondFactor | None:
        """The account's factor, on or still being set up."""

    async def save(self, factor: SecondFactor) -> None:
        """Insert or replace."""

    async def use_step(self, account_id: str, step: int) -> bool:
        """Record that the code of a time step was accepted; False if it or a later one already was.

        Of concurrent calls for a step, one succeeds.
        """

    async def use_recovery_code(self, account_id: str, code_hash: str) -> bool:
        """Remove a recovery code; False if the account has none such. One of many calls succeeds."""

    async def delete(self, account_id: str) -> None:
        """Delete the account's factor; does nothing if there is none."""
