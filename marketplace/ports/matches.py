"""The port for matches."""

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
        """The match with this id."""

    async def save(self, match: Match, expected: MatchState) -> None:
        """Replace if it is in the expected state; otherwise raises ParleyError `wrong_state`."""

    async def of_rfi(self, rfi_id: str) -> list[Match]:
        """All matches of an RFI, closest first."""

    async def of_vendor(
        self,
        vendor_id: str,
        state: MatchState | None,
        request: PageRequest,
        offered_before: datetime,
    ) -> Page[Match]:
        """A vendor's matches, newest first; offers from before `offered_before` count as closed."""

    async def offered_before(
        self, vendor_ids: Sequence[str], before: datetime, limit: int
    ) -> list[Match]:
        """Offers to these vendors, made before a moment and still stored as offered, oldest first."""

    async def changed(
        self, state: MatchState, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Match]:
        """Matches in a state by (last change, id), oldest first: those after `after`, up to `until`.

        `after` is not included, `until` is.
        """

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Match | None:
        """The match between an RFI and a vendor."""

    async def of_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Match]:
        """The matches of these (rfi_id, vendor_id) pairs, in any order, in one query."""
