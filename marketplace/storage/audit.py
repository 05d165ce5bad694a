"""The audit trail in MongoDB."""

from typing import Any

from marketplace.domain.audit import AuditRecord
from marketplace.domain.pages import Page, PageRequest
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoAudit(Collection[AuditRecord]):
    """The audit trail; records are never removed."""

    name = "audit"
    kind = AuditRecord

    async def add(self, record: AuditRecord) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(record), session=self.session)

    async def of(
        self, subject_id: str | None, actor_id: str | None, request: PageRequest
    ) -> Page[AuditRecord]:
        """Records by subject and actor, newest first; each of the two has an index."""
        condition: dict[str, Any] = {}
        if subject_id is not None:
            condition["subject_id"] = subject_id
        if actor_id is not None:
            condition["actor_id"] = actor_id
        return await self._page(condition, request)

    async def forget(self, subject_id: str) -> None:
        """Remove the values and the reasons from the records about a subject."""
        await self._collection.update_many(
            {"subject_id": subject_id},
            {"$set": {"changes.$[].old": None, "changes.$[].new": None}, "$unset": {"reason": ""}},
            session=self.session,
        )
