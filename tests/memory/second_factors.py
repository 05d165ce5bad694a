"""The second factors of accounts."""

from dataclasses import replace

from marketplace.domain.second_factors import SecondFactor
from tests.memory.tables import Tables


class SecondFactors:
    """At most one for each account."""

    def __init__(self, tables: Tables) -> None:
        self._factors = tables.second_factors

    async def get(self, account_id: str) -> SecondFactor | None:
        """By account."""
        return self._factors.get(account_id)

    async def save(self, factor: SecondFactor) -> None:
        """Insert or replace."""
        self._factors[factor.id] = factor

    async def use_step(self, account_id: str, step: int) -> bool:
        """Record an accepted time step, unless it or a later one already was."""
        factor = self._factors.get(account_id)
        if factor is None or factor.last_step >= step:
            return False
        self._factors[account_id] = replace(factor, last_step=step)
        return True

    async def use_recovery_code(self, account_id: str, code_hash: str) -> bool:
        """Remove a recovery code."""
        factor = self._factors.get(account_id)
        if factor is None or code_hash not in factor.recovery_codes:
            return False
        left = tuple(code for code in factor.recovery_codes if code != code_hash)
        self._factors[account_id] = replace(factor, recovery_codes=left)
        return True

    async def delete(self, account_id: str) -> None:
        """Delete."""
        self._factors.pop(account_id, None)
