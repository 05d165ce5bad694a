"""The attacks: each for some seconds, from two addresses, only against this machine.

Each counts what it did and the outcomes.
"""

import asyncio
import itertools
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from tests.abuse.packets import SOCKET, Polling, WebSocket, call, client, connection, frame

ADDRESSES = ("127.0.0.2", "127.0.0.3")
# 400 requests a second and more would measure how two cores are shared, and not the limits.
WORKERS, PAUSE_S = 20, 0.05
HALF_SENT = 3_000
JSON = {"Content-Type": "application/json"}
_GONE = (OSError, aiohttp.ClientError, asyncio.IncompleteReadError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Target:
    """The address to attack, for how long, and the sessions that the attackers have."""

    url: str
    seconds: float
    people: list[dict[str, Any]]


Attack = Callable[[Target, Counter[str]], Awaitable[None]]


async def half_sent_bodies(target: Target, seen: Counter[str]) -> None:
    """Bodies of which a few bytes arrive every half second."""
    head = b"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n"

    async def drip(number: int) -> None:
        await asyncio.sleep(number / HALF_SENT * target.seconds / 2)
        with suppress(*_GONE):
            reader, writer = await connection(target.url, ADDRESSES[number % 2])
            seen["bodies"] += 1
            try:
                writer.write(head)
                while not writer.is_closing():
                    writer.write(b"{" * 100)
                    with suppress(TimeoutError):
                        answer = await asyncio.wait_for(reader.read(4_096), 0.5)
                        seen[answer[9:12].decode() or "closed"] += 1
                        return
            finally:
                writer.transport.abort()

    await asyncio.gather(*(drip(number) for number in range(HALF_SENT)))


async def polling_that_never_polls(target: Target, seen: Counter[str]) -> None:
    """Calls with large answers, 280 in a body, whose answers nobody fetches."""

    async def post(number: int) -> None:
        person = target.people[number]
        calls = _reads(person)
        while True:
            with suppress(*_GONE):
                async with Polling(target.url, ADDRESSES[number % 2]) as session:
                    await session.open(person["tokens"][0])
                    seen["sessions"] += 1
                    status = 200
                    while status == 200:
                        status = await session.post(*itertools.islice(calls, 280))
                        seen[str(status)] += 1
                        await asyncio.sleep(0.2)
            await asyncio.sleep(0.5)

    await _concurrently(post, 4)


async def websockets_that_do_not_read(target: Target, seen: Counter[str]) -> None:
    """Two hundred calls with large answers on each websocket, which is then no longer read."""

    async def ask(number: int) -> None:
        person = target.people[number // 2]
        while True:
            with suppress(*_GONE):
                socket = await WebSocket.open(
                    target.url, ADDRESSES[number % 2], person["tokens"][number % 2]
                )
                seen["websockets"] += 1
                socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
                for packet in itertools.islice(_reads(person), 200):
                    socket.writer.write(frame(packet))
                try:
                    await asyncio.sleep(4)
                finally:
                    socket.cut()

    await _concurrently(ask, 8)


async def big_frames(target: Target, seen: Counter[str]) -> None:
    """Frames of 98 kB full of names that no call knows."""
    unknown = {f"{number:x}": 0 for number in range(9_800)}

    async def send(number: int) -> None:
        person = target.people[number // 2]
        while True:
            with suppress(*_GONE):
                socket = await WebSocket.open(
                    target.url, ADDRESSES[number % 2], person["tokens"][number % 2]
                )
                reading = asyncio.create_task(_read_away(socket, seen))
                try:
                    for sent in range(250):
                        socket.writer.write(frame(call(sent, "send_message", unknown)))
                        await socket.writer.drain()
                        seen["frames"] += 1
                        await asyncio.sleep(0.02)
                finally:
                    reading.cancel()
                    socket.cut()

    await _concurrently(send, 4)


async def unknown_names(target: Target, seen: Counter[str]) -> None:
    """Half a megabyte of names that the operation does not know, without authentication."""
    body = orjson.dumps({f"{number:x}": 0 for number in range(48_000)})
    await _requests(target, seen, "POST", lambda: "/v1/accounts", data=lambda: body, headers=JSON)


async def bad_ids(target: Target, seen: Counter[str]) -> None:
    """Tens of thousands of invalid ids, from an authenticated client."""
    body = orjson.dumps({"title": "Sink", "attachment_ids": ["no id!"] * 40_000})
    token = target.people[0]["tokens"][0]
    headers = {**JSON, "Authorization": f"Bearer {token}"}
    await _requests(target, seen, "POST", lambda: "/v1/rfis", data=lambda: body, headers=headers)


async def log_ins(target: Target, seen: Counter[str]) -> None:
    """Wrong passwords for many accounts: each costs a password hash."""

    def guess() -> bytes:
        return orjson.dumps(
            {"email": f"{secrets.token_hex(4)}@people.example", "password": "guess"}
        )

    await _requests(target, seen, "POST", lambda: "/v1/tokens", data=guess, headers=JSON)


async def vendors(target: Target, seen: Counter[str]) -> None:
    """The directory, without authentication, every second time with a made-up cursor."""
    turns = itertools.cycle(["", "&cursor=" + "A" * 40])
    await _requests(
        target, seen, "GET", lambda: f"/v1/vendors?near=-104.99,39.74&limit=200{next(turns)}"
    )


async def health(target: Target, seen: Counter[str]) -> None:
    """The readiness of rest, which queries MongoDB."""
    await _requests(target, seen, "GET", lambda: "/health/ready")


async def polling_opens(target: Target, seen: Counter[str]) -> None:
    """Sessions that are opened and abandoned."""
    await _requests(target, seen, "GET", lambda: f"{SOCKET}polling")


async def nobody(target: Target, seen: Counter[str]) -> None:
    """No attack: the baseline for the others."""
    await asyncio.sleep(target.seconds)


ATTACKS: Mapping[str, Attack] = {
    attack.__name__.replace("_", " "): attack
    for attack in (
        nobody,
        half_sent_bodies,
        polling_that_never_polls,
        websockets_that_do_not_read,
        big_frames,
        unknown_names,
        bad_ids,
        log_ins,
        vendors,
        health,
        polling_opens,
    )
}


async def run(name: str, target: Target) -> Counter[str]:
    """Play an attack for its time; returns the counts."""
    seen: Counter[str] = Counter()
    with suppress(TimeoutError):
        async with asyncio.timeout(target.seconds):
            await ATTACKS[name](target, seen)
    return seen


def _reads(person: dict[str, Any]) -> Any:
    payload = {"conversation_id": person["conversation_id"], "after_sequence": 0, "limit": 200}
    return (call(number, "fetch_entries", payload) for number in itertools.count())


async def _read_away(socket: WebSocket, seen: Counter[str]) -> None:
    with suppress(*_GONE):
        while True:
            text = await socket.read()
            seen["rate_limited" if '"rate_limited"' in text else "answers"] += 1


async def _concurrently(work: Callable[[int], Awaitable[None]], count: int) -> None:
    await asyncio.gather(*(work(number) for number in range(count)))


async def _requests(
    target: Target,
    seen: Counter[str],
    method: str,
    path: Callable[[], str],
    data: Callable[[], bytes | None] = lambda: None,
    headers: Mapping[str, str] | None = None,
) -> None:
    async def ask(number: int) -> None:
        async with client(target.url, ADDRESSES[number % 2]) as http:
            while True:
                with suppress(*_GONE):
                    async with http.request(method, path(), data=data(), headers=headers) as answer:
                        await answer.read()
                        seen[str(answer.status)] += 1
                await asyncio.sleep(PAUSE_S)

    await _concurrently(ask, WORKERS)
