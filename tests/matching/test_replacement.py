"""Whoever drops out is replaced by the next closest vendor, exactly once."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest
import pytest_asyncio

from marketplace import events
from marketplace.actions import conversations, lifetimes, matches, rfis, vendors
from marketplace.actions.events import rfi_event
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.decisions import Decision
from marketplace.domain.lifetimes import EXPIRY
from marketplace.domain.matches import LIVE_STATES, Match, MatchState
from marketplace.domain.matching import CLOSEST, DEPARTURE
from marketplace.domain.rfis import Rfi
from marketplace.domain.timers import TimerKind
from marketplace.domain.vendors import Vendor
from marketplace.errors import TemporaryError
from marketplace.events import Event, decode, encode
from marketplace.ports import World
from marketplace.settings import Settings
from marketplace.storage import MongoStore, open_store
from marketplace.storage.documents import from_document
from marketplace.storage.entry_writer import EntryWriter
from marketplace.timer_runner import TimerRunner
from matching.handler import Handler
from tests import memory
from tests.builders import (
    NOW,
    FixedClock,
    a_revision,
    a_vendor_north,
    an_account,
    an_actor,
    an_rfi,
)

T = TypeVar("T")
RULES = {(rule.name, rule.version): rule for rule in (CLOSEST, DEPARTURE, EXPIRY)}
PLACES, RFIS = 16, 4
LATE = timedelta(milliseconds=1)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that the test advances."""
    return FixedClock()


@pytest.fixture
def world(store: MongoStore, clock: FixedClock) -> World:
    """The MongoDB store, with everything else in memory."""
    return replace(memory.a_world(clock=clock), store=store)


@pytest_asyncio.fixture
async def elsewhere(settings: Settings, world: World) -> AsyncIterator[World]:
    """Another process: the same database over another connection."""
    store = await open_store(settings)
    yield replace(world, store=store)
    await store.close()


async def keep(store: MongoStore, *kept: Vendor) -> None:
    """Store vendors."""
    for vendor in kept:
        await store.vendors.add(vendor)


async def an_open_rfi(world: World, **named: object) -> Rfi:
    """An open RFI of a customer, offered to the closest vendors."""
    account = an_account()
    await world.store.accounts.add(account)
    rfi = an_rfi(customer_id=account.id, **named)
    await world.store.rfis.add(rfi, a_revision(rfi))
    submitted = rfi_event("rfi.submitted", rfi, a_revision(rfi), an_actor())
    await Handler(world).handle(decode(encode(submitted)))
    return rfi


async def happened(store: MongoStore, *names: str) -> list[Event]:
    """The events in the outbox with these names, as Kafka delivers them."""
    found = store.database["outbox"].find({"name": {"$in": list(names)}}, sort=[("_id", 1)])
    return [events.decode(document["value"]) for document in await found.to_list(None)]


async def deliver(worlds: tuple[World, ...], delivered: list[Event]) -> None:
    """Handle events as a group does: in order for each RFI, RFIs side by side, some twice."""
    by_key: dict[str, list[Event]] = {}
    for event in delivered:
        by_key.setdefault(event.key, []).append(event)

    async def partition(number: int, of_key: list[Event]) -> None:
        for event in [*of_key, *of_key[-3:]]:
            await Handler(worlds[number % len(worlds)]).handle(event)

    await asyncio.gather(*(partition(n, of_key) for n, of_key in enumerate(by_key.values())))


async def live_of(store: MongoStore, rfi_id: str) -> list[Match]:
    """The matches that count, closest first."""
    return [match for match in await store.matches.of_rfi(rfi_id) if match.state in LIVE_STATES]


async def counts_are_exact(store: MongoStore) -> None:
    """Every RFI's and every vendor's count is the number of its live matches, within its limit."""
    found = (
        await store.database["matches"].find({"state": {"$in": list(LIVE_STATES)}}).to_list(None)
    )
    async for rfi in store.database["rfis"].find({"state": "open"}):
        count = sum(match["rfi_id"] == rfi["_id"] for match in found)
        assert rfi["match_count"] == count <= rfi["max_vendors"]
    async for vendor in store.database["vendors"].find():
        count = sum(match["vendor_id"] == vendor["_id"] for match in found)
        assert vendor["open_matches"] == count <= vendor["capacity"]


async def decisions_recompute(store: MongoStore) -> list[Decision]:
    """Every stored decision is what its rule makes of its inputs; returns them, oldest first."""
    documents = await store.database["decisions"].find(sort=[("_id", 1)]).to_list(None)
    found = [from_document(document, Decision) for document in documents]
    for decision in found:
        ruling = RULES[decision.rule, decision.rule_version].decide(decision.inputs)
        assert (ruling.outcome, ruling.reasons) == (decision.outcome, decision.reasons)
    return found


