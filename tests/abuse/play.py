"""One attack next to good clients."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from embedded.demo.seed import _seed
from embedded.servers.running import Running
from tests.abuse import costs, good
from tests.abuse.packets import WebSocket

GOOD, HOSTILE = 5, 4
BODIES, CHARACTERS = 100, 4_000


@dataclass(frozen=True, slots=True)
class People:
    """Seeded conversations with their sessions."""

    good: list[dict[str, Any]]
    hostile: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What good clients noticed, and the cost.

    Memory is in MiB: before, at its highest, and after. `holds` counts how often an event loop was
    blocked for more than 20 ms of CPU time.
    """

    attack: str
    seen: dict[str, int]
    felt: good.Observations
    before: dict[str, float]
    during: dict[str, float]
    after: dict[str, float]
    loop_blocks: dict[str, int]


async def people(stack: Running) -> People:
    """Seed conversations; the hostile clients' have 400 kB of messages to read."""
    environment = {**stack.environment, "PARLEY_PROCESS_NAME": "abuse"}
    seeded = await _seed(environment, GOOD + HOSTILE)
    hostile = seeded[GOOD:]
    await asyncio.gather(*(_fill(stack, n, person) for n, person in enumerate(hostile)))
    return People(seeded[:GOOD], hostile)


async def _fill(stack: Running, number: int, person: dict[str, Any]) -> None:
    socket = await WebSocket.open(stack.url("nginx"), f"127.0.2.{number + 1}", person["tokens"][0])
    for sent in range(BODIES):
        payload = {
            "conversation_id": person["conversation_id"],
            "client_message_id": f"filler-{sent}",
            "body": "x" * CHARACTERS,
        }
        assert (await socket.ask(sent, "send_message", payload))["ok"]
    socket.cut()


async def play(stack: Running, found: People, attack: str, seconds: float) -> Outcome:
    """Let good people read and talk while an attack runs."""
    before, loop_blocks = costs.memory_mib(stack), await costs.loop_blocks(stack)
    stopping = asyncio.Event()
    living = asyncio.create_task(good.live(stack.url("nginx"), found.good, stopping))
    try:
        async with _highest(stack) as during:
            seen = await _attacked(stack, found, attack, seconds)
    finally:
        stopping.set()
    felt = await asyncio.wait_for(living, 30)
    held = {
        name: count - loop_blocks[name] for name, count in (await costs.loop_blocks(stack)).items()
    }
    await asyncio.sleep(2)
    return Outcome(attack, seen, felt, before, during, costs.memory_mib(stack), held)


async def _attacked(stack: Running, found: People, attack: str, seconds: float) -> dict[str, int]:
    attacker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.abuse.attacker", attack,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    target = {"url": stack.url("nginx"), "seconds": seconds, "people": found.hostile}
    try:
        output, _ = await asyncio.wait_for(
            attacker.communicate(json.dumps(target).encode()), seconds + 60
        )
    except TimeoutError:
        attacker.kill()
        await attacker.wait()
        raise
    seen: dict[str, int] = json.loads(output)
    return seen


@asynccontextmanager
async def _highest(stack: Running) -> AsyncIterator[dict[str, float]]:
    """Each process's highest memory while the context is open."""
    highest = costs.memory_mib(stack)

    async def look() -> None:
        while True:
            await asyncio.sleep(0.25)
            for name, mib in costs.memory_mib(stack).items():
                highest[name] = max(highest[name], mib)

    looking = asyncio.create_task(look())
    try:
        yield highest
    finally:
        looking.cancel()
