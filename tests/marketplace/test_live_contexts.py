"""Trace contexts of announcements in Redis: this version reads them, the previous one does not."""

from collections.abc import Iterator

import pytest

from marketplace import live, tracing
from marketplace.live import contexts
from marketplace.live.contexts import Decoder
from marketplace.ports import Announcement, Signal, SignalName
from tests.marketplace.test_live_wire import as_read_by_the_previous_version

ROOM, OTHER = "conversation:c", "conversation:d"
CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACED = Announcement(ROOM, "message.sent", {"n": 1}, 7, CONTEXT)
UNTRACED = Announcement(ROOM, "message.sent", {"n": 2}, 8)


@pytest.fixture
def _tracing() -> Iterator[None]:
    """Tracing is on, without a collector."""
    tracing.configure("rest-1", "http://127.0.0.1:9")
    yield
    tracing.shut_down()


@pytest.mark.usefixtures("_tracing")
def test_each_announcement_gets_its_own_context() -> None:
    """A message has announcements of several calls; those of unsampled ones have no context."""
    decoder = Decoder()

    sent = contexts.messages("abcdefgh", [TRACED, UNTRACED])

    received = [item for message in sent for item in decoder.read(ROOM, message)]
    assert received == [TRACED, UNTRACED]


@pytest.mark.usefixtures("_tracing")
def test_the_previous_version_reads_the_announcements_as_always() -> None:
    """It drops the message with the contexts, and its apps get no unknown field."""
    sent = contexts.messages("abcdefgh", [TRACED])

    assert [as_read_by_the_previous_version(message) for message in sent] == [
        ([], []),
        ([], [["message.sent", 7, {"n": 1}]]),
    ]


@pytest.mark.usefixtures("_tracing")
def test_without_a_context_there_is_one_message() -> None:
    """Signals and unsampled announcements are sent as while tracing is off."""
    for item in (UNTRACED, Signal(ROOM, SignalName.HEAD, position=7)):
        assert contexts.messages("abcdefgh", [item]) == [live.encode("abcdefgh", [item])]


def test_no_context_is_sent_while_tracing_is_off() -> None:
    """Also for an announcement whose context comes from another process."""
    assert contexts.messages("abcdefgh", [TRACED]) == [live.encode("abcdefgh", [TRACED])]


@pytest.mark.parametrize(
    ("room", "before"),
    [
        (OTHER, b'abcdefgh~["' + CONTEXT.encode() + b'"]'),
        (ROOM, b'another1~["' + CONTEXT.encode() + b'"]'),
        (ROOM, b"abcdefgh~[null]"),
        (ROOM, b"abcdefgh~[7]"),
        (ROOM, b"abcdefgh~[]"),
        (ROOM, b"abcdefgh~{"),
        (ROOM, b"abcdefgh~"),
    ],
)
def test_contexts_that_do_not_belong_to_the_next_message_are_dropped(
    room: str, before: bytes
) -> None:
    """The announcement is pushed, without a span."""
    decoder = Decoder()

    assert decoder.read(room, before) == []
    assert decoder.read(ROOM, live.encode("abcdefgh", [UNTRACED])) == [UNTRACED]


def test_contexts_are_used_once() -> None:
    """The message after the next one has none."""
    decoder, message = Decoder(), live.encode("abcdefgh", [UNTRACED])
    decoder.read(ROOM, b'abcdefgh~["' + CONTEXT.encode() + b'"]')

    (first,), (second,) = decoder.read(ROOM, message), decoder.read(ROOM, message)

    assert isinstance(first, Announcement)
    assert isinstance(second, Announcement)
    assert (first.traceparent, second.traceparent) == (CONTEXT, None)
