"""The memory that a client which does not read can occupy on a gateway is bounded, then released."""

import asyncio
import gc
import socket
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace

import pytest_asyncio

from marketplace.bootstrap import SystemClock
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from marketplace.storage.entry_writer import EntryWriter
from realtime.connections import Connection
from realtime.transport.polling import PollingSession
from realtime.transport.websocket.acceptor import Acceptor
from realtime.transport.websocket.outgoing import CLOSED_SLOW, MAX_WAITING_BYTES
from realtime.transport.websocket.session import WebSocketSession
from tests.builders import a_message
from tests.realtime.apps import Talk, a_talk
from tests.realtime.gateways import RunningGateway, gateway
from tests.realtime.transport.websocket.raw import (
    WITHIN_S,
    Raw,
    call,
    connect_packet,
    connected,
    head,
    polling,
)

# The connections' queues take 1 MB each; the rest is the memory for reading two pages meanwhile.
MAX_HELD_BYTES = 16_000_000
CALLS = 280
OF_CONNECTIONS = (WebSocketSession, PollingSession, Connection, Acceptor)


@pytest_asyncio.fixture(scope="module")
async def running(module_store: MongoStore, settings: Settings) -> AsyncIterator[RunningGateway]:
    """A gateway with the default limits."""
    async with gateway(settings) as one:
        yield one


@pytest_asyncio.fixture
async def long_talk(module_store: MongoStore, settings: Settings) -> Talk:
    """A conversation of the longest messages, so that each page has the maximum size."""
    talk = await a_talk(module_store, settings)
    writer, now = EntryWriter(module_store.entries), SystemClock().now()
    bodies = (a_message(conversation_id=talk.id, body="🙂" * 8_000, at=now) for _ in range(200))
    await asyncio.gather(*map(writer.append, bodies))
    return talk


@contextmanager
def held_bytes() -> Iterator[list[int]]:
    """Measure the peak of traced memory while the context is open, in bytes."""
    found: list[int] = []
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield found
        found.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()


def fetches(talk: Talk, count: int) -> list[str]:
    """Calls with large answers."""
    payload = talk.named(after_sequence=0, limit=200)
    return [call(number, "fetch_entries", payload) for number in range(count)]


async def test_a_client_that_posts_and_never_polls_stays_bounded(
    running: RunningGateway, long_talk: Talk
) -> None:
    """Calls do not start while answers pile up; once the client polls, it gets every answer."""
    async with polling(running.url, long_talk.customer) as polled:
        with held_bytes() as most:
            posting = asyncio.create_task(polled.post(*fetches(long_talk, CALLS)))
            await asyncio.sleep(3)

        answered = 0
        async with asyncio.timeout(60):
            while answered < CALLS:
                packets = await polled.poll()
                answered += sum(packet.startswith("43") for packet in packets)
        assert await posting == 200

    assert most[0] < MAX_HELD_BYTES


@asynccontextmanager
async def unread_websocket(url: str, talk: Talk) -> AsyncIterator[Raw]:
    """Connect a websocket with small kernel buffers that reads nothing once it is connected."""
    host, port = url.removeprefix("http://").split(":")
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    small.setblocking(False)
    await asyncio.get_running_loop().sock_connect(small, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=small, limit=2_048)
    raw = Raw(reader, writer)
    try:
        raw.send(head())
        assert await raw.status() == 101
        raw.send(connect_packet(talk.customer))
        await raw.until("40{")
        yield raw
    finally:
        raw.cut()


async def test_websockets_that_do_not_read_stay_bounded(
    running: RunningGateway, long_talk: Talk
) -> None:
    """Two websockets that do not read, with 200 calls each, stay within the bound."""
    async with (
        unread_websocket(running.url, long_talk) as one,
        unread_websocket(running.url, long_talk) as two,
    ):
        with held_bytes() as most:
            for raw in (one, two):
                raw.send(*fetches(long_talk, 200))
            await asyncio.sleep(3)

    assert most[0] < 2 * MAX_HELD_BYTES


async def test_a_reader_that_keeps_up_gets_every_large_answer(
    running: RunningGateway, long_talk: Talk
) -> None:
    """A client that reads gets every answer, and is never closed as slow."""
    async with connected(running.url, long_talk.customer) as raw:
        raw.send(*fetches(long_talk, 60))
        answers = await raw.answers(range(60))

    assert all(answer["ok"] for answer in answers)


async def test_a_polling_session_at_its_bound_is_ended_with_a_reason(
    settings: Settings, module_store: MongoStore
) -> None:
    """Pushes and answers both count towards the bound; the session is then closed and forgotten."""
    talk = await a_talk(module_store, settings)
    before = CLOSED_SLOW._value.get()
    async with (
        gateway(replace(settings, limit_scale=1_000.0), "realtime-6") as running,
        connected(running.url, talk.vendor) as vendor,
        polling(running.url, talk.customer) as polled,
    ):
        await polled.post(call(1, "join_conversation", talk.named()))
        await polled.until("431[")
        count = MAX_WAITING_BYTES // 8_000 + 2
        body = "a" * 8_000
        for number in range(count):
            vendor.send(call(number, "send_message", talk.says(f"m-{number}", body)))
        assert all(answer["ok"] for answer in await vendor.answers(range(count)))

        async with asyncio.timeout(5):
            while CLOSED_SLOW._value.get() == before:  # noqa: ASYNC110 # a counter
                await asyncio.sleep(0.01)
        assert not await polled.is_known()


async def _used(running: RunningGateway, talk: Talk) -> None:
    """Use sessions of each kind, and end them while calls are in flight."""
    async with AsyncExitStack() as open_:
        sockets = [
            await open_.enter_async_context(connected(running.url, talk.customer)) for _ in range(3)
        ]
        polled = [
            await open_.enter_async_context(polling(running.url, talk.vendor)) for _ in range(3)
        ]
        for raw in sockets:
            raw.send(call(1, "join_conversation", talk.named()), *fetches(talk, 50)[2:])
            await raw.answer(1)
        for session in polled:
            await session.post(call(1, "join_conversation", talk.named()), *fetches(talk, 50)[2:])
            await session.until("431[")
            await session.post("1")


async def test_ended_sessions_are_freed_without_garbage_collection(
    running: RunningGateway, long_talk: Talk
) -> None:
    """No reference cycle keeps a session and its queue alive until the garbage collector runs."""
    gc.collect()
    before = _counts()
    gc.disable()
    try:
        await _used(running, long_talk)
        async with asyncio.timeout(WITHIN_S):
            while _counts() - before:  # noqa: ASYNC110 # the interpreter's state
                await asyncio.sleep(0.1)
    finally:
        gc.enable()


def _counts() -> Counter[str]:
    return Counter(
        type(found).__name__ for found in gc.get_objects() if type(found) in OF_CONNECTIONS
    )
