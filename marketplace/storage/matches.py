"""Matches in MongoDB."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING

from marketplace.domain.matches import Match, MatchState
from marketplace.domain.pages import Page, PageRequest
from marketplace.errors import Code, ParleyError
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document

# An RFI asks for at most 50 vendors; declined and closed matches come on top.
_MAX_OF_RFI = 1_000


@repository
class MongoMatches(Collection[Match]):
    """Matches, unique by (rfi_id, vendor_id)."""

    name = "matches"
    kind = Match

    async def add(self, match: Match) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(match), session=self.session)

    async def get(self, match_id: str) -> Match | None:
        """The match with this id."""
        return await self._get(match_id)

    async def save(self, match: Match, expected: MatchState) -> None:
        """Replace if it is in the expected state."""
        outcome = await self._collection.replace_one(
            {"_id": match.id, "state": expected}, to_document(match), session=self.session
        )
        if outcome.matched_count == 0:
            raise ParleyError(Code.WRONG_STATE, "The match has changed. Read it again.")

    async def of_rfi(self, rfi_id: str) -> list[Match]:
        """All matches of an RFI, closest first."""
        return await self._many(
            {"rfi_id": rfi_id},
            # Distances are rounded; at equal distances the closer vendor got its offer first.
            sort=[("distance_m", ASCENDING), ("_id", ASCENDING)],
            limit=_MAX_OF_RFI,
        )

    async def of_vendor(
        self,
        vendor_id: str,
        state: MatchState | None,
        request: PageRequest,
        offered_before: datetime,
    ) -> Page[Match]:
        """A vendor's matches, newest first; offers from before `offered_before` count as closed."""
        condition: dict[str, Any] = {"vendor_id": vendor_id}
        expired = {"state": MatchState.OFFERED, "offered_at": {"$lte": offered_before}}
        if state is MatchState.CLOSED:
            condition["$or"] = [{"state": state}, expired]
        elif state is MatchState.OFFERED:
            condition |= {"state": state, "offered_at": {"$gt": offered_before}}
        elif state is not None:
            condition["state"] = state
        return await self._page(condition, request)

    async def offered_before(
        self, vendor_ids: Sequence[str], before: datetime, limit: int
    ) -> list[Match]:
        """Offers to these vendors, made before a moment and still stored as offered, oldest first."""
        return await self._many(
            {
                "vendor_id": {"$in": list(vendor_ids)},
                "state": MatchState.OFFERED,
                "offered_at": {"$lte": before},
            },
            sort=[("offered_at", ASCENDING)],
            limit=limit,
        )

    async def changed(
        self, state: MatchState, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Match]:
        """Matches in a state by their last change, oldest first."""
        return await self._changed(state, after, until, limit)

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Match | None:
        """The match between an RFI and a vendor."""
        return await self._one(rfi_id=rfi_id, vendor_id=vendor_id)

    async def of_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Match]:
        """The matches of these pairs; both lists bound the scan of the unique index."""
        wanted = set(pairs)
        condition = {
            "rfi_id": {"$in": sorted({rfi_id for rfi_id, _ in wanted})},
            "vendor_id": {"$in": sorted({vendor_id for _, vendor_id in wanted})},
        }
        documents = await self._collection.find(condition, session=self.session).to_list(None)
        matches = [from_document(document, Match) for document in documents]
        return [match for match in matches if (match.rfi_id, match.vendor_id) in wanted]
