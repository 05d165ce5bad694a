"""Incoming frames, compared with what `websockets` alone makes of the same bytes."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from realtime.transport.websocket.incoming import BinaryMessageError, Incoming

MAX_BYTES = 1_000
TEXT = Opcode.TEXT


def taken(incoming: Incoming) -> bytes | None:
    """The next message, in however many slices the library delivers it."""
    while (message := incoming.next_message()) is None and incoming.has_more:
        pass
    return message


@dataclass(frozen=True)
class Outcome:
    """The result of a connection's bytes, up to the first binary message."""

    messages: list[bytes]
    is_binary: bool
    is_closed: bool
    is_malformed: bool
    answered: bytes


def frame(data: bytes = b"", opcode: Opcode = TEXT, fin: bool = True) -> bytes:
    """A frame as a client sends it."""
    return Frame(opcode, data, fin=fin).serialize(mask=True)


def by_incoming(chunks: Iterable[bytes], max_bytes: int = MAX_BYTES) -> Outcome:
    """Feed the chunks to `Incoming`."""
    incoming, messages, answered = Incoming(max_bytes), list[bytes](), b""
    for chunk in chunks:
        incoming.feed(chunk)
        try:
            while (message := taken(incoming)) is not None:
                messages.append(bytes(message))
        except BinaryMessageError:
            # The rest of the chunk, which the library reads at once, is not compared.
            return Outcome(messages, True, False, False, answered)
        answered += b"".join(incoming.to_send())
        if incoming.is_closed:
            break
    return Outcome(messages, False, incoming.is_closed, incoming.is_malformed, answered)


def by_library(chunks: Iterable[bytes], max_bytes: int = MAX_BYTES) -> Outcome:
    """Feed the chunks to the library alone."""
    protocol = Protocol(Side.SERVER, state=State.OPEN, max_size=max_bytes)
    messages, pieces, answered, is_binary = list[bytes](), b"", b"", False
    for chunk in chunks:
        protocol.receive_data(chunk)
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            is_binary = is_binary or event.opcode is Opcode.BINARY
            if is_binary or event.opcode not in (Opcode.TEXT, Opcode.CONT):
                continue
            pieces += bytes(event.data)
            if event.fin:
                messages.append(pieces)
                pieces = b""
        if is_binary:
            return Outcome(messages, True, False, False, answered)
        answered += b"".join(protocol.data_to_send())
        if protocol.state is not State.OPEN:
            break
    is_closed = protocol.state is not State.OPEN
    return Outcome(messages, False, is_closed, protocol.parser_exc is not None, answered)


def cut(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """Cut the data into chunks of these sizes, then the rest."""
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    if at < len(data):
        yield data[at:]


payloads = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([0, 1, 124, 125, 126, 127, 300, 999, 1_000]).map(lambda size: b"x" * size),
)
plain = payloads.map(frame)
control = st.builds(frame, st.binary(max_size=125), st.sampled_from([Opcode.PING, Opcode.PONG]))


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """A fragmented message, with pings and pongs between the fragments."""
    parts = draw(st.lists(st.binary(max_size=60), min_size=2, max_size=5))
    out = b""
    for number, part in enumerate(parts):
        opcode, is_last = Opcode.CONT if number else TEXT, number == len(parts) - 1
        out += frame(part, opcode, fin=is_last)
        if not is_last and draw(st.booleans()):
            out += draw(control)
    return out


_MASK = b"\x01\x02\x03\x04"
MALFORMED = {
    "unmasked": b"\x81\x02hi",
    "a reserved bit": b"\xc1\x82" + _MASK + b"hi",
    "a reserved opcode": b"\x83\x82" + _MASK + b"hi",
    "a reserved control opcode": b"\x8b\x82" + _MASK + b"hi",
    "a continuation of nothing": frame(b"hi", Opcode.CONT),
    "a message within another": frame(b"hi", fin=False) + frame(b"hi"),
    "a ping in pieces": b"\x09\x82" + _MASK + b"hi",
    "a ping too long": b"\x89\xfe\x00\x80" + _MASK + b"x" * 128,
    "a close of one byte": b"\x88\x81" + _MASK + b"\x01",
    "a close code out of range": b"\x88\x82\x00\x00\x00\x00" + (999).to_bytes(2, "big"),
    "a close code for nobody": b"\x88\x82\x00\x00\x00\x00" + (1_006).to_bytes(2, "big"),
    "a close reason that is no UTF-8": b"\x88\x84\x00\x00\x00\x00\x03\xe8\xff\xfe",
    "too long, in 16 bits": b"\x81\xfe" + (1_001).to_bytes(2, "big") + _MASK,
    "too long, in 64 bits": b"\x81\xff" + (2**40).to_bytes(8, "big") + _MASK,
    "too long in pieces": frame(b"x" * 600, fin=False) + frame(b"x" * 600, Opcode.CONT),
}
rare = st.one_of(
    st.sampled_from(sorted(MALFORMED.values())),
    st.just(frame(b"", Opcode.CLOSE)),
    st.sampled_from([1_000, 1_001, 3_000, 4_999]).map(
        lambda code: frame(Close(code, "bye").serialize(), Opcode.CLOSE)
    ),
    payloads.map(lambda data: frame(data, Opcode.BINARY)),
    # Lengths written in a longer form than necessary.
    st.just(b"\x81\xfe\x00\x02" + bytes(4) + b"hi"),
    st.just(b"\x81\xff" + (2).to_bytes(8, "big") + bytes(4) + b"hi"),
    st.binary(max_size=12),
)
streams = st.lists(
    st.one_of(plain, plain, plain, fragmented(), control, rare), min_size=1, max_size=12
).map(b"".join)


