"""A vendor's team: people who act for the vendor under log-ins of their own.

The vendor's own account is its first owner and is not a member. A member's log-in acts as the
vendor: it sees the vendor's conversations, RFIs and matches, and what it sends is the vendor's.
Owners may also change the profile, the documents and the team.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.errors import Code, ParleyError

MAX_MEMBERS = 50


class MemberRole(StrEnum):
    """What a member may do for the vendor: an agent talks and quotes, an owner everything."""

    OWNER = "owner"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Member:
    """A person who acts for a vendor; `id` is the id of the person's account.

    `slot` is unique among the vendor's members, from 1 to `MAX_MEMBERS`. `assigned_at` is when a
    conversation was last assigned to the member.
    """

    id: str
    vendor_id: str
    role: MemberRole
    email: str
    slot: int
    invited_by: str
    invited_at: datetime
    assigned_at: datetime | None = None

    def may(self, least: MemberRole) -> bool:
        """Whether the member may do what needs at least this role."""
        return self.role is MemberRole.OWNER or least is MemberRole.AGENT


@dataclass(frozen=True, slots=True)
class Assignment:
    """The member, or the vendor's own account, that a conversation is assigned to.

    `id` is the conversation's. The team alone sees it.
    """

    id: str
    vendor_id: str
    account_id: str
    assigned_by: str
    at: datetime


def free_slot(taken: Collection[int]) -> int:
    """The first free slot of a team.

    Raises:
        ParleyError: `at_capacity`.
    """
    slot = next((number for number in range(1, MAX_MEMBERS + 1) if number not in taken), None)
    if slot is None:
        raise ParleyError(Code.AT_CAPACITY, f"A team has at most {MAX_MEMBERS} members.")
    return slot
