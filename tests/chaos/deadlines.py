"""Offers whose time ends, a burst at a time, whatever is killed meanwhile.

Each is the only offer of an RFI with one place. Some expire, and the RFI goes to the next vendor;
of the others the vendor is warned. Nobody requests these effects: timers cause them.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.domain import lifetimes
from marketplace.domain.accounts import Account, Role
from marketplace.domain.policy import Policy
from marketplace.domain.vendors import ServiceArea, Vendor
from marketplace.storage import MongoStore
from tests.builders import a_match, a_place, a_revision, a_vendor, an_account, an_rfi
from tests.chaos.effects import Done, Effect, Ledger, Requested, facts
from tests.chaos.history import History, now
from tests.journeys.people import somewhere
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

Document = dict[str, Any]
# Of each kind, and more than a process handles at a time, so that a kill finds some in flight.
BURST = 24
# A killed process's claims end after 45 s, and its partitions are taken over after 10 s.
SETTLED_WITHIN_S = 90.0
_RADIUS_M, _APART_DEGREES, _ROW = 1_000, 0.1, 40
_DAY = timedelta(days=1)


class Deadlines:
    """The offers, and what their timers were to cause."""

    def __init__(self, store: MongoStore, policy: Policy, history: History) -> None:
        self._store = store
        self._policy = policy
        self._history = history
        self._corner = somewhere()["coordinates"]
        self._effects: list[Effect] = []

    async def fall_due(self, kind: str) -> None:
        """Let a burst of both kinds fall due; returns when the first of this kind had its effect."""
        burst = await asyncio.gather(*map(self._offer, ("expire", "warn") * BURST))
        awaited = [effect for effect in burst if effect.kind == kind]

        async def is_one_done() -> bool:
            counts = await _facts(self._store, awaited)
            return any(counts[facts(effect)[0]] for effect in awaited)

        await eventually(is_one_done)

    async def settle(self) -> None:
        """Wait until everything had its effect, and record what is stored."""

        async def stored() -> Counter[str]:
            return await _facts(self._store, self._effects)

        def is_complete(counts: Counter[str]) -> bool:
            return all(counts[fact] for effect in self._effects for fact in facts(effect))

        with suppress(AssertionError):  # the checker reports what is missing by then
            await eventually(stored, is_complete, SETTLED_WITHIN_S)
        counts = await stored()
        for effect in self._effects:
            if counts[facts(effect)[0]]:
                self._history.add(Done(now(), effect, None))
        self._history.add(Ledger(now(), dict(counts)))

    async def _offer(self, kind: str) -> Effect:
        """An RFI with one place, offered to one of two vendors in reach; the timer is due now."""
        at = datetime.now(UTC).replace(microsecond=0)
        account, rfi_id, (vendor, other) = an_account(), an_rfi().id, self._vendors()
        offered_at = at - _due_after(kind, self._policy)
        assert vendor.service_area is not None
        rfi = an_rfi(
            id=rfi_id,
            customer_id=account.id,
            location=vendor.service_area.location,
            max_vendors=1,
            match_count=1,
            needed_by=at + 60 * _DAY,
            created_at=offered_at,
            updated_at=offered_at,
            submitted_at=offered_at,
        )
        match = a_match(
            rfi_id=rfi.id,
            customer_id=account.id,
            vendor_id=vendor.id,
            offered_at=offered_at,
            updated_at=offered_at,
        )
        effect = Effect(kind, rfi.id, match.id)
        self._effects.append(effect)
        self._history.add(Requested(now(), effect))
        store = self._store
        for owner in (account, _account_of(vendor), _account_of(other)):
            await store.accounts.add(owner)
        await store.vendors.add(vendor)
        await store.vendors.add(other)
        await store.rfis.add(rfi, a_revision(rfi))
        await store.matches.add(match)
        timers = lifetimes.timers_of_match(match, self._policy)
        await store.timers.set_many(timers if kind == "warn" else timers[:1])
        return effect

    def _vendors(self) -> tuple[Vendor, Vendor]:
        """The one with the offer and the next one, out of reach of all others."""
        row, column = divmod(len(self._effects), _ROW)
        longitude, latitude = self._corner
        place = a_place(longitude + column * _APART_DEGREES, latitude + row * _APART_DEGREES)
        area = ServiceArea(place, _RADIUS_M)
        return a_vendor(service_area=area, open_matches=1), a_vendor(service_area=area)


@asynccontextmanager
async def deadlines(site: Site, history: History) -> AsyncIterator[Deadlines]:
    """Offers for a load; in the end, what is stored about them is recorded."""
    offers = Deadlines(site.parts.store, site.parts.world.policy, history)
    yield offers
    await offers.settle()


def _due_after(kind: str, policy: Policy) -> timedelta:
    """How long after an offer its vendor is warned, or it expires."""
    wait = lifetimes.match_wait(a_match(), policy)
    assert wait is not None
    return (wait.until if kind == "expire" else wait.warned_at) - wait.since


def _account_of(vendor: Vendor) -> Account:
    email = f"{vendor.id}@vendors.example"
    return an_account(id=vendor.id, role=Role.VENDOR, email=email, phone=None)


async def _facts(store: MongoStore, effects: list[Effect]) -> Counter[str]:
    """How often each fact of `effects.facts` is stored about these offers."""

    async def find(name: str, **condition: Any) -> list[Document]:
        found: list[Document] = await store.database[name].find(condition).to_list(None)
        return found

    of_rfis = {"$in": [effect.rfi_id for effect in effects]}
    offers = {effect.mark for effect in effects}
    matches = await find("matches", rfi_id=of_rfis)
    rfi_of = {match["_id"]: match["rfi_id"] for match in matches}
    at_vendor = {match["vendor_id"]: match["rfi_id"] for match in matches}
    counts: Counter[str] = Counter()
    for match in matches:
        if match["_id"] not in offers:
            counts[f"{match['state']} to the next vendor {match['rfi_id']}"] += 1
        elif match["state"] != "offered":
            counts[f"{match['closed_reason']} {match['_id']}"] += 1
    for rfi in await find("rfis", _id=of_rfis):
        counts[f"place on the RFI {rfi['_id']}"] += rfi["match_count"]
    for vendor in await find("vendors", _id={"$in": list(at_vendor)}):
        counts[f"place of a vendor {at_vendor[vendor['_id']]}"] += vendor["open_matches"]
    for timer in await find("timers", subject_id={"$in": list(rfi_of)}):
        counts[f"timer {timer['kind']} {rfi_of[timer['subject_id']]}"] += 1
    for decision in await find("decisions", subject_id={"$in": [*of_rfis["$in"], *offers]}):
        counts[f"decision {decision['kind']} {decision['subject_id']}"] += 1
    for event in await find("outbox", key=of_rfis):
        match = json.loads(event["value"])["data"]["match"]
        counts[f"{event['name']} {match['rfi_id']}"] += 1
    for notification in await find("notifications", **{"data.rfi_id": of_rfis}):
        told = f"{notification['channel']} {notification['kind']}"
        counts[f"{told} {notification['data']['rfi_id']}"] += 1
    return counts
