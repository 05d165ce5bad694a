"""What happened, as apps and readers saw it: recorded in order of arrival, with nothing removed.

Times are seconds of one monotonic clock, that of the process in which all apps run.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

E = TypeVar("E", bound="Event")

KINDS = {
    "message.sent": "message",
    "message.edited": "edit",
    "message.deleted": "deletion",
    "notice.added": "notice",
}


@dataclass(frozen=True, slots=True)
class Content:
    """The content of an entry, which its sender decided."""

    kind: str
    sender_id: str | None = None
    client_message_id: str | None = None
    message_id: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it was acknowledged, pushed or read; only a message has its own id."""

    sequence: int
    id: str | None
    content: Content


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    at: float


@dataclass(frozen=True, slots=True)
class OnConnection(Event):
    """Something that an app saw or did on one of its connections, in one conversation."""

    connection: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Sent(OnConnection):
    """A message, an edit or a deletion was sent, for the first time or again."""

    content: Content


@dataclass(frozen=True, slots=True)
class Acknowledged(OnConnection):
    """It was answered with ok."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Refused(OnConnection):
    """It was answered with an error."""

    content: Content
    code: str
    is_temporary: bool


@dataclass(frozen=True, slots=True)
class Pushed(OnConnection):
    """An entry was pushed."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Shown(OnConnection):
    """Entries after `after` were requested at `asked_at` and shown."""

    asked_at: float
    after: int
    head: int
    has_more: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Joined(Shown):
    """Shown by the answer to a join."""


@dataclass(frozen=True, slots=True)
class Fetched(Shown):
    """Shown by the answer to `fetch_entries`."""


@dataclass(frozen=True, slots=True)
class Connected(Event):
    """An app was connected; an app has a name, and one connection after the other."""

    connection: str
    app: str
    account_id: str
    gateway: str


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """A connection ended, by the client or by the server."""

    connection: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadAll(Event):
    """When everything had come to rest, a participant read the conversation, by REST or socket."""

    conversation_id: str
    account_id: str
    by: str
    asked_at: float
    head: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class AtRest(Event):
    """Nobody sends any more, and every connected app has had the time to get everything."""


@dataclass(frozen=True, slots=True)
class Revised(Event):
    """A revision of an RFI was answered with ok: these fields, as this revision."""

    rfi_id: str
    revision: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedJoined(Event):
    """`join_rfi` was answered, for the changes after `after`; None if only the RFI was requested."""

    connection: str
    app: str
    asked_at: float
    rfi_id: str
    after: int | None
    revision: int
    rfi: dict[str, Any]
    changes: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FeedPushed(Event):
    """`rfi.changed` was pushed."""

    connection: str
    app: str
    rfi_id: str
    change: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedRead(Event):
    """When everything had come to rest, the RFI and all its changes were read over REST."""

    rfi_id: str
    rfi: dict[str, Any]
    changes: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ItemsJoined(Event):
    """`join_account` was answered, for the items after `after`; None for the newest."""

    connection: str
    app: str
    asked_at: float
    account_id: str
    after: int | None
    position: int
    items: tuple[dict[str, Any], ...]
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class ItemPushed(Event):
    """An item of an account's feed was pushed."""

    connection: str
    app: str
    account_id: str
    position: int
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ItemsRead(Event):
    """When everything had come to rest, an account's whole feed was read over REST.

    Apps had time to get everything up to `settled`. What notify adds after that may be on its way.
    """

    account_id: str
    settled: int
    position: int
    items: tuple[dict[str, Any], ...]


class History:
    """The events of a run, in the order in which this process saw them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        """Record an event."""
        self.events.append(event)

    def of(self, kind: type[E]) -> Iterator[E]:
        """The events of one kind, in order."""
        return (event for event in self.events if isinstance(event, kind))

    def dump(self, path: Path) -> None:
        """Write everything as one JSON object per line, for the analysis of failures."""
        with path.open("w", encoding="utf-8") as file:
            for event in self.events:
                file.write(json.dumps({"event": type(event).__name__, **asdict(event)}) + "\n")


def now() -> float:
    """The current time of the history's clock."""
    return time.monotonic()


def entry_of(data: dict[str, Any], kind: str | None = None) -> Entry:
    """Parse an entry that an app got: acknowledged, pushed (its kind is the event's) or read."""
    kind = kind or data["kind"]
    if kind == "notice":
        notice = json.dumps([data["code"], data["data"]], sort_keys=True)
        return Entry(data["sequence"], None, Content(kind, body=notice))
    content = Content(
        kind,
        data.get("sender_id"),
        data.get("client_message_id"),
        data.get("message_id"),
        data.get("body"),
    )
    return Entry(data["sequence"], data.get("id") if kind == "message" else None, content)
