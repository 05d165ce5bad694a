"""What an app was given, connection by connection: the checker's rules about snapshots and pushes."""

import itertools
from collections.abc import Iterable, Iterator

from tests.chaos.history import Entry, Fetched, Joined, Pushed
from tests.chaos.record import Connections, Conversation, by_connection


def snapshots(conversation: Conversation) -> Iterator[str]:
    """The entries of a join or a page begin behind what was asked for, and have no hole."""
    for each in conversation.seen:
        if isinstance(each, Pushed):
            continue
        numbers = [entry.sequence for entry in each.entries]
        last = each.after + len(numbers)
        who = f"{each.connection} asked behind {each.after}"
        if numbers != list(range(each.after + 1, last + 1)):
            yield f"{who} and got {holes(numbers)}"
        elif each.has_more != (last < each.head):
            yield f"{who}, got up to {last} of {each.head}, has_more {each.has_more}"


def streams(conversation: Conversation) -> Iterator[str]:
    """On each connection, pushes begin behind the join and go on one by one."""
    for connection, came in by_connection(conversation.seen).items():
        position: int | None = None
        for each in came:
            if isinstance(each, Joined):
                if position is not None and each.head < position:
                    yield f"{connection} joined at {each.head} and had {position} before"
                position = each.head
            elif isinstance(each, Pushed):
                number = each.entry.sequence
                if position is None:
                    yield f"{connection} was pushed {number} before its join was answered"
                elif number <= position:
                    yield f"{connection} was pushed {number} when it had {position}"
                elif number > position + 1:
                    yield f"{connection} was pushed {number} when {position + 1} was next"
                position = max(position or 0, number)


def views(conversation: Conversation, connections: Connections) -> Iterator[str]:
    """An app joins behind what it has; pushes wait while it still reads pages up to the head."""
    apps: dict[str, _View] = {}
    for each in conversation.seen:
        app = connections.app(each.connection)
        view = apps.setdefault(app, _View())
        yield from (f"{app} {what}" for what in view.take(each))
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

    def take(self, each: Pushed | Joined | Fetched) -> Iterator[str]:
        if isinstance(each, Joined):
            self._connection, self._head, self._aside = each.connection, each.head, []
        if each.connection != self._connection:
            return  # what comes late of a connection that the app has left
        if isinstance(each, Pushed):
            self._aside.append(each.entry)
        else:
            yield from self._put(each.entries)
        if self.last >= self._head:
            aside, self._aside = self._aside, []
            yield from self._put(aside)

    def _put(self, entries: Iterable[Entry]) -> Iterator[str]:
        for each in entries:
            if each.sequence <= self.last:
                yield f"got {each.sequence} again, having {self.last}"
            elif each.sequence > self.last + 1:
                yield f"missed {self.last + 1} to {each.sequence - 1}"
            self.last = max(self.last, each.sequence)


def caught_up(conversation: Conversation, connections: Connections) -> Iterator[str]:
    """Whoever was still connected had been pushed everything."""
    last = len(conversation.stored)
    for connection, came in by_connection(conversation.seen).items():
        positions = [
            each.entry.sequence if isinstance(each, Pushed) else each.head
            for each in came
            if isinstance(each, Pushed | Joined)
        ]
        is_joined = any(isinstance(each, Joined) for each in came)
        if is_joined and connections.is_open_at_rest(connection) and max(positions) < last:
            yield f"{connection} stayed and was told up to {max(positions)} of {last}"


def holes(numbers: list[int]) -> str:
    """Where numbers do not go on by one, shortly."""
    steps = itertools.pairwise(numbers)
    breaks = [f"{one} then {two}" for one, two in steps if two != one + 1]
    ends = f"from {numbers[0]} to {numbers[-1]}" if numbers else "none"
    return f"{ends}, {'; '.join(breaks[:5]) or 'no hole'}"
