"""Loads the demonstration into a running stack, once.

    load ─▶ _vendors (bulk) ─▶ _people (bulk) ─▶ _applicants, _stories (actions) ─▶ the marker

Bulk documents have the same ids every time, and every other step first checks what exists. So the
next load completes an interrupted one; the marker says that everything is loaded.
"""

from collections.abc import Callable
from itertools import islice

import uvloop

from embedded.demo import applicants, people, stage
from embedded.demo.addresses import verified_addresses
from embedded.demo.bulk import BATCH, insert_missing
from embedded.demo.people import LOGINS
from embedded.demo.stories import STORIES
from embedded.demo.vendors import demo_vendors
from marketplace.bootstrap import Parts, open_parts
from marketplace.settings import from_environment

__all__ = ["LOGINS", "VENDORS", "load", "load_into"]

VENDORS = 25_000
_MARKER = "loaded"
Report = Callable[[str], None]


def load(environment: dict[str, str], report: Report) -> None:
    """Load everything, or nothing if it is loaded already; `report` gets a sentence for each step.

    Raises:
        SettingsError: the environment lacks the addresses of the servers.
        TemporaryError: MongoDB is unreachable.
    """
    uvloop.run(_load(environment, report))


async def _load(environment: dict[str, str], report: Report) -> None:
    async with open_parts(from_environment(environment)) as parts:
        await load_into(parts, report, VENDORS)


async def load_into(parts: Parts, report: Report, vendor_count: int) -> None:
    """Load with this many active vendors besides the one to log in as."""
    markers = parts.store.database["demo_data"]
    if await markers.find_one({"_id": _MARKER}) is not None:
        return
    # One hash for all: each takes 50 ms of a core, 25,000 of them would take 20 minutes.
    password_hash = await parts.world.passwords.hash(people.PASSWORD)
    await _vendors(parts, report, vendor_count, password_hash)
    await _people(parts, password_hash)
    await _applicants(parts, report)
    await _stories(parts, report)
    await markers.insert_one({"_id": _MARKER, "at": parts.world.clock.now()})


async def _vendors(parts: Parts, report: Report, count: int, password_hash: str) -> None:
    generated = demo_vendors(count, password_hash)
    done = 0
    while batch := list(islice(generated, BATCH)):
        # Accounts first: a vendor without an account cannot be notified.
        accounts = [generated_vendor.account for generated_vendor in batch]
        await insert_missing(parts.store, "accounts", accounts)
        await insert_missing(parts.store, "addresses", verified_addresses(accounts))
        await insert_missing(
            parts.store, "vendors", [generated_vendor.vendor for generated_vendor in batch]
        )
        done += len(batch)
        report(f"Demo data: {done:,} of {count:,} vendors.")


async def _people(parts: Parts, password_hash: str) -> None:
    accounts = people.accounts(password_hash)
    await insert_missing(parts.store, "accounts", list(accounts.values()))
    await insert_missing(parts.store, "addresses", verified_addresses(accounts.values()))
    await insert_missing(parts.store, "vendors", [people.demo_vendor(accounts["vendor"])])


async def _applicants(parts: Parts, report: Report) -> None:
    admin = people.actors()["admin"]
    for number, applicant in enumerate(applicants.APPLICANTS, start=1):
        await applicants.present(parts.world, number, applicant, admin)
    report(f"Demo data: {len(applicants.APPLICANTS)} vendors in onboarding.")


async def _stories(parts: Parts, report: Report) -> None:
    actors = people.actors()
    for number, story in enumerate(STORIES, start=1):
        report(f"Demo data: story {number} of {len(STORIES)}, “{story.title}”.")
        await stage.perform(parts.world, story, actors)
