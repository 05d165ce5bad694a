"""The ports for a vendor's team, and for the conversations assigned within it."""

from datetime import datetime
from typing import Protocol

from marketplace.domain.members import Assignment, Member, MemberRole
from marketplace.domain.pages import Page, PageRequest


class Members(Protocol):
    """Members of teams; an account is a member of one vendor, and a vendor's slots are unique.

    Of concurrent transactions that take one slot, or that change one member, one is retried.
    """

    async def add(self, member: Member) -> None:
        """Insert."""

    async def get(self, account_id: str) -> Member | None:
        """The member with this account."""

    async def of_vendor(self, vendor_id: str) -> list[Member]:
        """A vendor's members, in the order of their slots."""

    async def touch(self, vendor_id: str, account_id: str, at: datetime) -> bool:
        """Set `assigned_at`; False if the account is not a member of the vendor."""

    async def set_role(self, account_id: str, role: MemberRole) -> None:
        """Replace the role, if the account is a member."""

    async def remove(self, account_id: str) -> None:
        """Delete."""


class Assignments(Protocol):
    """Which member a conversation is assigned to; one for a conversation."""

    async def get(self, conversation_id: str) -> Assignment | None:
        """The conversation's assignment."""

    async def save(self, assignment: Assignment) -> None:
        """Insert or replace by id."""

    async def remove(self, conversation_id: str) -> None:
        """Delete."""

    async def remove_of(self, account_id: str) -> None:
        """Delete all assignments to an account."""

    async def of(
        self, vendor_id: str, account_id: str | None, request: PageRequest
    ) -> Page[Assignment]:
        """A vendor's assignments to an account, or to anybody, newest conversation first."""