async def test_a_vendor_that_declines_is_replaced_by_the_next_closest(
    world: World, store: MongoStore
) -> None:
    """The decision says who was considered, and who was passed over and why."""
    first, second, full, third, fourth = (
        a_vendor_north(km * 1_000, capacity=0 if km == 3 else 5) for km in (1, 2, 3, 4, 5)
    )
    await keep(store, first, second, full, third, fourth)
    rfi = await an_open_rfi(world, max_vendors=2)
    offer, _ = await live_of(store, rfi.id)

    await matches.decline(world, Actor(first.id, Role.VENDOR), offer.id, "Too far")
    await deliver((world,), await happened(store, "match.declined"))

    assert [match.vendor_id for match in await live_of(store, rfi.id)] == [second.id, third.id]
    await counts_are_exact(store)
    _, decision = await decisions_recompute(store)
    assert decision.outcome == {"places": 1, "offered": [third.id], "closed": []}
    assert decision.reasons == {
        first.id: "asked_before",
        second.id: "asked_before",
        full.id: "at_capacity",
        fourth.id: "others_are_closer",
    }
    considered = {nearby["vendor_id"]: nearby for nearby in decision.inputs["candidates"]}
    assert considered.keys() == {third.id, fourth.id}
    assert considered[third.id]["distance_m"] == pytest.approx(4_000, abs=10)


async def test_an_expired_offer_brings_the_next_one(
    world: World, store: MongoStore, clock: FixedClock
) -> None:
    """From the timer to the event to the offer; the next offer has its own time."""
    first, second = a_vendor_north(1_000), a_vendor_north(2_000)
    await keep(store, first, second)
    rfi = await an_open_rfi(world, max_vendors=1)
    clock.advance(days=3)

    runner = TimerRunner(world, {TimerKind.OFFER_EXPIRY: partial(lifetimes.expire_match, world)})
    assert await runner.handle_due(TimerKind.OFFER_EXPIRY) == 1
    await deliver((world,), await happened(store, "match.closed"))

    (live,) = await live_of(store, rfi.id)
    assert (live.vendor_id, live.offered_at) == (second.id, clock.now())
    await counts_are_exact(store)
    assert await runner.handle_due(TimerKind.OFFER_EXPIRY) == 0


async def test_an_rfi_that_ended_asks_nobody(world: World, store: MongoStore) -> None:
    """The closings that follow from its end bring no vendor."""
    await keep(store, a_vendor_north(1_000), a_vendor_north(2_000))
    rfi = await an_open_rfi(world, max_vendors=1)
    await rfis.withdraw(world, Actor(rfi.customer_id, Role.CUSTOMER), rfi.id, rfi.revision)

    await deliver((world,), await happened(store, "match.closed"))

    assert await live_of(store, rfi.id) == []
    assert len(await store.matches.of_rfi(rfi.id)) == 1


async def test_a_suspended_vendor_is_replaced_everywhere(world: World, store: MongoStore) -> None:
    """On each of its open RFIs, whether it was offered or had accepted it."""
    leaving, next_one = a_vendor_north(1_000), a_vendor_north(2_000)
    await keep(store, leaving, next_one)
    opened = [await an_open_rfi(world, max_vendors=1) for _ in range(3)]
    (accepted,) = await live_of(store, opened[0].id)
    await matches.accept(world, Actor(leaving.id, Role.VENDOR), accepted.id)

    await vendors.decide(world, an_actor(Role.ADMIN), leaving.id, "suspend", "Complaints.")
    await deliver((world,), await happened(store, "vendor.suspended"))
    await deliver((world,), await happened(store, "match.closed"))

    for rfi in opened:
        assert [match.vendor_id for match in await live_of(store, rfi.id)] == [next_one.id]
    await counts_are_exact(store)
    await decisions_recompute(store)


async def test_sixty_four_declines_at_once_are_replaced_exactly(
    world: World, elsewhere: World, store: MongoStore
) -> None:
    """Through two processes: no place is lost or filled twice, and nobody is asked twice."""
    near = [a_vendor_north(number * 10, capacity=RFIS) for number in range(1, PLACES + 1)]
    far = [a_vendor_north(1_000 + n * 10, capacity=RFIS) for n in range(1, PLACES + 1)]
    await keep(store, *near, *far)
    opened = [await an_open_rfi(world, max_vendors=PLACES) for _ in range(RFIS)]
    offers = [match for rfi in opened for match in await live_of(store, rfi.id)]
    assert len(offers) == 64

    await asyncio.gather(
        *(
            insisting(partial(matches.decline, where, _vendor(offer), offer.id, None))
            for offer, where in zip(offers, (world, elsewhere) * 32, strict=True)
        )
    )
    await deliver((world, elsewhere), await happened(store, "match.declined"))

    for rfi in opened:
        live = await live_of(store, rfi.id)
        assert {match.vendor_id for match in live} == {vendor.id for vendor in far}
        assert len(await store.matches.of_rfi(rfi.id)) == 2 * PLACES
    await counts_are_exact(store)
    await decisions_recompute(store)


