"""The rules for the record of a run, whatever was killed meanwhile.

`violations` is a function of the history alone. Each violation names its rule, the conversation and
the numbers. No rule stops at its first violation, because a run under faults is hard to repeat.

    durable      an acknowledged entry is stored, as acknowledged                      P1
    one order    sequences are dense from 1; everybody saw what is stored              P2
    sending      an app's messages are stored in the order of their first sending      P2
    once         it is stored once, and each resend got the first answer               P3
    phantom      it is stored or was seen, but was never sent                          P2
    current      a join or a page includes all that anybody had seen before it         P1, P4
    snapshot     its entries begin after `after` and have no gap                       P4
    stream       pushes begin after the snapshot, each once, without a gap             P5
    view         an app's view over all its connections is what is stored              P4, P5
    caught up    an app that stayed connected got every push                           P6
    answered     every call is answered, if its connection stays open
    refused      only temporarily, never for an internal error; or an edit of a deleted message
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

from tests.chaos.delivery import caught_up, gaps, snapshots, streams, views
from tests.chaos.history import Acknowledged, Entry, Event, Pushed, Refused
from tests.chaos.record import Connections, Conversation, Violation, sorted_out

# A gateway gives a call 20 s; the rest is for a machine on which servers are being killed.
ANSWERED_WITHIN_S = 30.0


def violations(events: Iterable[Event]) -> list[Violation]:
    """Find everything that breaks a promise in a history of conversations."""
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
    for answer in conversation.acknowledged:
        kept = stored.get(answer.entry.sequence)
        if kept != answer.entry:
            yield f"acknowledged {_told(answer.entry)}, but stored is {_told(kept)}"


def _one_order(conversation: Conversation) -> Iterator[str]:
    if not conversation.reads:
        yield "nobody read it in the end"
        return
    numbers = [entry.sequence for entry in conversation.stored]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"stored sequences are not dense from 1: {gaps(numbers)}"
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
    """Check the order of each app separately.

    A refused message lost its place: it is stored where its resend arrived.
    """
    refused = {refusal.content for refusal in conversation.refused}
    place = {entry.content: entry.sequence for entry in conversation.stored}
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
        (entry.content.sender_id, entry.content.client_message_id)
        for entry in conversation.stored
        if entry.content.kind == "message"
    )
    yield from (f"{key[1]} of {key[0]} is stored {n} times" for key, n in ids.items() if n > 1)
    tries = Counter(sending.content for sending in conversation.sent)
    kept = Counter(entry.content for entry in conversation.stored)
    for content, count in kept.items():
        if content.kind in {"edit", "deletion"} and count > tries[content] > 0:
            yield f"{content} was asked for {tries[content]} times and stored {count} times"
    answers: dict[object, set[tuple[int, str | None]]] = defaultdict(set)
    for answer in conversation.acknowledged:
        if answer.entry.content.kind == "message":
            answers[answer.entry.content].add((answer.entry.sequence, answer.entry.id))
    for content_, answers_of_one in answers.items():
        if len(answers_of_one) > 1:
            yield f"{content_} was acknowledged in {len(answers_of_one)} ways: {sorted(answers_of_one, key=str)}"


def _phantoms(conversation: Conversation) -> Iterator[str]:
    sent = {sending.content for sending in conversation.sent}
    stored = set(conversation.stored)
    for entry in conversation.stored:
        if entry.content.kind != "notice" and entry.content not in sent:
            yield f"stored, but never sent: {_told(entry)}"
    gone = {entry: who for who, entry in conversation.entries() if entry not in stored}
    yield from (f"{who}, but not stored: {_told(entry)}" for entry, who in gone.items())


def _current(conversation: Conversation) -> Iterator[str]:
    for shown in [*conversation.seen, *conversation.reads]:
        if isinstance(shown, Pushed):
            continue
        known = conversation.known_by(shown.asked_at)
        if shown.head < known:
            who = f"{type(shown).__name__} at {shown.at:.3f}"
            yield f"{who} shows head {shown.head}, when {known} had been told already"


def _answered(conversation: Conversation, connections: Connections) -> Iterator[str]:
    outcomes: list[Acknowledged | Refused] = [*conversation.acknowledged, *conversation.refused]
    answers: dict[tuple[str, object], deque[float]] = defaultdict(deque)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.at):
        answers[outcome.connection, _content(outcome)].append(outcome.at)
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
    for refusal in conversation.refused:
        if _was_deleted_first(conversation, refusal):
            continue
        if not refusal.is_temporary or refusal.code == "internal":
            yield f"{refusal.code} for {refusal.content}"


def _was_deleted_first(conversation: Conversation, refusal: Refused) -> bool:
    """Whether an edit was refused because the app deleted the message while the edit was in flight.

    The two calls are concurrent: an edit that waits for MongoDB may be overtaken.
    """
    return (refusal.code, refusal.content.kind) == ("wrong_state", "edit") and any(
        sent.content.kind == "deletion"
        and sent.content.message_id == refusal.content.message_id
        and sent.at < refusal.at
        for sent in conversation.sent
    )


def _content(answer: Acknowledged | Refused) -> object:
    return answer.entry.content if isinstance(answer, Acknowledged) else answer.content


def _told(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    content = entry.content
    name = content.client_message_id or content.message_id or content.body
    return f"{entry.sequence} ({content.kind} {name}, id {entry.id})"
