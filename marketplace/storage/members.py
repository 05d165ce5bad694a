"""Vendors' teams in MongoDB, and the conversations assigned within them."""

from datetime import datetime
from typing import Any

from pymongo import ASCENDING

from marketplace.domain.members import MAX_MEMBERS, Assignment, Member, MemberRole
from marketplace.domain.pages import Page, PageRequest
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoMembers(Collection[Member]):
    """Members of teams, with a unique index over (vendor, slot)."""

    name = "members"
    kind = Member

    async def add(self, member: Member) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(member), session=self.session)

    async def get(self, account_id: str) -> Member | None:
        """The member with this account."""
        return await self._get(account_id)

    async def of_vendor(self, vendor_id: str) -> list[Member]:
        """A vendor's members, in the order of their slots."""
        return await self._many(
            {"vendor_id": vendor_id}, sort=[("slot", ASCENDING)], limit=MAX_MEMBERS
        )

    async def touch(self, vendor_id: str, account_id: str, at: datetime) -> bool:
        """Set `assigned_at`: a write, so that it conflicts with a concurrent removal."""
        outcome = await self._collection.update_one(
            {"_id": account_id, "vendor_id": vendor_id},
            {"$set": {"assigned_at": at}},
            session=self.session,
        )
        return outcome.matched_count == 1

    async def set_role(self, account_id: str, role: MemberRole) -> None:
        """Replace the role."""
        await self._collection.update_one(
            {"_id": account_id}, {"$set": {"role": role.value}}, session=self.session
        )

    async def remove(self, account_id: str) -> None:
        """Delete."""
        await self._collection.delete_one({"_id": account_id}, session=self.session)


@repository
class MongoAssignments(Collection[Assignment]):
    """Assigned conversations, by the conversation's id."""

    name = "assignments"
    kind = Assignment

    async def get(self, conversation_id: str) -> Assignment | None:
        """The conversation's assignment."""
        return await self._get(conversation_id)

    async def save(self, assignment: Assignment) -> None:
        """Insert or replace by id."""
        await self._collection.replace_one(
            {"_id": assignment.id}, to_document(assignment), upsert=True, session=self.session
        )

    async def remove(self, conversation_id: str) -> None:
        """Delete."""
        await self._collection.delete_one({"_id": conversation_id}, session=self.session)

    async def remove_of(self, account_id: str) -> None:
        """Delete all assignments to an account."""
        await self._collection.delete_many({"account_id": account_id}, session=self.session)

    async def of(
        self, vendor_id: str, account_id: str | None, request: PageRequest
    ) -> Page[Assignment]:
        """A vendor's assignments, newest conversation first."""
        condition: dict[str, Any] = {"vendor_id": vendor_id}
        if account_id is not None:
            condition["account_id"] = account_id
        return await self._page(condition, request)
