"""One client's input blocks the event loop for at most 20 ms at a time."""

import asyncio
import time

import pytest

from realtime.limits import BYTES_PER_CALL, CALLS_AT_ONCE, CallLimits
from realtime.transport.packets import parse_call
from tests.realtime.transport.websocket.sessions import Session, call

HELD_AT_MOST_S = 0.020
# The read size of uvloop.
READ_BYTES = 256_000


pytestmark = pytest.mark.usefixtures("frozen")


def masked(opcode: int, data: bytes) -> bytes:
    """A client's frame of up to 125 bytes, masked with zeros."""
    return bytes([0x80 | opcode, 0x80 | len(data)]) + bytes(4) + data


READS = {
    "pongs of Engine.IO": masked(1, b"3"),
    "pings": masked(9, b""),
    "pongs": masked(10, b""),
    "empty fragments": bytes([0x00, 0x80]) + bytes(4),
}


@pytest.mark.parametrize("frame", READS.values(), ids=READS)
async def test_a_read_full_of_small_frames_is_processed_in_several_turns(frame: bytes) -> None:
    """Other work gets its turn in between, and all frames are processed in the end."""
    side = Session()
    held_s = 0.0

    def measured(data: bytes) -> None:
        nonlocal held_s
        began_at = time.thread_time()
        side.session.data_received(data)
        held_s = max(held_s, time.thread_time() - began_at)

    start = bytes([0x01, 0x81]) + bytes(4) + b"3" if frame[0] == 0 else b""
    measured(start + frame * (READ_BYTES // len(frame)))
    turns = 0
    while side.session._is_yielding:
        began_at = time.thread_time()
        await asyncio.sleep(0)
        held_s = max(held_s, time.thread_time() - began_at)
        turns += 1

    assert turns > 5
    assert held_s < HELD_AT_MOST_S
    assert not side.session._incoming.has_more


async def test_calls_deferred_to_a_later_turn_stay_in_order() -> None:
    """Deferring calls to a later turn loses and reorders nothing."""
    side = Session()

    side.receives(*["3"] * 1_500, call(1), *["3"] * 1_500, call(2))
    for _ in range(5):
        await asyncio.sleep(0)

    assert [packet_id for packet_id, _, _ in side.server.calls] == [b"1", b"2"]


HOSTILE = {
    "objects cut off": b'{"a":[' + b",".join([b"{}"] * 38_000),
    "objects with lists": b'{"a":[' + b",".join([b'{"a":[]}'] * 10_800) + b"]}",
    "names given twice": b'{"a":[' + b",".join([b'{"a":1,"a":2}'] * 6_900) + b"]}",
    "halves of emoji": b'{"a":"' + rb"\ud83d" * 16_000 + b'"}',
    "names of half an emoji": b"{%s}" % b",".join(rb'"\ud83d%x":0' % n for n in range(6_500)),
    "values that are no number": b'{"a":[' + b",".join([b"NaN"] * 24_000) + b"]}",
    "a number of 97,000 digits": b'{"a":' + b"1" * 97_000 + b"}",
    "a nest": b'{"a":' + b"[" * 48_000 + b"]" * 48_000 + b"}",
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", [b"427", b"451-7"], ids=["call", "binary call"])
def test_a_large_frame_is_parsed_quickly(kind: bytes, payload: bytes) -> None:
    """A large frame is parsed within 20 ms, even if a second time to explain an error."""
    frame = (kind + b'["send_message",' + payload)[:99_000] + b"]"

    began_at = time.thread_time()
    parse_call(frame)
    took_s = time.thread_time() - began_at

    assert took_s < HELD_AT_MOST_S


class Caller:
    """As much of a connection as the limits use."""

    calls_paid_until = typing_paid_until = refusals_paid_until = 0.0

    @property
    def account(self) -> "Caller":
        """An account with the same limits."""
        return Caller()


def test_a_large_call_counts_as_several_calls() -> None:
    """A frame of 98 kB takes the time of some two dozen calls, and uses up as many of the limit."""
    caller = Caller()
    limits = CallLimits(1.0)

    taken = 0
    while limits.take(caller, False, 100.0, 98_000) == 0:
        taken += 1

    assert taken == CALLS_AT_ONCE // (1 + 98_000 // BYTES_PER_CALL)
