"""The fast path to connected apps, its rooms, and who is connected."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class SignalName(StrEnum):
    """What processes signal to gateways.

    access         to `account:<id>`       the account's permissions have changed
    session_ended  to `account:<id>`       the log-in session `session_id` has ended
    activity       to `conversation:<id>`  a person became active, or is no longer active
    head           to a numbered room      the room's highest number, in `position`
    """

    ACCESS = "access"
    SESSION_ENDED = "session_ended"
    ACTIVITY = "activity"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A push to the members of a room.

    `position` is the entry's sequence or the RFI's revision, if the push has one; a gateway that
    misses a number reads it from the store. A push without a position is ephemeral. `traceparent`
    is the trace context of what caused the push, if that is recorded.
    """

    room: str
    name: str
    data: dict[str, Any]
    position: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal to the gateways with members in a room; it never reaches an app."""

    room: str
    name: SignalName
    data: dict[str, Any] = field(default_factory=dict)
    position: int | None = None


class Live(Protocol):
    """The fast path to connected apps: a hint, never the truth. Neither call blocks or fails."""

    def announce(self, announcement: Announcement) -> None:
        """Queue a push for publishing. A lost push is noticed by its number.

        Without a trace context of its own it gets that of the current span.
        """

    def signal(self, signal: Signal) -> None:
        """Queue a signal for publishing. Gateways recover from a lost signal on their own."""


class PresenceStore(Protocol):
    """Who is connected; the records of a crashed gateway expire."""

    async def connected(self, *account_ids: str) -> None:
        """Record that apps of these accounts are connected here; repeat every few seconds."""

    async def disconnected(self, account_id: str) -> None:
        """Record that no app of the account is connected to this process any more."""

    async def is_connected(self, account_id: str) -> bool:
        """Whether an app of the account is connected to any process."""

    async def connected_among(self, account_ids: Collection[str]) -> frozenset[str]:
        """Those of these accounts that have an app connected to any process."""

    async def active(self, *account_ids: str) -> None:
        """Record that these people are active here; repeat every few seconds."""

    async def inactive(self, *account_ids: str) -> None:
        """Record that these people are no longer active here."""

    async def active_at(self, account_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The processes where these people are active; omits people who are active nowhere."""


def conversation_room(conversation_id: str) -> str:
    """The room of a conversation's participants."""
    return f"conversation:{conversation_id}"


def rfi_room(rfi_id: str) -> str:
    """The room of an RFI's followers."""
    return f"rfi:{rfi_id}"


def account_room(account_id: str) -> str:
    """The room of one person's connections."""
    return f"account:{account_id}"
