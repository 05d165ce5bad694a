"""Vendors' teams, and the conversations assigned within them."""

from dataclasses import replace
from datetime import datetime

from marketplace.domain.members import Assignment, Member, MemberRole
from marketplace.domain.pages import Page, PageRequest
from tests.memory.tables import DuplicateError, Tables, insert, page


class Members:
    """Members of teams."""

    def __init__(self, tables: Tables) -> None:
        self._members = tables.members

    async def add(self, member: Member) -> None:
        """Insert."""
        if any(
            (other.vendor_id, other.slot) == (member.vendor_id, member.slot)
            for other in self._members.values()
        ):
            raise DuplicateError(member.slot)
        insert(self._members, member.id, member)

    async def get(self, account_id: str) -> Member | None:
        """By account."""
        return self._members.get(account_id)

    async def of_vendor(self, vendor_id: str) -> list[Member]:
        """By slot."""
        found = (member for member in self._members.values() if member.vendor_id == vendor_id)
        return sorted(found, key=lambda member: member.slot)

    async def touch(self, vendor_id: str, account_id: str, at: datetime) -> bool:
        """Set `assigned_at`."""
        member = self._members.get(account_id)
        if member is None or member.vendor_id != vendor_id:
            return False
        self._members[account_id] = replace(member, assigned_at=at)
        return True

    async def set_role(self, account_id: str, role: MemberRole) -> None:
        """Replace the role."""
        member = self._members.get(account_id)
        if member is not None:
            self._members[account_id] = replace(member, role=role)

    async def remove(self, account_id: str) -> None:
        """Delete."""
        self._members.pop(account_id, None)


class Assignments:
    """Assigned conversations."""

    def __init__(self, tables: Tables) -> None:
        self._assignments = tables.assignments

    async def get(self, conversation_id: str) -> Assignment | None:
        """By conversation."""
        return self._assignments.get(conversation_id)

    async def save(self, assignment: Assignment) -> None:
        """Insert or replace by id."""
        self._assignments[assignment.id] = assignment

    async def remove(self, conversation_id: str) -> None:
        """Delete."""
        self._assignments.pop(conversation_id, None)

    async def remove_of(self, account_id: str) -> None:
        """Delete those to an account."""
        for id_, assignment in list(self._assignments.items()):
            if assignment.account_id == account_id:
                del self._assignments[id_]

    async def of(
        self, vendor_id: str, account_id: str | None, request: PageRequest
    ) -> Page[Assignment]:
        """Newest conversation first."""
        found = {
            id_: assignment
            for id_, assignment in self._assignments.items()
            if assignment.vendor_id == vendor_id and account_id in (None, assignment.account_id)
        }
        return page(found, request)
