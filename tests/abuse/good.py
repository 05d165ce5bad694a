"""People who read and talk, each at a separate address, and how long each request took."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.abuse.packets import WebSocket, client

PAUSE_S = 0.1


@dataclass(slots=True)
class Observations:
    """What good clients noticed: milliseconds of each request and message, and the failures."""

    took_ms: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def p99_ms(self) -> float:
        """The time within which 99 of 100 were answered."""
        ordered = sorted(self.took_ms)
        return ordered[int(len(ordered) * 0.99)] if ordered else float("inf")


async def live(url: str, people: list[dict[str, Any]], stopping: asyncio.Event) -> Observations:
    """Let everybody read their account and send a message, repeatedly."""
    felt = Observations()
    await asyncio.gather(
        *(_one(url, f"127.0.1.{n}", person, stopping, felt) for n, person in enumerate(people, 1))
    )
    return felt


async def _one(
    url: str, address: str, person: dict[str, Any], stopping: asyncio.Event, felt: Observations
) -> None:
    token, conversation_id = person["tokens"][0], person["conversation_id"]
    socket = await WebSocket.open(url, address, token)
    number = 0
    async with client(url, address) as http:
        while not stopping.is_set():
            number += 1
            began_at = time.perf_counter()
            async with http.get("/v1/me", headers={"Authorization": f"Bearer {token}"}) as answer:
                await answer.read()
            if answer.status != 200:
                felt.failures.append(f"GET /v1/me: {answer.status}")
            felt.took_ms.append((time.perf_counter() - began_at) * 1_000)
            began_at = time.perf_counter()
            acknowledged = await socket.ask(
                number,
                "send_message",
                {
                    "conversation_id": conversation_id,
                    "client_message_id": f"{time.time_ns()}",
                    "body": "Are you still coming at nine?",
                },
            )
            if not acknowledged["ok"]:
                felt.failures.append(f"send_message: {acknowledged['error']['code']}")
            felt.took_ms.append((time.perf_counter() - began_at) * 1_000)
            await asyncio.sleep(PAUSE_S)
    socket.cut()