async def test_only_one_of_a_concurrent_acceptance_decline_and_expiry_succeeds(
    world: World, elsewhere: World, store: MongoStore, clock: FixedClock
) -> None:
    """64 offers at their last moment; the process of the timers is a millisecond ahead."""
    await keep(store, *(a_vendor_north(n * 10, capacity=RFIS) for n in range(1, PLACES + 1)))
    opened = [await an_open_rfi(world, max_vendors=PLACES) for _ in range(RFIS)]
    offers = [match for rfi in opened for match in await live_of(store, rfi.id)]
    clock.advance(days=3)
    ahead = replace(elsewhere, clock=FixedClock(clock.now()))
    clock.at -= LATE
    at_vendors = replace(elsewhere, clock=clock)
    claimed = [
        due
        for _ in range(2)
        for due in await elsewhere.store.timers.claim(
            TimerKind.OFFER_EXPIRY, ahead.clock.now(), 40, NOW + timedelta(days=4)
        )
    ]
    assert len(claimed) == len(offers) == 64

    outcomes = await asyncio.gather(
        *(
            answer
            for offer, due in zip(offers, claimed, strict=True)
            for answer in (
                insisting(partial(matches.accept, world, _vendor(offer), offer.id)),
                insisting(partial(lifetimes.expire_match, ahead, due)),
                insisting(partial(matches.decline, at_vendors, _vendor(offer), offer.id, None)),
            )
        ),
        return_exceptions=True,
    )

    answers = [out for out in outcomes if isinstance(out, Match)]
    expired = [out for out in outcomes if out is True]
    assert len(answers) + len(expired) == 64
    ended = [match for rfi in opened for match in await store.matches.of_rfi(rfi.id)]
    assert {match.state for match in ended} <= {
        MatchState.ACCEPTED,
        MatchState.DECLINED,
        MatchState.CLOSED,
    }
    assert len(await happened(store, "match.accepted", "match.declined", "match.closed")) == 64
    await counts_are_exact(store)
    offer_timers = {"kind": {"$in": [TimerKind.OFFER_EXPIRY, TimerKind.OFFER_WARNING]}}
    assert await store.database["timers"].count_documents(offer_timers) == 0


async def test_a_last_minute_answer_counts_or_comes_after_the_notice(
    world: World, elsewhere: World, store: MongoStore, clock: FixedClock
) -> None:
    """64 vendors write when their time ends: those who wrote in time stay, the others are taken off."""
    writing = replace(world, entry_log=EntryWriter(store.entries))
    await keep(store, *(a_vendor_north(n * 10, capacity=RFIS) for n in range(1, PLACES + 1)))
    opened = [await an_open_rfi(world, max_vendors=PLACES) for _ in range(RFIS)]
    offers = [match for rfi in opened for match in await live_of(store, rfi.id)]
    accepted = [await matches.accept(world, _vendor(offer), offer.id) for offer in offers]
    now = clock.advance(days=3)
    claimed = await store.timers.claim(TimerKind.ANSWER_EXPIRY, now, 64, now + LATE)
    assert len(claimed) == 64

    async def write(match: Match) -> None:
        conversation_id = match.conversation_id or ""
        conversation = await conversations.own_conversation(
            writing, _vendor(match), conversation_id
        )
        await conversations.send_message(
            writing,
            _vendor(match),
            conversation,
            client_message_id="last",
            body="I can come on Friday.",
            attachment_ids=[],
        )

    await asyncio.gather(
        *(insisting(partial(write, match)) for match in accepted),
        *(insisting(partial(lifetimes.expire_match, elsewhere, due)) for due in claimed),
    )

    states = Counter[MatchState]()
    for match in accepted:
        entries = await store.entries.after(match.conversation_id or "", 0, 10)
        kept = await store.matches.get(match.id)
        assert kept is not None
        states[kept.state] += 1
        order = [entry.code or "message" for entry in entries]
        is_off = kept.state is MatchState.CLOSED
        assert order == ["participant_joined", *(["match_closed"] if is_off else []), "message"]
    assert states.keys() <= {MatchState.ACCEPTED, MatchState.CLOSED}
    await counts_are_exact(store)
    await decisions_recompute(store)


async def insisting(attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat what conflicts with so many others that its transaction gives up, as clients do."""
    while True:
        with contextlib.suppress(TemporaryError):
            return await attempt()


def _vendor(offer: Match) -> Actor:
    return Actor(offer.vendor_id, Role.VENDOR)