@settings(max_examples=250)
@given(streams, st.lists(st.integers(1, 400), max_size=20))
@example(frame(b"a") + frame(b"", Opcode.PING) + frame(b"b"), [3])
@example(frame(b"a") + MALFORMED["unmasked"], [])
def test_any_bytes_are_parsed_as_the_library_parses_them(stream: bytes, sizes: list[int]) -> None:
    """Messages, answers and end are the same: the fast path is only faster."""
    for chunks in (list(cut(stream, sizes)), list(cut(stream, [1] * len(stream))), [stream]):
        assert by_incoming(chunks) == by_library(chunks)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_frames_get_the_standards_close_frame(name: str) -> None:
    """Malformed frames get the standard's close frame, first or after a good message."""
    for before in (b"", frame(b"good")):
        outcome = by_incoming([before + MALFORMED[name]])

        assert (outcome.is_closed, outcome.is_malformed) == (True, True)
        assert outcome.messages == ([b"good"] if before else [])
        assert outcome.answered.startswith(b"\x88")


@pytest.mark.parametrize("code", [CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY])
def test_a_close_is_answered_and_not_malformed(code: CloseCode) -> None:
    """A close is answered with the same code, and later frames are not read."""
    outcome = by_incoming([frame(Close(code, "").serialize(), Opcode.CLOSE) + frame(b"late")])

    assert (outcome.is_closed, outcome.is_malformed, outcome.messages) == (True, False, [])
    assert outcome.answered == b"\x88\x02" + code.to_bytes(2, "big")


def test_a_binary_message_is_reported() -> None:
    """A binary message is reported, because the contract has none."""
    incoming = Incoming(MAX_BYTES)
    incoming.feed(frame(b"first") + frame(b"\x00", Opcode.BINARY))

    assert incoming.next_message() == b"first"
    with pytest.raises(BinaryMessageError):
        incoming.next_message()


def test_consumed_bytes_are_released_in_an_endless_stream() -> None:
    """Consumed bytes are released although the buffer always ends in an incomplete frame."""
    one = frame(b"x" * 100)
    incoming, stream = Incoming(MAX_BYTES), one * 2_000
    taken = 0
    for chunk in cut(stream, [7, *[len(one)] * 1_999]):
        incoming.feed(chunk)
        while incoming.next_message() is not None or incoming.has_more:
            taken += 1
        assert len(incoming._buffer) <= 2 * len(one)

    assert taken == 2_000


def test_endless_empty_fragments_do_not_accumulate() -> None:
    """Endless empty fragments do not accumulate, although no size limit stops them."""
    incoming = Incoming(MAX_BYTES)
    incoming.feed(frame(b"a", fin=False) + frame(b"", Opcode.CONT, fin=False) * 10_000)
    assert taken(incoming) is None
    assert incoming._pieces == [b"a"]

    incoming.feed(frame(b"b", Opcode.CONT))

    assert taken(incoming) == b"ab"


def _seconds(chunks: list[bytes]) -> float:
    """The shortest of three times in which the chunks are read."""
    least = 1e9
    for _ in range(3):
        started = time.process_time()
        by_incoming(chunks, 100_000)
        least = min(least, time.process_time() - started)
    return least


@pytest.mark.parametrize("kind", ["plain", "by the library", "never at an end", "byte by byte"])
def test_the_work_grows_linearly_with_the_bytes(kind: str) -> None:
    """Four times as much input takes about four times as long, not sixteen times."""
    small = frame(b"hello")
    count = 65_536 // len(small)

    def chunks(times: int) -> list[bytes]:
        if kind == "byte by byte":
            stream = frame(b"x" * (20_000 * times))
            return list(cut(stream, [1] * len(stream)))
        stream = small * (count * times)
        if kind == "never at an end":
            return list(cut(stream, [4]))
        return [frame(b"", Opcode.PONG) + stream if kind == "by the library" else stream]

    assert _seconds(chunks(4)) < 10 * _seconds(chunks(1))
