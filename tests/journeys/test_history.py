"""The history finds what it is there to find: each planted fault, and nothing in a clean record."""

from typing import Any

import pytest

from tests.journeys.history import History

Entries = list[dict[str, Any]]


def a_message(sequence: int, sender_id: str, client_message_id: str, body: str) -> dict[str, Any]:
    """A message as it is acknowledged and pushed."""
    return {
        "id": f"id-{sequence}",
        "sequence": sequence,
        "sender_id": sender_id,
        "client_message_id": client_message_id,
        "body": body,
    }


STORED: Entries = [
    {"sequence": 1, "kind": "notice", "code": "participant_joined"},
    a_message(2, "carla", "c-1", "Hello"),
    a_message(3, "vic", "v-1", "Hello, Carla"),
    a_message(4, "carla", "c-2", "Could you come?"),
    a_message(5, "carla", "c-3", "Today?"),
]


def a_history(
    stored: Entries = STORED, seen_by_vic: Entries = STORED, acknowledged: Entries = STORED
) -> list[str]:
    """The faults found when Carla and Vic wrote what STORED says, and all else was as given."""
    history = History()
    for entry in STORED[1:]:
        history.send(entry["sender_id"], entry["client_message_id"], entry["body"])
    for entry in acknowledged[1:]:
        history.acknowledge(entry["sender_id"], entry)
    for entry in stored:
        history.see("carla", entry)
    for entry in seen_by_vic:
        history.see("vic", entry)
    return history.faults(stored, ["carla", "vic"])


def test_a_clean_record_has_no_faults() -> None:
    """What is as promised is not blamed; a message not yet acknowledged may be stored or not."""
    assert a_history() == []
    assert a_history(acknowledged=STORED[:3]) == []
    assert a_history(stored=STORED[:4], seen_by_vic=STORED[:4], acknowledged=STORED[:3]) == []


def without(entries: Entries, index: int) -> Entries:
    """The entries with one left out."""
    return entries[:index] + entries[index + 1 :]


def changed(entries: Entries, index: int, **fields: object) -> Entries:
    """The entries with one changed."""
    return [*entries[:index], {**entries[index], **fields}, *entries[index + 1 :]]


SWAPPED = [STORED[0], STORED[2], STORED[1], *STORED[3:]]
TWICE = [*STORED[:3], *STORED[2:]]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"seen_by_vic": without(STORED, 2)}, "vic missed: (3,"),
        ({"seen_by_vic": STORED[:4]}, "vic missed: (5,"),
        ({"seen_by_vic": []}, "vic missed: (1,"),
        ({"seen_by_vic": TWICE}, "vic saw 2 times: (3,"),
        ({"seen_by_vic": SWAPPED}, "vic saw another order"),
        ({"seen_by_vic": changed(STORED, 3, body="?")}, "vic saw what is not stored: (4,"),
        ({"acknowledged": changed(STORED, 3, sequence=9)}, "acknowledged under another sequence"),
        ({"acknowledged": [*STORED, {**STORED[1], "id": "id-9"}]}, "acknowledged in two ways: c-1"),
        ({"stored": STORED[:4], "seen_by_vic": STORED[:4]}, "acknowledged but not stored: c-3"),
        ({"stored": without(STORED, 2)}, "not dense from 1: [1, 2, 4, 5]"),
        ({"stored": changed(STORED, 4, sequence=4)}, "not dense from 1: [1, 2, 3, 4, 4]"),
        ({"stored": changed(STORED, 4, client_message_id="c-1")}, "stored 2 times: c-1"),
        ({"stored": changed(STORED, 4, client_message_id="c-9")}, "stored but never sent"),
        ({"stored": changed(STORED, 1, body="Good-bye")}, "stored with another body: c-1"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(given: dict[str, Entries], fault: str) -> None:
    """Lost, doubled, reordered, altered or invented: each is named."""
    assert any(fault in each for each in a_history(**given))


def test_a_sender_is_owed_the_order_of_sending() -> None:
    """Two messages of one sender stored the other way round are a fault, whatever was seen."""
    late = changed(changed(STORED, 3, client_message_id="c-3", body="Today?"), 4,
                   client_message_id="c-2", body="Could you come?")  # fmt: skip

    assert "not in the order of sending: carla" in a_history(late, late, STORED[:1])


def test_a_refused_message_is_a_fault() -> None:
    """No message of these stories has a reason to be refused."""
    history = History()
    history.send("carla", "c-1", "Hello")
    history.refuse("c-1", {"code": "not_found"})

    assert history.faults([], []) == ["refused: c-1: not_found"]
