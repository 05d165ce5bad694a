"""The fast way to connected apps, the rooms it goes to, and who is connected."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class SignalName(StrEnum):
    """What processes tell gateways.

    `access` (to `account:<id>`): what the account may see or do has changed.
    `session_ended` (to `account:<id>`): the log-in `session_id` has ended.
    `activity` (to `conversation:<id>`): a person is active, or no longer.
    `head` (to a numbered room): the highest number there is, in `position`.
    """

    ACCESS = "access"
    SESSION_ENDED = "session_ended"
    ACTIVITY = "activity"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A push to the members of a room.

    `position` is the entry's sequence or the RFI's revision where the push has one; a gateway that
    misses a number reads it from the store.  Without a position a push is ephemeral.
    """

    room: str
    name: str
    data: dict[str, Any]
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Something the gateways with members in a room are to know; it never reaches an app."""

    room: str
    name: SignalName
    data: dict[str, Any] = field(default_factory=dict)
    position: int | None = None


class Live(Protocol):
    """The fast way to connected apps: a hint, never the truth.  Neither call blocks or fails."""

    def announce(self, announcement: Announcement) -> None:
        """Hand over a push for publishing.  What is lost is found by number."""

    def signal(self, signal: Signal) -> None:
        """Hand over a signal for publishing.  Gateways find out by themselves what is lost."""


class Presence(Protocol):
    """Who is connected; what a crashed gateway said fades by itself."""

    async def connected(self, *account_ids: str) -> None:
        """Say, and say again every few seconds, that apps of these accounts are connected here."""

    async def disconnected(self, account_id: str) -> None:
        """Say that this process has no app of the account any more."""

    async def is_connected(self, account_id: str) -> bool:
        """Whether any process has one."""

    async def connected_among(self, account_ids: Collection[str]) -> frozenset[str]:
        """Those of these accounts of which any process has an app."""

    async def active(self, *account_ids: str) -> None:
        """Say, and say again every few seconds, that these people do something here."""

    async def inactive(self, *account_ids: str) -> None:
        """Say that they do nothing here any more."""

    async def active_at(self, account_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The processes at which these people are active; without those who are at none."""


def conversation_room(conversation_id: str) -> str:
    """The room of a conversation's participants."""
    return f"conversation:{conversation_id}"


def rfi_room(rfi_id: str) -> str:
    """The room of those who follow an RFI."""
    return f"rfi:{rfi_id}"


def account_room(account_id: str) -> str:
    """The room of one person's connections."""
    return f"account:{account_id}"
