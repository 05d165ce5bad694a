"""The port for the audit trail."""

from typing import Protocol

from marketplace.domain.audit import AuditRecord
from marketplace.domain.pages import Page, PageRequest


class Audit(Protocol):
    """The audit trail; records are added in the transaction of their change, and never removed."""

    async def add(self, record: AuditRecord) -> None:
        """Insert."""

    async def of(
        self, subject_id: str | None, actor_id: str | None, request: PageRequest
    ) -> Page[AuditRecord]:
        """Records about a subject, or any, by an actor, or any, newest first."""

    async def forget(self, subject_id: str) -> None:
        """Remove the values and the reasons from the records about a subject."""
