"""What the record of a run must be like, whatever was killed meanwhile.

`violations` is a function of the history alone.  Each rule names itself, the conversation and the
numbers, and none stops at the first that is wrong: a run under faults is not easily had again.

    durable      acknowledged is stored, as acknowledged                               P1
    one order    sequences dense from 1; what anybody saw is what is stored            P2
    sending      an app's messages stand in the order in which they first went out      P2
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

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

from tests.chaos.delivery import caught_up, holes, snapshots, streams, views
from tests.chaos.history import Acknowledged, Entry, Event, Pushed, Refused
from tests.chaos.record import Connections, Conversation, Violation, sorted_out

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
            ("sending", _order_of_sending(conversation, connections)),
            ("once", _once(conversation)),
            ("phantom", _phantoms(conversation)),
            ("current", _current(conversation)),
            ("snapshot", snapshots(conversation)),
            ("stream", streams(conversation)),
            ("view", views(conversation, connections)),
            ("caught up", caught_up(conversation, connections)),
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
        yield f"stored sequences are not dense from 1: {holes(numbers)}"
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


def _order_of_sending(conversation: Conversation, connections: Connections) -> Iterator[str]:
    """Of each app by itself.  A message that was refused lost its place: it stands where its resend
    came in."""
    refused = {each.content for each in conversation.refused}
    place = {each.content: each.sequence for each in conversation.stored}
    latest: dict[str, tuple[int, str | None]] = {}
    for content, sent in conversation.first_sent().items():
        if content.kind != "message" or content in refused or content not in place:
            continue
        app = connections.app(sent.connection)
        before = latest.get(app)
        if before is not None and place[content] < before[0]:
            yield (
                f"{content.client_message_id} went out after {before[1]}, but stands at "
                f"{place[content]}, before {before[0]}"
            )
        else:
            latest[app] = (place[content], content.client_message_id)


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


def _answered(conversation: Conversation, connections: Connections) -> Iterator[str]:
    outcomes: list[Acknowledged | Refused] = [*conversation.acknowledged, *conversation.refused]
    answers: dict[tuple[str, object], deque[float]] = defaultdict(deque)
    for each in sorted(outcomes, key=lambda each: each.at):
        answers[each.connection, _content(each)].append(each.at)
    for sent in conversation.sent:
        told_at = answers[sent.connection, sent.content]
        answered_at = told_at.popleft() if told_at else None
        ended = connections.ended.get(sent.connection)
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
