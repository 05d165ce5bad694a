"""The port for decisions."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from marketplace.domain.decisions import Decision, DecisionKind
from marketplace.domain.pages import Page, PageRequest


class Decisions(Protocol):
    """Decisions, added in the transaction of their effect."""

    async def add(self, decision: Decision) -> None:
        """Insert."""

    async def rewrite(self, decision: Decision) -> None:
        """Replace one, for an erasure; what does not decide may be taken from its inputs."""

    async def of(
        self,
        subject_ids: Collection[str] | None,
        kind: DecisionKind | None,
        request: PageRequest,
    ) -> Page[Decision]:
        """The decisions about these subjects, or any, and of this kind, or any, newest first."""

    async def before(
        self, subject_ids: Collection[str], at: datetime, key: str, limit: int
    ) -> list[Decision]:
        """Decisions about these subjects before a position in the order of (time, id), newest first."""
