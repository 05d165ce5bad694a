"""Matches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.matches import Match, MatchState
from marketplace.domain.pages import Page, PageRequest


class Matches(Protocol):
    """Matches, unique by (rfi_id, vendor_id)."""

    async def add(self, match: Match) -> None:
        """Insert."""

    async def get(self, match_id: str) -> Match | None:
        """By id."""

    async def save(self, match: Match, expected: MatchState) -> None:
        """Replace if it is in the expected state; raises ParleyError `wrong_state` otherwise."""

    async def of_rfi(self, rfi_id: str) -> list[Match]:
        """All of an RFI, closest first."""

    async def of_vendor(
        self,
        vendor_id: str,
        state: MatchState | None,
        request: PageRequest,
        offered_before: datetime,
    ) -> Page[Match]:
        """Newest first; what was offered before that moment counts as closed."""

    async def offered_before(self, before: datetime, limit: int) -> list[Match]:
        """Offers that were made before a moment and still stand, the oldest first."""

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Match | None:
        """The one between an RFI and a vendor."""

    async def of_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Match]:
        """Those between an RFI and a vendor each (rfi_id, vendor_id), in any order, by one query."""
