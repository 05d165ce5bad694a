"""Matches."""

from collections.abc import Sequence
from datetime import datetime

from marketplace.domain.matches import Match, MatchState
from marketplace.domain.pages import Page, PageRequest
from marketplace.errors import Code, ParleyError
from tests.memory.tables import DuplicateError, Tables, insert, page


class Matches:
    """Matches, unique by (rfi_id, vendor_id)."""

    def __init__(self, tables: Tables) -> None:
        self._matches = tables.matches

    async def add(self, match: Match) -> None:
        """Insert."""
        if await self.of_pair(match.rfi_id, match.vendor_id) is not None:
            raise DuplicateError(f"{match.rfi_id} {match.vendor_id}")
        insert(self._matches, match.id, match)

    async def get(self, match_id: str) -> Match | None:
        """By id."""
        return self._matches.get(match_id)

    async def save(self, match: Match, expected: MatchState) -> None:
        """Replace if it is in the expected state."""
        kept = self._matches.get(match.id)
        if kept is None or kept.state is not expected:
            raise ParleyError(Code.WRONG_STATE, "The match has changed.")
        self._matches[match.id] = match

    async def of_rfi(self, rfi_id: str) -> list[Match]:
        """All matches of an RFI, closest first."""
        found = [match for match in self._matches.values() if match.rfi_id == rfi_id]
        return sorted(found, key=lambda match: (match.distance_m, match.id))

    async def of_vendor(
        self,
        vendor_id: str,
        state: MatchState | None,
        request: PageRequest,
        offered_before: datetime,
    ) -> Page[Match]:
        """Newest first; an offer from before `offered_before` counts as closed."""

        def state_of(match: Match) -> MatchState:
            is_offer = match.state is MatchState.OFFERED
            is_old = is_offer and match.offered_at <= offered_before
            return MatchState.CLOSED if is_old else match.state

        found = {
            k: v
            for k, v in self._matches.items()
            if v.vendor_id == vendor_id and (state is None or state_of(v) is state)
        }
        return page(found, request)

    async def offered_before(
        self, vendor_ids: Sequence[str], before: datetime, limit: int
    ) -> list[Match]:
        """Open offers to these vendors, made before a time, oldest first."""
        found = [
            match
            for match in self._matches.values()
            if match.vendor_id in vendor_ids
            and match.state is MatchState.OFFERED
            and match.offered_at <= before
        ]
        return sorted(found, key=lambda match: match.offered_at)[:limit]

    async def changed(
        self, state: MatchState, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Match]:
        """In a state, by (last change, id), oldest first."""
        found = [
            match
            for match in self._matches.values()
            if match.state is state
            and after < (match.updated_at, match.id)
            and match.updated_at <= until
        ]
        return sorted(found, key=lambda match: (match.updated_at, match.id))[:limit]

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Match | None:
        """The match between an RFI and a vendor."""
        found = (match for match in self._matches.values() if match.rfi_id == rfi_id)
        return next((match for match in found if match.vendor_id == vendor_id), None)

    async def of_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Match]:
        """The matches of these (RFI, vendor) pairs."""
        return [
            match for match in self._matches.values() if (match.rfi_id, match.vendor_id) in pairs
        ]
