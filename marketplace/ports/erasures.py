"""Which accounts were erased, and which erasures have work left."""

from datetime import datetime
from typing import Protocol

from marketplace.domain.erasures import Erasure


class Erasures(Protocol):
    """One record for each erased account; never removed."""

    async def add(self, erasure: Erasure) -> None:
        """Insert."""

    async def get(self, account_id: str) -> Erasure | None:
        """The erasure of this account."""

    async def claim_due(self, now: datetime, lease_until: datetime) -> Erasure | None:
        """The erasure that is due the longest, and due again at `lease_until`; for one caller."""

    async def save(self, erasure: Erasure) -> None:
        """Replace."""
