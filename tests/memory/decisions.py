"""Decisions."""

from collections.abc import Collection
from datetime import datetime

from marketplace.domain.decisions import Decision, DecisionKind
from marketplace.domain.pages import Page, PageRequest
from tests.memory.tables import Tables, insert, page


class Decisions:
    """Decisions; only an erasure changes one."""

    def __init__(self, tables: Tables) -> None:
        self._decisions = tables.decisions

    async def add(self, decision: Decision) -> None:
        """Insert."""
        insert(self._decisions, decision.id, decision)

    async def rewrite(self, decision: Decision) -> None:
        """Replace one."""
        if decision.id in self._decisions:
            self._decisions[decision.id] = decision

    async def of(
        self,
        subject_ids: Collection[str] | None,
        kind: DecisionKind | None,
        request: PageRequest,
    ) -> Page[Decision]:
        """By subject and kind, newest first."""
        found = {
            id_: decision
            for id_, decision in self._decisions.items()
            if (subject_ids is None or decision.subject_id in subject_ids)
            and (kind is None or decision.kind is kind)
        }
        return page(found, request)

    async def before(
        self, subject_ids: Collection[str], at: datetime, key: str, limit: int
    ) -> list[Decision]:
        """Before a position in the order of (time, id), newest first."""
        found = [
            decision
            for decision in self._decisions.values()
            if decision.subject_id in subject_ids and (decision.at, decision.id) < (at, key)
        ]
        return sorted(found, key=lambda kept: (kept.at, kept.id), reverse=True)[:limit]
