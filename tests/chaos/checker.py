"""What the record of a run must be like, whatever was killed meanwhile.

`violations` is a function of the history alone.  Each rule names itself, the conversation and the
numbers, and none stops at the first that is wrong: a run under faults is not easily had again.

    durable      acknowledged is stored, as acknowledged                               P1
    one order    sequences dense from 1; what anybody saw is what is stored            P2
    sending      a sender's messages stand in the order in which they first went out   P2
    once         stored once, and each resend got the first answer                     P3
    phantom      stored or seen, but never sent                                        P2
    current      a join or a page shows what anybody had been told before it           P1, P4
    snapshot     its entries begin behind `after` and have no hole                     P4
    stream       pushes begin behind the snapshot, each once, without a hole           P5
    view         what an app put together over all its connections is what is stored   P4, P5
    caught up    whoever stayed connected was pushed everything                        P6
    answered     every call is answered, on a connection that stands
    refused      only for now, and never by a fault of the gateway's
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.chaos.history import Acknowledged, Entry, Event, Fetched, Joined, Pushed, Refused
from tests.chaos.record import Connections, Conversation, Violation, by_connection, sorted_out

# A gateway gives a call 20 s; the rest is for a machine on which servers are being killed.
ANSWERED_WITHIN_S = 30.0


def violations(events: Iterable[Event]) -> list[Violation]:
    """All that is not as promised in a history of conversations."""
    connections, conversations = sorted_out(events)
    return [
        Violation(rule, conversation.id, what)
        for conversation in conversations
        for rule, found in (
            ("durable", _durable(conversation)),
            ("one order", _one_order(conversation)),
            ("sending", _order_of_sending(conversation)),
            ("once", _once(conversation)),
            ("phantom", _phantoms(conversation)),
            ("current", _current(conversation)),
            ("snapshot", _snapshots(conversation)),
            ("stream", _streams(conversation)),
            ("view", _views(conversation, connections)),
            ("caught up", _caught_up(conversation, connections)),
            ("answered", _answered(conversation, connections)),
            ("refused", _refused(conversation)),
        )
        for what in found
    ]


def _durable(conversation: Conversation) -> Iterator[str]:
    stored = conversation.by_sequence()
    for each in conversation.acknowledged:
        kept = stored.get(each.entry.sequence)
        if kept != each.entry:
            yield f"acknowledged {_told(each.entry)}, but stored is {_told(kept)}"


def _one_order(conversation: Conversation) -> Iterator[str]:
    if not conversation.reads:
        yield "nobody read it in the end"
        return
    numbers = [each.sequence for each in conversation.stored]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"stored sequences are not dense from 1: {_holes(numbers)}"
    for read in conversation.reads:
        if read.entries != conversation.stored or read.head != len(numbers):
            yield (
                f"{read.account_id} read {len(read.entries)} entries by {read.by}, head "
                f"{read.head}; stored are {len(numbers)}"
            )
    stored = conversation.by_sequence()
    for who, entry in conversation.entries():
        kept = stored.get(entry.sequence)
        if kept is not None and kept != entry:
            yield f"{who}: {_told(entry)}, but stored is {_told(kept)}"


def _order_of_sending(conversation: Conversation) -> Iterator[str]:
    """A message that was refused lost its place: it stands where its resend came in."""
    refused = {each.content for each in conversation.refused}
    place = {each.content: each.sequence for each in conversation.stored}
    latest: dict[str | None, tuple[int, str | None]] = {}
    for content in conversation.first_sent():
        if content.kind != "message" or content in refused or content not in place:
            continue
        before = latest.get(content.sender_id)
        if before is not None and place[content] < before[0]:
            yield (
                f"{content.client_message_id} went out after {before[1]}, but stands at "
                f"{place[content]}, before {before[0]}"
            )
        else:
            latest[content.sender_id] = (place[content], content.client_message_id)


def _once(conversation: Conversation) -> Iterator[str]:
    ids = Counter(
        (each.content.sender_id, each.content.client_message_id)
        for each in conversation.stored
        if each.content.kind == "message"
    )
    yield from (f"{key[1]} of {key[0]} is stored {n} times" for key, n in ids.items() if n > 1)
    tries = Counter(each.content for each in conversation.sent)
    kept = Counter(each.content for each in conversation.stored)
    for content, count in kept.items():
        if content.kind in {"edit", "deletion"} and count > tries[content] > 0:
            yield f"{content} was asked for {tries[content]} times and stored {count} times"
    answers: dict[object, set[tuple[int, str | None]]] = defaultdict(set)
    for each in conversation.acknowledged:
        if each.entry.content.kind == "message":
            answers[each.entry.content].add((each.entry.sequence, each.entry.id))
    for content_, told in answers.items():
        if len(told) > 1:
            yield f"{content_} was acknowledged in {len(told)} ways: {sorted(told, key=str)}"


def _phantoms(conversation: Conversation) -> Iterator[str]:
    sent = {each.content for each in conversation.sent}
    stored = set(conversation.stored)
    for each in conversation.stored:
        if each.content.kind != "notice" and each.content not in sent:
            yield f"stored, but never sent: {_told(each)}"
    gone = {entry: who for who, entry in conversation.entries() if entry not in stored}
    yield from (f"{who}, but not stored: {_told(each)}" for each, who in gone.items())


def _current(conversation: Conversation) -> Iterator[str]:
    for each in [*conversation.seen, *conversation.reads]:
        if isinstance(each, Pushed):
            continue
        known = conversation.known_by(each.asked_at)
        if each.head < known:
            who = f"{type(each).__name__} at {each.at:.3f}"
            yield f"{who} shows head {each.head}, when {known} had been told already"


def _snapshots(conversation: Conversation) -> Iterator[str]:
    for each in conversation.seen:
        if isinstance(each, Pushed):
            continue
        numbers = [entry.sequence for entry in each.entries]
        last = each.after + len(numbers)
        who = f"{each.connection} asked behind {each.after}"
        if numbers != list(range(each.after + 1, last + 1)):
            yield f"{who} and got {_holes(numbers)}"
        elif each.has_more != (last < each.head):
            yield f"{who}, got up to {last} of {each.head}, has_more {each.has_more}"


def _streams(conversation: Conversation) -> Iterator[str]:
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


def _views(conversation: Conversation, connections: Connections) -> Iterator[str]:
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


def _caught_up(conversation: Conversation, connections: Connections) -> Iterator[str]:
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


def _answered(conversation: Conversation, connections: Connections) -> Iterator[str]:
    outcomes: list[Acknowledged | Refused] = [*conversation.acknowledged, *conversation.refused]
    answers = {(each.connection, _content(each)): each.at for each in outcomes}
    for sent in conversation.sent:
        answered_at = answers.get((sent.connection, sent.content))
        answered_at = answers.get((sent.connection, sent.content))
        ended = connections.ended.get(sent.connection)
        ended = connections.ended.get(sent.connection)
        until = answered_at or (ended.at if ended else connections.at_rest_at)
        until = answered_at or (ended.at if ended else connections.at_rest_at)
        if until is not None and until - sent.at > ANSWERED_WITHIN_S:
            how = "answered" if answered_at else "not answered"
            yield f"{sent.content} on {sent.connection} was {how} for {until - sent.at:.0f} s"
        elif answered_at is None and connections.is_open_at_rest(sent.connection):
            yield f"{sent.content} was never answered on {sent.connection}"


def _refused(conversation: Conversation) -> Iterator[str]:
    for each in conversation.refused:
        if not each.is_temporary or each.code == "internal":
            yield f"{each.code} for {each.content}"


def _content(answer: Acknowledged | Refused) -> object:
    return answer.entry.content if isinstance(answer, Acknowledged) else answer.content


def _told(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    content = entry.content
    name = content.client_message_id or content.message_id or content.body
    return f"{entry.sequence} ({content.kind} {name}, id {entry.id})"


def _holes(numbers: list[int]) -> str:
    """Where numbers do not go on by one, shortly."""
    steps = itertools.pairwise(numbers)
    breaks = [f"{one} then {two}" for one, two in steps if two != one + 1]
    ends = f"from {numbers[0]} to {numbers[-1]}" if numbers else "none"
    return f"{ends}, {'; '.join(breaks[:5]) or 'no hole'}"
