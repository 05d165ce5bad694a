"""The updates, and the checks after them."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from embedded.paths import CHECKOUT
from embedded.processes import GATEWAYS
from tests.chaos.faults import A_WHILE
from tests.chaos.load import Load
from tests.chaos.relayed import check_kafka
from tests.chaos.scenarios import Outcome, kept, outcome_of
from tests.chaos.talks import Place, seeded
from tests.journeys.people import an_admin
from tests.journeys.site import Site, opened
from tests.upgrade.mixed import Mixed, mixed
from tests.upgrade.stories import Town, a_town
from tests.upgrade.versions import Version, current, previous

# Consumers are replaced before the processes that serve people. This is the hardest order, and an
# operator without a prescribed one may choose it.
ORDER = ("matching", "realtime-1", "rest-1", "relay", "notify", "rest-2", "realtime-2")
_CONVERSATIONS, _FEEDS = 8, 2


@dataclass(frozen=True, slots=True)
class Update:
    """A stack of the previous version, the people on it, and the two versions."""

    stack: Mixed
    site: Site
    load: Load
    town: Town
    before: Version
    after: Version

    async def replace(self, name: str, version: Version) -> None:
        """Replace one process, and let people talk for a while on the resulting mixture."""
        await asyncio.to_thread(self.stack.run, name, version)
        await self.load.acknowledged(A_WHILE)

    async def kill(self, name: str) -> None:
        """`kill -9` one process, let people talk meanwhile, and wait until it is back."""
        await self.site.kill(name, hold_s=2.0)
        await self.load.acknowledged(A_WHILE)
        await self.site.is_back(name)


Step = Callable[[Update], Awaitable[None]]


@contextmanager
def stack_of_the_previous_version() -> Iterator[tuple[Mixed, Version, Version]]:
    """Start servers, nginx, and every process in the previous version."""
    before, after = previous(CHECKOUT / ".cache"), current()
    with mixed() as stack:
        for name in ("rest-1", "rest-2", *GATEWAYS, "relay", "matching", "notify"):
            stack.run(name, before)
        stack.start_entry()
        yield stack, before, after


async def play(stack: Mixed, before: Version, after: Version, *steps: Step) -> Outcome:
    """Let people talk during the steps; then check everything that they saw and that is stored."""
    async with opened(stack) as site:
        talks = await seeded(stack.environment, _CONVERSATIONS)
        town = await a_town(site, stack, await an_admin(site))
        gateways = {name: stack.url(name) for name in GATEWAYS}
        load = Load(Place((site.url,), gateways, site.http), talks, _FEEDS, seed=1)
        update = Update(stack, site, load, town, before, after)
        async with load.running():
            for step in steps:
                await step(update)
        await town.check()
        await check_kafka(site, load.history)
        outcome = outcome_of("update", load.history)
        if outcome.violations:
            kept(load.history, "update")
        return outcome


async def roll_forward(update: Update) -> None:
    """Replace every process in turn; in the middle, kill one gateway of each version."""
    for number, name in enumerate(ORDER):
        await update.replace(name, update.after)
        await update.town.submit()
        if number == len(ORDER) // 2:
            await update.kill("realtime-1")
            await update.kill("realtime-2")
            await update.town.award()
            await update.town.replace()
    await update.town.award()


async def roll_back(update: Update) -> None:
    """Return every other process to the previous version, on data that this version has written."""
    for name in ORDER[::2]:
        await update.replace(name, update.before)
        await update.town.submit()


async def take_over(update: Update) -> None:
    """Run a relay of each version, and kill the active one, so that the other takes over."""
    await asyncio.to_thread(update.stack.run, "relay-2", update.before)
    await asyncio.to_thread(update.stack.run, "relay", update.after)
    for name in ("relay-2", "relay"):
        await asyncio.to_thread(update.stack.kill, name, signal.SIGKILL, 10.0)
        await update.town.submit()
        await update.site.is_back(name)
