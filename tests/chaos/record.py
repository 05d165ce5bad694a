"""A history sorted by conversation and by app, for the rules of the checker."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.history import (
    Acknowledged,
    AtRest,
    Connected,
    Content,
    Ended,
    Entry,
    Event,
    Fetched,
    Joined,
    OnConnection,
    Pushed,
    ReadAll,
    Refused,
    Sent,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """Which rule is broken, where, and with which numbers."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}: {self.what}"


@dataclass(slots=True)
class Connections:
    """The connections: whose they were, and when they ended."""

    opened: dict[str, Connected] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    at_rest_at: float | None = None

    def app(self, connection: str) -> str:
        """The app that a connection belonged to."""
        found = self.opened.get(connection)
        return found.app if found else connection

    def is_open_at_rest(self, connection: str) -> bool:
        """Whether it was still open when everything had come to rest."""
        ended = self.ended.get(connection)
        return self.at_rest_at is not None and (ended is None or ended.at > self.at_rest_at)


@dataclass(slots=True)
class Conversation:
    """Everything about one conversation, each kind in order of arrival."""

    id: str
    sent: list[Sent] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    seen: list[Pushed | Joined | Fetched] = field(default_factory=list)
    reads: list[ReadAll] = field(default_factory=list)
    _known_at: list[float] = field(default_factory=list)
    _known: list[int] = field(default_factory=list)

    @property
    def stored(self) -> tuple[Entry, ...]:
        """The stored entries: the longest of the last reads, which have to be equal."""
        return max((read.entries for read in self.reads), key=len, default=())

    def by_sequence(self) -> dict[int, Entry]:
        """The stored entries, by sequence."""
        return {entry.sequence: entry for entry in self.stored}

    def first_sent(self) -> dict[Content, Sent]:
        """Each content with its first sending, in that order."""
        first: dict[Content, Sent] = {}
        for sending in self.sent:
            first.setdefault(sending.content, sending)
        return first

    def known_by(self, at: float) -> int:
        """The highest sequence that anybody had seen by then."""
        index = bisect_right(self._known_at, at)
        return self._known[index - 1] if index else 0

    def know(self, at: float, sequence: int) -> None:
        """Note that somebody saw a sequence."""
        if not self._known or sequence > self._known[-1]:
            self._known_at.append(at)
            self._known.append(sequence)

    def entries(self) -> Iterable[tuple[str, Entry]]:
        """Every entry that anybody was shown, with a description of who."""
        for acknowledged in self.acknowledged:
            yield f"acknowledged to {acknowledged.connection}", acknowledged.entry
        for event in self.seen:
            shown = (event.entry,) if isinstance(event, Pushed) else event.entries
            how = type(event).__name__.lower()
            yield from ((f"{how} by {event.connection}", entry) for entry in shown)


def sorted_out(events: Iterable[Event]) -> tuple[Connections, list[Conversation]]:
    """The connections, and the conversations in the order of their first event."""
    connections = Connections()
    found: dict[str, Conversation] = {}
    for event in events:
        if isinstance(event, Connected):
            connections.opened[event.connection] = event
        elif isinstance(event, Ended):
            connections.ended.setdefault(event.connection, event)
        elif isinstance(event, AtRest):
            connections.at_rest_at = event.at
        elif isinstance(event, OnConnection | ReadAll):
            one = found.setdefault(event.conversation_id, Conversation(event.conversation_id))
            _sort_in(one, event)
    return connections, list(found.values())


def _sort_in(conversation: Conversation, event: OnConnection | ReadAll) -> None:
    match event:
        case Sent():
            conversation.sent.append(event)
        case Refused():
            conversation.refused.append(event)
        case Acknowledged():
            conversation.acknowledged.append(event)
            conversation.know(event.at, event.entry.sequence)
        case Pushed():
            conversation.seen.append(event)
            conversation.know(event.at, event.entry.sequence)
        case Joined() | Fetched():
            conversation.seen.append(event)
            conversation.know(event.at, event.head)
        case ReadAll():
            conversation.reads.append(event)


def by_connection(seen: Iterable[Pushed | Joined | Fetched]) -> dict[str, list[Event]]:
    """The events of each connection, in order."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in seen:
        found[event.connection].append(event)
    return found
