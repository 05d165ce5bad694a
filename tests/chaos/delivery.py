"""What an app got, connection by connection: the checker's rules about snapshots and pushes."""

import itertools
from collections.abc import Iterable, Iterator

from tests.chaos.history import Entry, Fetched, Joined, Pushed
from tests.chaos.record import Connections, Conversation, by_connection


def snapshots(conversation: Conversation) -> Iterator[str]:
    """The entries of a join or a page begin after the requested sequence, and have no gap."""
    for shown in conversation.seen:
        if isinstance(shown, Pushed):
            continue
        numbers = [entry.sequence for entry in shown.entries]
        last = shown.after + len(numbers)
        who = f"{shown.connection} asked behind {shown.after}"
        if numbers != list(range(shown.after + 1, last + 1)):
            yield f"{who} and got {gaps(numbers)}"
        elif shown.has_more != (last < shown.head):
            yield f"{who}, got up to {last} of {shown.head}, has_more {shown.has_more}"


def streams(conversation: Conversation) -> Iterator[str]:
    """On each connection, pushes begin after the join and continue one by one."""
    for connection, came in by_connection(conversation.seen).items():
        position: int | None = None
        for event in came:
            if isinstance(event, Joined):
                if position is not None and event.head < position:
                    yield f"{connection} joined at {event.head} and had {position} before"
                position = event.head
            elif isinstance(event, Pushed):
                number = event.entry.sequence
                if position is None:
                    yield f"{connection} was pushed {number} before its join was answered"
                elif number <= position:
                    yield f"{connection} was pushed {number} when it had {position}"
                elif number > position + 1:
                    yield f"{connection} was pushed {number} when {position + 1} was next"
                position = max(position or 0, number)


def views(conversation: Conversation, connections: Connections) -> Iterator[str]:
    """An app's view over all its connections has no gap and no repetition, and reaches the end.

    An app joins after its last sequence; pushes wait while it still reads pages up to the head.
    """
    apps: dict[str, _View] = {}
    for event in conversation.seen:
        app = connections.app(event.connection)
        view = apps.setdefault(app, _View())
        yield from (f"{app} {what}" for what in view.take(event))
    last = len(conversation.stored)
    for app, view in apps.items():
        if view.last < last:
            yield f"{app} has {view.last} of {last}"


class _View:
    """The entries that an app has put together."""

    def __init__(self) -> None:
        self.last = 0
        self._connection = ""
        self._head = 0
        self._aside: list[Entry] = []

    def take(self, event: Pushed | Joined | Fetched) -> Iterator[str]:
        if isinstance(event, Joined):
            self._connection, self._head, self._aside = event.connection, event.head, []
        if event.connection != self._connection:
            return  # late events of a connection that the app has left
        if isinstance(event, Pushed):
            self._aside.append(event.entry)
        else:
            yield from self._put(event.entries)
        if self.last >= self._head:
            aside, self._aside = self._aside, []
            yield from self._put(aside)

    def _put(self, entries: Iterable[Entry]) -> Iterator[str]:
        for entry in entries:
            if entry.sequence <= self.last:
                yield f"got {entry.sequence} again, having {self.last}"
            elif entry.sequence > self.last + 1:
                yield f"missed {self.last + 1} to {entry.sequence - 1}"
            self.last = max(self.last, entry.sequence)


def caught_up(conversation: Conversation, connections: Connections) -> Iterator[str]:
    """An app that was still connected at the end had got every push."""
    last = len(conversation.stored)
    for connection, came in by_connection(conversation.seen).items():
        positions = [
            event.entry.sequence if isinstance(event, Pushed) else event.head
            for event in came
            if isinstance(event, Pushed | Joined)
        ]
        is_joined = any(isinstance(event, Joined) for event in came)
        if is_joined and connections.is_open_at_rest(connection) and max(positions) < last:
            yield f"{connection} stayed and was told up to {max(positions)} of {last}"


def gaps(numbers: list[int]) -> str:
    """Describe where numbers do not continue by one, briefly."""
    steps = itertools.pairwise(numbers)
    breaks = [f"{one} then {two}" for one, two in steps if two != one + 1]
    ends = f"from {numbers[0]} to {numbers[-1]}" if numbers else "none"
    return f"{ends}, {'; '.join(breaks[:5]) or 'no gap'}"
