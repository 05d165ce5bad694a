"""Decisions in MongoDB."""

from collections.abc import Collection as Ids
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from marketplace.domain.decisions import Decision, DecisionKind
from marketplace.domain.pages import Page, PageRequest
from marketplace.storage.collection import Collection, before, repository
from marketplace.storage.documents import to_document


@repository
class MongoDecisions(Collection[Decision]):
    """Decisions; only an erasure changes one."""

    name = "decisions"
    kind = Decision

    async def add(self, decision: Decision) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(decision), session=self.session)

    async def rewrite(self, decision: Decision) -> None:
        """Replace one."""
        await self._collection.replace_one(
            {"_id": decision.id}, to_document(decision), session=self.session
        )

    async def of(
        self, subject_ids: Ids[str] | None, kind: DecisionKind | None, request: PageRequest
    ) -> Page[Decision]:
        """Decisions by subject and kind, newest first; each combination has an index."""
        condition: dict[str, Any] = {}
        if subject_ids is not None:
            condition["subject_id"] = {"$in": list(subject_ids)}
        if kind is not None:
            condition["kind"] = kind
        return await self._page(condition, request)

    async def before(
        self, subject_ids: Ids[str], at: datetime, key: str, limit: int
    ) -> list[Decision]:
        """Decisions about these subjects before a position, newest first."""
        return await self._many(
            {"subject_id": {"$in": list(subject_ids)}, **before(at, key)},
            sort=[("at", DESCENDING), ("_id", DESCENDING)],
            limit=limit,
        )
