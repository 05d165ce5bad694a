"""Messages between versions in Redis: no signal becomes a push, whichever version is older."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from marketplace import live
from marketplace.live import wire
from marketplace.ports import Announcement, Signal, SignalName

ROOM = "conversation:c"
SAMPLES = Path(__file__).parent / "samples" / "live"
# As in git 2c710e5: the gateway handles these and pushes everything else.
SIGNALS_OF_THE_PREVIOUS_VERSION = {"access", "session_ended", "activity"}


def as_read_by_the_previous_version(message: bytes) -> tuple[list[list[Any]], list[list[Any]]]:
    """How git 2c710e5 reads a message: what its gateways handle, and what they push to apps."""
    try:
        items = [[name, position, data] for name, position, data in orjson.loads(message[8:])]
    except (ValueError, TypeError):
        return [], []
    taken = [
        item for item in items if item[0] in SIGNALS_OF_THE_PREVIOUS_VERSION or item[0] == "head"
    ]
    return taken, [item for item in items if item not in taken]


@pytest.mark.parametrize("name", list(SignalName))
def test_the_previous_version_pushes_no_signal_to_apps(name: SignalName) -> None:
    """The previous version handles the signals it knows and drops the others."""
    signal = Signal(ROOM, name, {"account_id": "a"}, 7)

    taken, pushed = as_read_by_the_previous_version(live.encode("abcdefgh", [signal, signal]))

    assert pushed == []
    known = name in SIGNALS_OF_THE_PREVIOUS_VERSION or name == "head"
    assert taken == ([[name, 7, {"account_id": "a"}]] * 2 if known else [])


def test_the_previous_version_drops_an_unknown_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The previous version drops a new signal, as if `activity` had been added today."""
    monkeypatch.setattr(wire, "_PREVIOUS_VERSION_SIGNALS", frozenset({SignalName.ACCESS}))

    message = live.encode("abcdefgh", [Signal(ROOM, SignalName.ACTIVITY)])

    assert as_read_by_the_previous_version(message) == ([], [])
    assert live.decode(ROOM, message) == [Signal(ROOM, SignalName.ACTIVITY)]


def test_the_previous_version_reads_announcements() -> None:
    """The previous version reads announcements as it always did."""
    message = live.encode("abcdefgh", [Announcement(ROOM, "message.sent", {"n": 1}, 7)])

    assert as_read_by_the_previous_version(message) == ([], [["message.sent", 7, {"n": 1}]])
    assert message == b'abcdefgh[["message.sent",7,{"n":1}]]'


def test_a_push_to_an_account_has_its_number_in_its_data() -> None:
    """The previous version pushes it at once: it would hold back a number outside the data."""
    item = Announcement("account:a", "match.offered", {"id": "m", "position": 7}, 7)

    message = live.encode("abcdefgh", [item, item])

    pushed = [["match.offered", None, {"id": "m", "position": 7}]] * 2
    assert as_read_by_the_previous_version(message) == ([], pushed)
    assert live.decode("account:a", message) == [item, item]


@pytest.mark.parametrize("data", [{"id": "m"}, {"position": "7"}, {"position": True}])
def test_a_push_to_an_account_from_the_version_before_has_no_number(data: dict[str, Any]) -> None:
    """It is passed on as it comes."""
    message = b"previous" + orjson.dumps([["match.offered", None, data]])

    assert live.decode("account:a", message) == [Announcement("account:a", "match.offered", data)]


def test_a_number_in_the_data_counts_for_accounts_only() -> None:
    """Other rooms have it in the item."""
    message = live.encode("abcdefgh", [Announcement(ROOM, "typing.updated", {"position": 7})])

    assert live.decode(ROOM, message) == [Announcement(ROOM, "typing.updated", {"position": 7})]


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_signals_of_the_previous_version_are_read(sample: Path) -> None:
    """Recorded bytes of git 2c710e5: its signals have no tag and are still read as signals."""
    messages = live.decode(ROOM, sample.read_bytes())

    is_signal = sample.stem.startswith("signal")
    assert messages
    assert all(type(message) is (Signal if is_signal else Announcement) for message in messages)
    items = orjson.loads(sample.read_bytes()[8:])
    assert [[message.name, message.position, message.data] for message in messages] == items


@pytest.mark.parametrize(
    ("message", "items"),
    [
        (b'![["pause",null,{}]]', []),
        (b' [["pause",null,{}]]', []),
        (b'![["pause",null,{}],["access",null,{}]]', [Signal(ROOM, SignalName.ACCESS)]),
        (b'![["access",null,{},"more",{}]]', [Signal(ROOM, SignalName.ACCESS)]),
        (
            b'![["head",9,{"epoch":4}]]',
            [Signal(ROOM, SignalName.HEAD, {"epoch": 4}, 9)],
        ),
        (b'[["poll.opened",3,{"a":1}]]', [Announcement(ROOM, "poll.opened", {"a": 1}, 3)]),
        (
            b'[["message.sent",3,{"body":"x","new":[1]},{"epoch":2},7]]',
            [Announcement(ROOM, "message.sent", {"body": "x", "new": [1]}, 3)],
        ),
        (b'#[["message.sent",3,{}]]', []),
        (b'[["message.sent",{"position":3}],["message.sent",4,{}]]',
         [Announcement(ROOM, "message.sent", {}, 4)]),
    ],
)  # fmt: skip
def test_bytes_of_a_later_version_are_read_or_dropped(
    message: bytes, items: list[live.LiveItem]
) -> None:
    """Unknown signals are dropped, unknown announcements pass, and extra fields are ignored."""
    assert live.decode(ROOM, b"laterone" + message) == items


@pytest.mark.parametrize(
    "noise",
    [b"", b"[", b"{}", b"7", b"[7]", b"[[]]", b'[["a",1]]', b'[[1,2,{}]]', b'[["a","b",{}]]',
     b'[["a",true,{}]]', b'[["a",1,[]]]', b"\xff", b"!\xff", b" "],
)  # fmt: skip
def test_malformed_bytes_decode_to_nothing(noise: bytes) -> None:
    """Malformed bytes decode to nothing and raise nothing."""
    assert live.decode(ROOM, b"stranger" + noise) == []
