"""Opens the market: people with accounts, two separate `rest` processes, and finally the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import httpx

from tests.chaos.accounts import Account
from tests.chaos.effects import Ledger
from tests.chaos.history import now
from tests.chaos.ledger import read_facts
from tests.chaos.load import Load
from tests.chaos.rests import two_rests
from tests.chaos.trade import Trader
from tests.journeys.people import Person, a_vendor, an_admin, registered, somewhere
from tests.journeys.site import Site


@asynccontextmanager
async def trading(
    site: Site, load: Load, count: int, module: str = "rest", *, with_vendors: bool = True
) -> AsyncIterator[None]:
    """Let this many customers trade while the load runs, each with a separate vendor.

    Apps follow the feeds of both: what the killed processes write must be dense too.

    `site` determines the database; the two `rest` are processes of `module`.
    """
    if not count:
        yield
        return
    # No limit on connections: a request that waits must not block another one.
    limits = httpx.Limits(max_connections=None)
    database = {"MONGODB_DATABASE": site.parts.settings.mongodb_database}
    async with (
        two_rests({**site.running.environment, **database}, module) as load.rests,
        httpx.AsyncClient(
            base_url=load.rests.url, trust_env=False, timeout=30, limits=limits
        ) as http,
    ):
        market = replace(site, http=http)
        admin = await an_admin(market) if with_vendors else None
        random = Random(count)
        for number in range(count):
            trader = await _trader(market, load, admin, number, Random(random.random()))
            load.trade(trader)
            if trader.vendor is not None:
                for person in (trader.customer, trader.vendor):
                    load.follow(Account(replace(person, http=site.http), load.history))
        yield
        customer_ids = [trader.customer.id for trader in load.traders]
        load.history.add(Ledger(now(), await read_facts(site.parts.store, customer_ids)))


async def _trader(
    market: Site, load: Load, admin: Person | None, number: int, random: Random
) -> Trader:
    place = somewhere()
    customer = await registered(market, "customer", "Carla Reyes")
    vendor = None
    if admin is not None:
        vendor = await a_vendor(market, admin, f"Plumbing {number}", place)
    return Trader(f"deal-{number}", (customer, vendor), place, load.history, random)
