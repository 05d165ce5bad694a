"""Processes with a planted fault, over a separate database on the stack's servers."""

import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from embedded import processes
from embedded.paths import Paths
from embedded.supervision import ports
from embedded.supervision.supervisor import Supervisor
from marketplace.bootstrap import open_parts
from tests.chaos.load import Load
from tests.chaos.market import trading
from tests.chaos.talks import Place, seeded
from tests.journeys.site import Site

# Session ids and canaries contain these names, so they must differ from the stack's own.
NAMES = ("planted-1", "planted-2")
_TALKS = 4
_CUSTOMERS = 4
# Nothing repairs what is broken here, so do not wait for it for long.
_RESTS_WITHIN_S = 3.0


@asynccontextmanager
async def planted(site: Site, launcher: str) -> AsyncIterator[tuple[Load, Supervisor]]:
    """Run two gateways of a launcher, restarted when killed, and people for them."""
    database = f"planted-{secrets.token_hex(4)}"
    environment = {**site.running.environment, "MONGODB_DATABASE": database}
    module = f"tests.chaos.launchers.{launcher}"
    talks = await seeded(environment, _TALKS)
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(data=Path(folder), cache=Path(folder)).make()
        async with Supervisor(lambda _: None) as supervisor:
            for name in NAMES:
                program = processes.python(name, module, paths, ports.choose(), environment)
                await supervisor.start(program)
            gateways = {name: supervisor.program(name).url for name in NAMES}
            place = Place(tuple(gateways.values()), gateways, None)
            yield Load(place, talks, 0, seed=1, rests_within_s=_RESTS_WITHIN_S), supervisor
    await site.parts.store.database.client.drop_database(database)


@asynccontextmanager
async def planted_rest(site: Site, launcher: str) -> AsyncIterator[Load]:
    """Customers who draft and revise over two `rest` of a launcher; there is no matching."""
    settings = replace(site.parts.settings, mongodb_database=f"planted-{secrets.token_hex(4)}")
    async with open_parts(settings) as parts:
        there = replace(site, parts=parts)
        load = Load(Place((), {}, None), [], 0, seed=1, rests_within_s=_RESTS_WITHIN_S)
        module = f"tests.chaos.launchers.{launcher}"
        async with trading(there, load, _CUSTOMERS, module, with_vendors=False):
            yield load
        await parts.store.database.client.drop_database(settings.mongodb_database)
