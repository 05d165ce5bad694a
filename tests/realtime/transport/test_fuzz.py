"""Random and mutated packets to a gateway: each gets a code or ends its connection."""

import asyncio
import gc
import json
import logging
import re
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from websockets.frames import Opcode

from marketplace.errors import Code
from marketplace.settings import Settings
from marketplace.storage import open_store
from realtime.transport.polling import PollingSession
from realtime.transport.server import GatewayServer
from realtime.transport.websocket import session as session_module
from realtime.transport.websocket.session import WebSocketSession
from tests.realtime.apps import Talk, a_talk
from tests.realtime.gateways import RunningGateway, gateway
from tests.realtime.transport.websocket.raw import (
    Raw,
    call,
    connected,
    faults,
    polling,
    text,
    websocket,
)

FIXED = examples(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
MAX_GROWTH_BYTES = 2_000_000


@dataclass(frozen=True)
class Target:
    """A gateway, its internal state, two people in conversation, and a well-behaved connection."""

    gateway: RunningGateway
    talk: Talk
    good: Raw

    @property
    def server(self) -> GatewayServer:
        """The gateway's Socket.IO server."""
        return self.gateway.server

    async def answers_others(self) -> None:
        """Check that a good call on another connection succeeds."""
        number = len(self.good.texts)
        self.good.send(call(number, "join_conversation", self.talk.named()))
        assert (await self.good.answer(number))["ok"]
        self.good.texts[:-1] = []

    def kept(self) -> dict[str, int]:
        """Count the state that the gateway keeps about connections."""
        clients, gateway = self.server.clients, self.server._gateway
        assert gateway is not None
        return {
            "sockets": len(self.server.eio.sockets),
            "environ": len(self.server.environ),
            "clients": len(clients.sockets) + len(clients._sids) + len(clients._eio_sids),
            "library": len(clients.rooms) + len(clients.callbacks),
            "attachments": len(self.server._binary_packet),
            "connections": len(gateway.connections()),
            "rooms": len(gateway._rooms._rooms),
            "sessions": sum(
                type(found) in (WebSocketSession, PollingSession) for found in gc.get_objects()
            ),
        }

    async def forgets(self, before: dict[str, int]) -> None:
        """Wait until the counts are back at their values from before.

        The check for abandoned polling sessions runs only every few seconds.
        """
        async with asyncio.timeout(20):
            while any(self.kept()[name] > count for name, count in before.items()):
                gc.collect()
                await self.answers_others()  # the connection's pings are answered meanwhile
                await asyncio.sleep(0.1)


@pytest_asyncio.fixture(scope="module")
async def target(settings: Settings) -> AsyncIterator[Target]:
    """A gateway whose state tests can inspect, with people that exist as long as the module."""
    store = await open_store(settings)
    talk = await a_talk(store, settings)
    async with (
        gateway(replace(settings, limit_scale=1_000.0)) as running,
        connected(running.url, talk.vendor) as good,
    ):
        yield Target(running, talk, good)
    await store.database.client.drop_database(settings.mongodb_database)
    await store.close()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No internal error is logged, and no stack trace."""
    caplog.set_level(logging.INFO)
    yield
    assert faults(caplog.get_records("call")) == []


# --- what is sent --------------------------------------------------------------------------------

SOME_ID = "01912345-6789-7abc-8def-0123456789ab"
IN_CONVERSATION = {"conversation_id": SOME_ID}
MESSAGE = {"client_message_id": "m-1", "body": "Hello"}
# Calls with a valid form; authorisation is checked only after the form.
GOOD: dict[str, dict[str, Any]] = {
    "join_conversation": {**IN_CONVERSATION, "after_sequence": 0},
    "leave_conversation": IN_CONVERSATION,
    "fetch_entries": {**IN_CONVERSATION, "after_sequence": 0, "limit": 10},
    "send_message": {**IN_CONVERSATION, **MESSAGE, "attachment_ids": []},
    "edit_message": {**IN_CONVERSATION, "message_id": SOME_ID, "body": "Hello"},
    "delete_message": {**IN_CONVERSATION, "message_id": SOME_ID},
    "mark_delivered": {**IN_CONVERSATION, "sequence": 1},
    "mark_read": {**IN_CONVERSATION, "sequence": 1},
    "set_typing": {**IN_CONVERSATION, "is_typing": True},
    "join_rfi": {"rfi_id": SOME_ID, "after_revision": 0},
    "leave_rfi": {"rfi_id": SOME_ID},
    "join_account": {"after_position": 0},
}
numbers = st.one_of(
    st.integers(),
    st.sampled_from([-1, 0, 2**31, 2**53, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), numbers, st.text(max_size=20), st.sampled_from(["", "\0", "$ne"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
# JSON that cannot come from serialising a dictionary.
WRITTEN = [
    "NaN", "-Infinity", "1e999", "-0", "1" * 5_000, '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"',
    "{", "[", '{"a":1,"a":2}', '{"_placeholder":true,"num":0}', '{"_placeholder":true,"num":-1}',
    "{}{}", "[],[]", "null,null", '{"$ne":null}', '{"__proto__":{}}', "'a'", "\x00", "﻿{}",
]  # fmt: skip
DEPTHS = [1, 50, 200, 1_000, 1_030, 5_000, 49_000]


@st.composite
def nested(draw: st.DrawFn) -> str:
    """A value nested many levels deep."""
    depth = draw(st.sampled_from(DEPTHS))
    opening, closing = draw(st.sampled_from([("[", "]"), ('{"a":', "}")]))
    depth = min(depth, 99_000 // len(opening + closing))
    return opening * depth + ("1" + closing * depth if draw(st.booleans()) else "")


payloads = st.one_of(values.map(json.dumps), st.sampled_from(WRITTEN), nested())
sizes = st.sampled_from([98_000, 99_900, 101_000]).map(lambda size: json.dumps("a" * size))
ids = st.sampled_from(["", "7", "0", "9" * 40, "1" * 99, "2" * 200, "-1", "1.5", "٣", "+1", " 1"])
names = st.one_of(
    st.sampled_from(sorted(GOOD)),
    st.text(max_size=12),
    st.sampled_from(
        ["connect", "disconnect", "*", "message", "message.sent", "__init__", "a" * 9_000]
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid call of the contract with one or two faults."""
    name = draw(st.sampled_from(sorted(GOOD)))
    fields = {key: json.dumps(value) for key, value in GOOD[name].items()}
    for _ in range(draw(st.integers(1, 2))):
        key = draw(st.sampled_from([*fields, "unknown", "$where"]))
        if draw(st.booleans()):
            fields[key] = draw(st.one_of(payloads, sizes))
        else:
            fields.pop(key, None)
    body = ",".join(f"{json.dumps(key)}:{value}" for key, value in fields.items())
    return f"42{draw(ids)}[{json.dumps(name)},{{{body}}}]"


arguments = st.lists(payloads, max_size=3).map(
    lambda all_: "".join(f",{argument}" for argument in all_)
)
calls = st.builds(
    lambda id_, name, more: f"42{id_}[{json.dumps(name)}{more}]", ids, names, arguments
)
packets = st.one_of(
    mutated(),
    calls,
    st.builds(lambda kind, id_, data: f"4{kind}{id_}{data}", st.sampled_from("0123456789x"), ids, payloads),
    st.builds(
        lambda kind, count, id_: f'4{kind}{count}-{id_}["send_message",{{"_placeholder":true,"num":0}}]',
        st.sampled_from("56"), st.sampled_from(["0", "1", "3", "9" * 9, "9" * 30, "-1"]), ids,
    ),
    st.builds(
        lambda kind, space, rest: f"4{kind}{space},{rest}",
        st.sampled_from("01234"), st.sampled_from(["/", "/other", "/" + "a" * 9_000, "/?a=b"]), payloads,
    ),
    st.builds(lambda kind, rest: kind + rest, st.sampled_from("012356789b"), st.text(max_size=20)),
)  # fmt: skip
octets = st.one_of(
    packets.map(str.encode),
    st.binary(max_size=60),
    st.builds(
        lambda packet, at, bad: packet.encode()[:at] + bad + packet.encode()[at:],
        mutated(), st.integers(0, 80), st.sampled_from([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x00"]),
    ),
)  # fmt: skip


# --- what must follow ----------------------------------------------------------------------------


def wanted_id(packet: bytes) -> str | None:
    """Return the id of a packet that is a call and wants an answer."""
    found = re.match(rb"42(\d+)\[", packet)
    return found[1].decode() if found else None


def check_answer(packet: str) -> None:
    """Check that an acknowledgement is a success, or has a public code other than `internal`."""
    answer = orjson.loads(packet[packet.index("[") :])[0]
    if answer["ok"] is not True:
        assert Code(answer["error"]["code"]) is not Code.INTERNAL
        assert answer["error"]["message"]


async def ends_or_answers(raw: Raw, packet: bytes, talk: Talk) -> None:
    """Wait for the answers to the packet and to the next call, or for the end of the connection."""
    packet = packet.replace(SOME_ID.encode(), talk.id.encode())
    missing = {"777", wanted_id(packet) or "777"}
    raw.send(text(packet), call(777, "leave_conversation", talk.named()))
    while missing:
        frame = await raw.frame()
        if frame is None or frame.opcode is Opcode.CLOSE:
            return
        got = bytes(frame.data).decode()
        if got.startswith("43"):
            missing.discard(got[2 : got.index("[")])
            check_answer(got)


@examples(FIXED, max_examples=150)
@given(packet=octets)
async def test_a_websocket_packet_is_answered_or_ends_its_connection(
    target: Target, packet: bytes
) -> None:
    """A packet gets an answer or ends its connection, and others are not affected."""
    async with connected(target.gateway.url, target.talk.customer) as raw:
        await ends_or_answers(raw, packet, target.talk)
    await target.answers_others()


@examples(FIXED, max_examples=40)
@given(packet=octets)
async def test_a_packet_before_the_handshake_is_answered_or_ends_its_connection(
    target: Target, packet: bytes
) -> None:
    """A packet before the handshake authenticates nobody."""
    async with websocket(target.gateway.url) as raw:
        await ends_or_answers(raw, packet, target.talk)
    await target.answers_others()


@examples(FIXED, max_examples=50)
@given(data=st.lists(st.one_of(st.binary(max_size=40), octets.map(text)), min_size=1, max_size=4))
async def test_any_bytes_on_a_websocket_are_accepted_or_end_it(
    target: Target, data: list[bytes]
) -> None:
    """Broken frames, with packets between them."""
    async with connected(target.gateway.url, target.talk.customer) as raw:
        for part in data:
            raw.send(part)
            await asyncio.sleep(0)
    await target.answers_others()


@examples(FIXED, max_examples=60)
@given(body=st.one_of(octets, st.lists(octets, min_size=2, max_size=4).map(b"\x1e".join)))
async def test_a_polled_body_is_accepted_or_ends_its_session(target: Target, body: bytes) -> None:
    """The status is 200 or 400, and a call in the body is answered in the next polls."""
    body = body.replace(SOME_ID.encode(), target.talk.id.encode())
    async with polling(target.gateway.url, target.talk.customer) as polled:
        status = await polled.post(body)
        assert status in (200, 400)
        last = call(777, "leave_conversation", target.talk.named())
        if status == 200 and await polled.post(last) == 200:
            missing = {"777", (b"\x1e" not in body and wanted_id(body)) or "777"}
            while missing and (packets := await polled.packets()):
                for answer in packets:
                    if answer.startswith("43"):
                        missing.discard(answer[2 : answer.index("[")])
                        check_answer(answer)
    await target.answers_others()


def test_every_call_of_the_contract_is_mutated(target: Target) -> None:
    """A new call must be added to GOOD above."""
    assert target.server._calls is not None
    assert set(GOOD) == set(target.server._calls._calls)


async def test_clients_that_send_nonsense_leave_nothing_in_memory(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions, ids, rooms and memory return to their earlier level, however many clients sent it."""
    monkeypatch.setattr(session_module, "HANDSHAKE_WITHIN_S", 3.0)
    nonsense = [b"42", b"40", b'451-["a",{"_placeholder":true,"num":0}]', b"4" + b"[" * 50_000]
    nonsense += [b'427["join_conversation",{}]', b"41", b"\xff", text(b"")[:1]]

    async def once(number: int) -> None:
        async with connected(target.gateway.url, target.talk.customer) as raw:
            raw.send(call(1, "join_conversation", target.talk.named()))
            await raw.answer(1)
            raw.send(text(nonsense[number % len(nonsense)]))
        async with polling(target.gateway.url) as polled:
            await polled.post(nonsense[number % len(nonsense)])

    before = target.kept()
    await asyncio.gather(*(once(number) for number in range(16)))
    await target.forgets(before)
    tracemalloc.start()
    try:
        start_bytes, _ = tracemalloc.get_traced_memory()
        for _ in range(5):
            await asyncio.gather(*(once(number) for number in range(16)))
            await target.answers_others()
        await target.forgets(before)
        gc.collect()
        grown_bytes = tracemalloc.get_traced_memory()[0] - start_bytes
    finally:
        tracemalloc.stop()

    # 80 of each kind were sent; keeping the least of what each sent, 25 kB, would exceed this.
    assert grown_bytes < MAX_GROWTH_BYTES
    await target.answers_others()
