"""The checker finds what it has to find: each planted fault, and nothing in a clean record."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import violations
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
    Pushed,
    ReadAll,
    Refused,
    Sent,
)

TALK = "talk-1"
# Carla and Vic write entries 2 to 7 in turns; 1 is a notice, 5 an edit.
KEPT = (
    Entry(1, None, Content("notice", body="participant_joined")),
    Entry(2, "id-2", Content("message", "carla", "c-1", body="Hello")),
    Entry(3, "id-3", Content("message", "vic", "v-1", body="Hello, Carla")),
    Entry(4, "id-4", Content("message", "carla", "c-2", body="Could you come?")),
    Entry(5, None, Content("edit", "carla", message_id="id-2", body="Hello, Vic")),
    Entry(6, "id-6", Content("message", "carla", "c-3", body="Today?")),
    Entry(7, "id-7", Content("message", "vic", "v-2", body="At five")),
)
BY = {"carla": "realtime-1.carla", "vic": "realtime-2.vic"}


def a_record() -> list[Event]:
    """Both join at 1, write, and get all answers and pushes; Vic reconnects once, after 4."""
    record: list[Event] = []
    for app, connection in BY.items():
        record.append(Connected(0.0, connection, app, app, connection.partition(".")[0]))
        record.append(Joined(0.2, connection, TALK, 0.1, 0, 1, False, KEPT[:1]))
    for at, entry in enumerate(KEPT[1:4], start=1):
        record += written(at, entry, ["carla", "vic"])
    record.append(Ended(4.5, BY["vic"], "lost its network"))
    for at, entry in enumerate(KEPT[4:6], start=5):
        record += written(at, entry, ["carla"])
    again = "realtime-1.vic"
    record.append(Connected(6.6, again, "vic", "vic", "realtime-1"))
    record.append(Joined(6.9, again, TALK, 6.7, 4, 6, True, KEPT[4:5]))
    record += written(7, KEPT[6], ["carla", "vic"], {**BY, "vic": again})
    record.append(Fetched(7.9, again, TALK, 7.8, 5, 7, True, KEPT[5:6]))
    record.append(AtRest(9.0))
    return record + [
        ReadAll(10.0, TALK, account, "REST", 9.5, 7, KEPT) for account in ("carla", "vic")
    ]


def written(
    at: float, entry: Entry, readers: list[str], by: dict[str, str] | None = None
) -> list[Event]:
    """An entry is sent, acknowledged, and pushed to these readers."""
    by = by or BY
    connection = by[str(entry.content.sender_id)]
    return [
        Sent(at, connection, TALK, entry.content),
        Acknowledged(at + 0.3, connection, TALK, entry),
        *(Pushed(at + 0.2, by[reader], TALK, entry) for reader in readers),
    ]


def violations_of(record: list[Event]) -> list[str]:
    """The violations, each in one line."""
    return [str(violation) for violation in violations(record)]


def test_a_clean_record_has_no_violations() -> None:
    """Edits, a lost connection, pages and pushes between them: all as promised."""
    assert violations_of(a_record()) == []


def test_a_message_without_an_answer_may_be_stored_or_not() -> None:
    """If the connection ended before an answer, the message may be stored or not."""
    connection = BY["vic"]
    lost = Sent(4.4, connection, TALK, Content("message", "vic", "v-9", body="?"))
    kept = Sent(4.4, connection, TALK, Content("message", "vic", "v-10", body="!"))
    stored = with_stored(*KEPT, Entry(8, "id-8", kept.content))

    assert violations_of([*a_record()[:-3], lost, *a_record()[-3:]]) == []
    found = violations_of(stored([*a_record()[:-3], kept, *a_record()[-3:]]))
    assert all(line.startswith(("view", "caught up")) for line in found), found  # not pushed here


def test_a_resend_to_another_gateway_may_get_the_same_answer() -> None:
    """Two gateways may acknowledge the same message, with the same sequence."""
    second = "realtime-2.carla"
    resent = [
        Connected(1.0, second, "carla's second", "carla", "realtime-2"),
        Sent(1.1, second, TALK, KEPT[1].content),
        Acknowledged(1.6, second, TALK, KEPT[1]),
    ]

    assert violations_of([*a_record()[:6], *resent, *a_record()[6:]]) == []


def the(kind: type[Event], number: int) -> Callable[[list[Event]], int]:
    """Find the index of the n-th event of a kind, from 0."""

    def find(record: list[Event]) -> int:
        return [at for at, event in enumerate(record) if isinstance(event, kind)][number]

    return find


def without(
    find: Callable[[list[Event]], int],
) -> Callable[[list[Event]], list[Event]]:
    """Remove one event from the record."""

    def change(record: list[Event]) -> list[Event]:
        at = find(record)
        return record[:at] + record[at + 1 :]

    return change


def with_other(
    find: Callable[[list[Event]], int], **fields: object
) -> Callable[[list[Event]], list[Event]]:
    """Change one event of the record."""

    def change(record: list[Event]) -> list[Event]:
        at = find(record)
        return [*record[:at], replace(record[at], **fields), *record[at + 1 :]]  # type: ignore[arg-type] # fields of its own

    return change


def with_more(
    event: Event, behind: Callable[[list[Event]], int]
) -> Callable[[list[Event]], list[Event]]:
    """Add one event to the record."""

    def change(record: list[Event]) -> list[Event]:
        at = behind(record)
        return [*record[: at + 1], event, *record[at + 1 :]]

    return change


def with_stored(*kept: Entry) -> Callable[[list[Event]], list[Event]]:
    """Replace what was read in the end."""

    def change(record: list[Event]) -> list[Event]:
        return [
            replace(event, entries=kept, head=kept[-1].sequence)
            if isinstance(event, ReadAll)
            else event
            for event in record
        ]

    return change


def at(entry: Entry, sequence: int, id: str | None = None) -> Entry:  # noqa: A002 # the field's name
    """The entry with another sequence."""
    return replace(entry, sequence=sequence, id=id or entry.id)


SWAPPED = (*KEPT[:3], at(KEPT[5], 4), KEPT[4], at(KEPT[3], 6), KEPT[6])
TWICE = (*KEPT, at(KEPT[1], 8, "id-8"))
INVENTED = (*KEPT, Entry(8, "id-8", Content("message", "vic", "v-8", body="Not said")))
REFUSED = Refused(1.4, BY["carla"], TALK, KEPT[1].content, "internal", is_temporary=True)
ONCE_MORE = Pushed(8.5, BY["carla"], TALK, KEPT[6])


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        (with_stored(*KEPT[:6]), "durable: talk-1: acknowledged 7 (message v-2, id id-7), but stored is nothing"),
        (with_stored(*KEPT[:2], at(KEPT[2], 3, "id-9"), *KEPT[3:]), "durable: talk-1: acknowledged 3"),
        (with_stored(*KEPT[:2], *KEPT[3:]), "one order: talk-1: stored sequences are not dense from 1: from 1 to 7, 2 then 4"),
        (with_other(the(ReadAll, 1), entries=KEPT[:5], head=5), "one order: talk-1: vic read 5 entries by REST, head 5; stored are 7"),
        (lambda record: record[:-2], "one order: talk-1: nobody read it in the end"),
        (with_other(the(Pushed, 2), entry=at(KEPT[3], 3)), "one order: talk-1: pushed by realtime-1.carla: 3 (message c-2"),
        (with_stored(*SWAPPED), "sending: talk-1: c-3 went out after c-2, but stands at 4, before 6"),
        (with_stored(*TWICE), "once: talk-1: c-1 of carla is stored 2 times"),
        (with_stored(*KEPT, at(KEPT[4], 8)), "was asked for 1 times and stored 2 times"),
        (with_more(Acknowledged(8.0, BY["carla"], TALK, at(KEPT[1], 8)), the(Acknowledged, 5)), "was acknowledged in 2 ways"),
        (with_stored(*INVENTED), "phantom: talk-1: stored, but never sent: 8 (message v-8, id id-8)"),
        (with_more(Pushed(8.5, BY["carla"], TALK, INVENTED[7]), the(Pushed, 8)), "phantom: talk-1: pushed by realtime-1.carla, but not stored: 8"),
        (with_other(the(Joined, 2), head=4, has_more=False, entries=()), "current: talk-1: Joined at 6.900 shows head 4, when 6 had been told already"),
        (with_other(the(Fetched, 0), entries=KEPT[6:7]), "snapshot: talk-1: realtime-1.vic asked behind 5 and got from 7 to 7"),
        (with_other(the(Fetched, 0), has_more=False), "got up to 6 of 7, has_more False"),
        (without(the(Pushed, 4)), "stream: talk-1: realtime-1.carla was pushed 5 when 4 was next"),
        (with_more(ONCE_MORE, the(Pushed, 8)), "stream: talk-1: realtime-1.carla was pushed 7 when it had 7"),
        (without(the(Joined, 0)), "stream: talk-1: realtime-1.carla was pushed 2 before its join was answered"),
        (with_more(Pushed(7.0, "realtime-1.vic", TALK, KEPT[5]), the(Joined, 2)), "realtime-1.vic was pushed 6 when it had 6"),
        (with_other(the(Joined, 2), after=5, entries=KEPT[5:6]), "view: talk-1: vic missed 5 to 5"),
        (with_other(the(Joined, 2), after=3, entries=KEPT[3:5]), "view: talk-1: vic got 4 again, having 4"),
        (without(the(Fetched, 0)), "view: talk-1: vic has 5 of 7"),
        (without(the(Pushed, 8)), "caught up: talk-1: realtime-1.carla stayed and was told up to 6 of 7"),
        (without(the(Acknowledged, 5)), "was never answered on realtime-1.vic"),
        (with_other(the(Acknowledged, 0), at=40.0), "was answered for 39 s"),
        (with_more(REFUSED, the(Sent, 0)), "refused: talk-1: internal for"),
        (with_more(replace(REFUSED, code="not_found", is_temporary=False), the(Sent, 0)), "refused: talk-1: not_found for"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(
    change: Callable[[list[Event]], list[Event]], violation: str
) -> None:
    """Lost, doubled, reordered, invented, late or unanswered: each is named with its numbers."""
    found = violations_of(change(a_record()))

    assert any(violation in line for line in found), found


def test_two_devices_of_one_person_need_no_common_order() -> None:
    """Only messages that the same app sent one after the other have to keep their order."""
    swapped = with_stored(*SWAPPED)(a_record())
    second = "realtime-1.carla-2"
    swapped.insert(0, Connected(0.0, second, "carla's second", "carla", "realtime-1"))
    other = [
        replace(event, connection=second)
        if isinstance(event, Sent) and event.content == KEPT[5].content
        else event
        for event in swapped
    ]

    assert any(line.startswith("sending") for line in violations_of(swapped))
    assert not any(line.startswith("sending") for line in violations_of(other))


def test_each_attempt_has_its_own_answer() -> None:
    """A call refused temporarily and acknowledged much later was never kept waiting."""
    connection, content = BY["carla"], KEPT[1].content
    resent = [
        Refused(1.01, connection, TALK, content, "unavailable", is_temporary=True),
        Sent(40.0, connection, TALK, content),
    ]
    record = with_other(the(Acknowledged, 0), at=40.5)(a_record())
    at_rest = the(AtRest, 0)(record)
    record[at_rest] = AtRest(50.0)

    assert violations_of([*record[:at_rest], *resent, *record[at_rest:]]) == []


def test_a_refused_message_loses_its_place() -> None:
    """A message that was told to retry may be stored after messages that were sent later."""
    late = with_stored(*SWAPPED)(a_record())
    late = [
        event for event in late if not isinstance(event, Acknowledged | Pushed | Joined | Fetched)
    ]
    refused = Refused(3.4, BY["carla"], TALK, KEPT[3].content, "unavailable", is_temporary=True)

    assert any(line.startswith("sending") for line in violations_of(late))
    assert not any(line.startswith("sending") for line in violations_of([*late, refused]))


def test_an_edit_may_be_overtaken_by_a_deletion_of_its_message() -> None:
    """An edit in flight may find its message deleted; without a deletion, that is a violation."""
    connection = BY["carla"]
    edit = Content("edit", "carla", message_id="id-2", body="Too late")
    deletion = Sent(4.5, connection, TALK, Content("deletion", "carla", message_id="id-2"))
    refused = Refused(4.6, connection, TALK, edit, "wrong_state", is_temporary=False)

    def refusals(*events: Event) -> list[str]:
        found = violations_of([*a_record(), *events])
        return [line for line in found if line.startswith("refused")]

    assert refusals(Sent(4.4, connection, TALK, edit), deletion, refused) == []
    assert refusals(Sent(4.4, connection, TALK, edit), refused, replace(deletion, at=4.7)) != []
