"""The inbox: an account's conversations, the one with the newest entry first.

Every entry counts, an edit or a deletion too. So a conversation's place, its last entry and whether
it is archived follow from its head alone, and a list is compared with the truth by one key of an
index for each conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from marketplace.domain.conversations import Conversation, Entry, EntryKind, Participant
from marketplace.domain.rfis import RfiState

PREVIEW_CHARACTERS = 120
# Of a longer body the rest is not looked at.
PREVIEWED_CHARACTERS = 4 * PREVIEW_CHARACTERS
_FLOOR = "~"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class InboxState(StrEnum):
    """Which conversations a list has. `any` has both others."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class LastEntry:
    """The newest entry of a conversation, as a list shows it.

    `preview` is the beginning of what was written, on one line: nothing for a deletion or a notice,
    and for a message that has only attachments.
    A notice has a `code` and no sender: it must not reveal who blocked a conversation.
    """

    sequence: int
    kind: EntryKind
    at: datetime
    sender_id: str | None = None
    preview: str = ""
    attachment_count: int = 0
    code: str | None = None


@dataclass(frozen=True, slots=True)
class RfiLine:
    """The part of an RFI that a list of conversations shows."""

    id: str
    title: str
    state: RfiState


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A conversation in the list of one participant; `rfi` is None if the RFI does not exist."""

    conversation: Conversation
    account_id: str
    active_at: datetime
    read_sequence: int
    unread: int
    last_entry: LastEntry | None
    is_muted: bool
    is_archived: bool
    rfi: RfiLine | None

    @property
    def head(self) -> int:
        """The conversation's highest sequence."""
        return self.last_entry.sequence if self.last_entry is not None else 0

    @property
    def place(self) -> "Place":
        """Where the conversation stands in the list."""
        return Place(self.active_at, self.conversation.id)

    @property
    def other(self) -> Participant:
        """The other side."""
        return self.conversation.others(self.account_id)[0]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the order of activity: a list is read from the greatest to the least."""

    at: datetime
    conversation_id: str

    def written(self) -> str:
        """The place as the position of a cursor."""
        return f"{(self.at - _EPOCH) // _MILLISECOND}.{self.conversation_id}"

    @staticmethod
    def parsed(position: str) -> "Place":
        """The place in a position that `written` returned."""
        milliseconds, _, conversation_id = position.partition(".")
        return Place(_EPOCH + int(milliseconds) * _MILLISECOND, conversation_id)


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """Which conversations of an account to list, and from which place on.

    `is_unread` None lists both kinds. `text` is searched in the other side's name and in the RFI's
    title, whatever its case. Conversations below `floor` were not examined for the first page, so
    they are at the places that were noted for them: above it they would be on no page.
    """

    account_id: str
    limit: int = 50
    state: InboxState = InboxState.ACTIVE
    is_unread: bool | None = None
    text: str | None = None
    before: Place | None = None
    floor: Place | None = None

    def continued(self, position: str) -> "InboxQuery":
        """The query for the next page, from what `position_after` returned for the last one."""
        before, _, floor = position.partition(_FLOOR)
        return replace(
            self, before=Place.parsed(before), floor=Place.parsed(floor) if floor else None
        )

    def position_after(self, place: Place) -> str:
        """The position of a cursor that continues after a place."""
        return place.written() + (_FLOOR + self.floor.written() if self.floor is not None else "")

    def admits(self, row: InboxRow) -> bool:
        """Whether the list has this row, apart from `is_unread` and `text`."""
        if self.before is not None and row.place >= self.before:
            return False
        return self.state is InboxState.ANY or row.is_archived == (
            self.state is InboxState.ARCHIVED
        )

    def admits_unread(self, row: InboxRow) -> bool:
        """Whether the list has this row, as far as `is_unread` says."""
        return self.is_unread is None or self.is_unread == (row.unread > 0)


def last_entry(entry: Entry) -> LastEntry:
    """An entry as the last one of its conversation."""
    return LastEntry(
        sequence=entry.sequence,
        kind=entry.kind,
        at=entry.at,
        sender_id=None if entry.kind is EntryKind.NOTICE else entry.sender_id,
        preview=preview(entry.body),
        attachment_count=len(entry.attachments),
        code=entry.code,
    )


def preview(body: str | None) -> str:
    """The beginning of a text on one line, at most 120 characters."""
    line = " ".join((body or "")[:PREVIEWED_CHARACTERS].split())
    if len(line) <= PREVIEW_CHARACTERS:
        return line
    return line[: PREVIEW_CHARACTERS - 1].rstrip() + "…"


def is_archived(archived_sequence: int | None, head: int) -> bool:
    """Whether a conversation is archived: its next entry ends that, with no further write."""
    return archived_sequence is not None and archived_sequence >= head


def newest_first(rows: Sequence[InboxRow]) -> list[InboxRow]:
    """The rows in the order of the list."""
    return sorted(rows, key=lambda row: row.place, reverse=True)
