"""The audit trail."""

from dataclasses import replace

from marketplace.domain.audit import AuditRecord
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Change
from tests.memory.tables import Tables, insert, page


class Audit:
    """The audit trail; records are never removed."""

    def __init__(self, tables: Tables) -> None:
        self._records = tables.audit

    async def add(self, record: AuditRecord) -> None:
        """Insert."""
        insert(self._records, record.id, record)

    async def of(
        self, subject_id: str | None, actor_id: str | None, request: PageRequest
    ) -> Page[AuditRecord]:
        """By subject and actor, newest first."""
        found = {
            id_: record
            for id_, record in self._records.items()
            if subject_id in (None, record.subject_id) and actor_id in (None, record.actor_id)
        }
        return page(found, request)

    async def forget(self, subject_id: str) -> None:
        """Remove values and reasons."""
        for id_, record in self._records.items():
            if record.subject_id == subject_id:
                changes = tuple(Change(change.path, None, None) for change in record.changes)
                self._records[id_] = replace(record, changes=changes, reason=None)
