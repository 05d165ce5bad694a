"""How people use their apps: they talk, reconnect, use two devices or look away."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from random import Random

from tests.chaos.app import App
from tests.chaos.wire import ConnectionRefusedByGatewayError

# Several messages are sent together, then there is a pause, as when somebody types in a hurry: some
# four messages a second from each.
_MOST_TOGETHER = 4
_PAUSE_S = (0.2, 1.0)


async def talk(app: App, stopping: asyncio.Event, random: Random, words: str = "I say") -> None:
    """Send until told to stop, with few messages unacknowledged; sometimes edit or delete."""
    while not stopping.is_set():
        for _ in range(random.randint(1, _MOST_TOGETHER)):
            await app.say(words)
        chance = random.random()
        if chance < 0.02:
            await app.delete()
        elif chance < 0.1:
            await app.edit()
        await asyncio.sleep(random.uniform(*_PAUSE_S))
        await app.unacknowledged.has_room()


async def come_and_go(app: App, stopping: asyncio.Event, random: Random) -> None:
    """Lose the connection every few seconds, whatever is in flight."""
    while not stopping.is_set():
        await asyncio.sleep(random.uniform(1.0, 5.0))
        if app.wire is not None and not stopping.is_set():
            await app.wire.cut("the app lost its network")


async def send_twice(
    app: App, stopping: asyncio.Event, gateways: Mapping[str, str], random: Random
) -> None:
    """Send everything over another gateway as well, at the same time, with the same ids."""
    while not stopping.is_set():
        await app.connected.wait()
        if app.wire is None:
            continue
        other = next(url for name, url in gateways.items() if name != app.wire.gateway)
        with suppress(ConnectionRefusedByGatewayError, OSError):
            await _second_connection(app, other, stopping)
        await asyncio.sleep(random.uniform(0.05, 0.5))


async def _second_connection(app: App, url: str, stopping: asyncio.Event) -> None:
    wire = await app.open(url)
    waits = [asyncio.ensure_future(event.wait()) for event in (wire.closed, stopping)]
    try:
        await app.catch_up(wire)
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        app.forget(wire)
        await wire.cut()
        app.ended(wire)
