"""Each action tells accounts what it told them before, now with a number, in its transaction."""

from datetime import timedelta
from typing import Any

import pytest

from marketplace.actions import (
    awards,
    blocks,
    feeds,
    lifetimes,
    matches,
    offers,
    quotes,
    rfis,
    vendors,
)
from marketplace.domain.account_feed import MAX_ITEMS, FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.feeds import MAX_PAGE_BYTES, ItemPage
from marketplace.domain.timers import TimerKind
from marketplace.domain.visibility import LIMITED, Rule
from marketplace.errors import Code
from marketplace.schemas.socket import PUSHES
from tests.builders import NOW, a_conversation
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.waiting import claim

ADMIN = Actor("admin-1", Role.ADMIN)


async def _feed(stage: Stage, actor: Actor) -> list[FeedItem]:
    return await stage.store.feed.after(actor.account_id, 0, 200)


async def _names(stage: Stage, actor: Actor) -> list[str]:
    return [item.name for item in await _feed(stage, actor)]


def _pushed(stage: Stage, actor: Actor) -> list[tuple[int | None, str, dict[str, Any]]]:
    room = f"account:{actor.account_id}"
    return [
        (announcement.position, announcement.name, announcement.data)
        for announcement in stage.live.announcements
        if announcement.room == room
    ]


async def test_stored_items_equal_the_pushes(stage: Stage) -> None:
    """From the offer to the award, each account's items and pushes are the same, in order."""
    customer, winner, loser = (
        await stage.customer(),
        await stage.vendor(),
        await stage.vendor(),
    )
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(winner, rfi)
    await awards.award(stage.world, customer, rfi.id, rfi.revision, quote.id, quote.revision)

    assert await _names(stage, winner) == [
        "match.offered",
        "match.updated",
        "quote.submitted",
        "quote.updated",
        "rfi.awarded",
    ]
    assert await _names(stage, loser) == ["match.offered", "match.updated", "rfi.awarded"]
    for actor in (customer, winner, loser):
        assert _pushed(stage, actor) == [
            (item.position, item.name, {**item.data, "position": item.position})
            for item in await _feed(stage, actor)
        ]


@pytest.mark.parametrize("end", ["declined", "withdrawn", "suspended", "expired"])
async def test_every_other_end_of_an_offer_is_an_item(stage: Stage, end: str) -> None:
    """Whoever ends an offer, and why, both sides have an item about it."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    offer = (await stage.offered(rfi))[vendor.account_id]

    if end == "declined":
        await matches.decline(stage.world, vendor, offer.id, None)
    elif end == "withdrawn":
        await rfis.withdraw(stage.world, customer, rfi.id, rfi.revision)
    elif end == "suspended":
        await vendors.decide(stage.world, ADMIN, vendor.account_id, "suspend", "complaints")
        await offers.close_departed(stage.world, ADMIN, vendor.account_id)
    else:
        stage.clock.advance(days=3)
        for timer in await claim(stage, TimerKind.OFFER_EXPIRY):
            await lifetimes.expire_match(stage.world, timer)

    for actor in (customer, vendor):
        told = [item for item in await _feed(stage, actor) if item.data.get("id") == offer.id]
        assert [item.name for item in told] == ["match.offered", "match.updated"]
        assert told[-1].data["state"] == ("declined" if end == "declined" else "closed")


@pytest.mark.parametrize("end", ["withdrawn", "declined", "expired"])
async def test_every_end_of_a_quote_is_an_item(stage: Stage, end: str) -> None:
    """Whoever ends a quote, both sides have an item that says why."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(vendor, rfi, valid_until=NOW + timedelta(hours=1))

    if end == "withdrawn":
        await quotes.withdraw(stage.world, vendor, quote.id, "Fully booked")
    elif end == "declined":
        await quotes.decline(stage.world, customer, quote.id, None, "Too dear")
    else:
        stage.clock.advance(hours=2)
        for timer in await claim(stage, TimerKind.QUOTE_EXPIRY):
            await lifetimes.expire_quote(stage.world, timer)

    for actor in (customer, vendor):
        told = [item for item in await _feed(stage, actor) if item.data.get("id") == quote.id]
        assert [item.name for item in told] == ["quote.submitted", "quote.updated"]
        assert told[-1].data["closed_reason"] == end
        assert told[-1].at == stage.clock.now()


async def test_an_outdated_and_a_confirmed_quote_are_items_of_their_moment(stage: Stage) -> None:
    """The revision is when the quote became outdated, although its own row did not change."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(vendor, rfi)
    stage.clock.advance(hours=1)

    await rfis.revise(stage.world, customer, rfi.id, None, {"description": "Both taps."})
    await quotes.confirm(stage.world, vendor, quote.id, None)

    for actor in (customer, vendor):
        outdated, confirmed = (await _feed(stage, actor))[-2:]
        assert {item.name for item in (outdated, confirmed)} == {"quote.updated"}
        assert outdated.data["outdated_by_revision"] == rfi.revision + 1
        assert outdated.at == NOW + timedelta(hours=1)
        assert confirmed.data["confirmed_rfi_revision"] == rfi.revision + 1
        assert confirmed.data["outdated_by_revision"] is None


async def test_a_cancelled_award_is_told_to_everybody_that_it_brings_back(stage: Stage) -> None:
    """Each match and quote that is open again, in the order of the pushes."""
    customer, winner, silent = (
        await stage.customer(),
        await stage.vendor(),
        await stage.vendor(),
    )
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(winner, rfi)
    await awards.award(stage.world, customer, rfi.id, rfi.revision, quote.id, quote.revision)
    before = {actor: len(await _feed(stage, actor)) for actor in (customer, winner, silent)}

    await awards.cancel(stage.world, customer, rfi.id, None, None)

    assert (await _names(stage, winner))[before[winner] :] == ["match.updated", "quote.updated"]
    assert (await _names(stage, silent))[before[silent] :] == ["match.offered"]
    for actor in (customer, winner, silent):
        assert _pushed(stage, actor) == [
            (item.position, item.name, {**item.data, "position": item.position})
            for item in await _feed(stage, actor)
        ]


async def test_a_block_is_an_item_of_each_side_in_its_own_view(stage: Stage) -> None:
    """Blocking again tells nobody anything."""
    conversation = a_conversation()
    await stage.store.conversations.add(conversation)
    customer = Actor(conversation.participants[0].account_id, Role.CUSTOMER)
    vendor = Actor(conversation.participants[1].account_id, Role.VENDOR)

    for _ in range(2):
        await blocks.block(stage.world, customer, conversation.id)

    about = {"conversation_id": conversation.id, "is_open": False}
    (told,) = await _feed(stage, customer)
    assert told.data == {**about, "blocked_by_me": True}
    (told,) = await _feed(stage, vendor)
    assert told.data == {**about, "blocked_by_me": False}


async def test_an_admins_decision_is_an_item_of_the_vendor(stage: Stage) -> None:
    """The new state with the reason, and nothing of the profile."""
    vendor = await stage.vendor()

    await vendors.decide(stage.world, ADMIN, vendor.account_id, "suspend", "complaints")
    stage.clock.advance(seconds=1)
    await vendors.decide(stage.world, ADMIN, vendor.account_id, "reinstate", "cleared")

    told = await _feed(stage, vendor)
    assert [item.name for item in told] == ["vendor.decided"] * 2
    assert told[0].data == {
        "vendor_id": vendor.account_id,
        "state": "suspended",
        "state_reason": "complaints",
        "updated_at": "2040-05-17T09:30:00.000Z",
        "review": {
            "outcome": "suspended",
            "reason": "complaints",
            "steps": [],
            "is_of_changes": False,
            "at": "2040-05-17T09:30:00.000Z",
        },
    }
    assert told[1].data["state"] == "active"
    assert PUSHES["vendor.decided"].payload.validate({**told[0].data, "position": 1}) == {}


async def test_a_refused_action_adds_no_item(stage: Stage) -> None:
    """No item without its cause, and no gap in the numbers."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    offer = (await stage.offered(rfi))[vendor.account_id]
    before = stage.store.tables.snapshot()

    stranger = Actor("somebody", Role.VENDOR)
    assert await refused(matches.accept(stage.world, stranger, offer.id)) is Code.NOT_FOUND
    withdrawn = rfis.withdraw(stage.world, customer, rfi.id, rfi.revision - 1)
    assert await refused(withdrawn) is Code.STALE_REVISION

    assert stage.store.tables.snapshot() == before


def test_no_item_contains_content_of_an_rfi() -> None:
    """An item stays readable after its account has lost the RFI, so it has no part of its content."""
    content = {name for name, rule in LIMITED.items() if rule is not Rule.SHOWN} | {
        "title",
        "description",
        "area",
        "attributes",
    }
    in_feeds = {
        name: push.payload for name, push in PUSHES.items() if "position" in push.payload.fields
    }

    assert in_feeds.keys() == {
        "conversation.assigned",
        "conversation.updated",
        "match.offered",
        "match.updated",
        "quote.submitted",
        "quote.updated",
        "rfi.awarded",
        "team.updated",
        "vendor.decided",
        "notification.created",
    }
    for name, payload in in_feeds.items():
        assert not content & payload.fields.keys(), name


async def _told(stage: Stage, count: int, data: dict[str, Any] | None = None) -> None:
    items = [FeedItem("carla", "match.offered", data or {}, NOW) for _ in range(count)]
    await stage.store.transact(lambda tx: tx.feed.append(items))


async def _read(stage: Stage, after: int | None = None, **named: Any) -> ItemPage:
    arguments: dict[str, Any] = {"before": None, "epoch": None, "limit": 10, **named}
    return await feeds.read_items(stage.store, "carla", after=after, **arguments)


def _numbers(page: ItemPage) -> list[int]:
    return [item.position for item in page.items]


async def test_a_read_continues_after_a_position(stage: Stage) -> None:
    """Page by page up to the end; at the end there is nothing, and it is no snapshot."""
    await _told(stage, 25)

    first, last, end = (
        await _read(stage, 0),
        await _read(stage, 20),
        await _read(stage, 25),
    )

    assert (_numbers(first), first.has_more) == (list(range(1, 11)), True)
    assert (_numbers(last), last.has_more) == (list(range(21, 26)), False)
    assert (end.items, end.has_more) == ([], False)
    assert {page.is_snapshot for page in (first, last, end)} == {False}
    assert {page.position for page in (first, last, end)} == {25}


async def test_a_read_without_a_position_returns_the_newest(stage: Stage) -> None:
    """A snapshot says whether there is more before it."""
    await _told(stage, 15)

    newest = await _read(stage)
    older = await _read(stage, before=newest.items[0].position)

    assert (_numbers(newest), newest.has_more, newest.is_snapshot) == (
        list(range(6, 16)),
        True,
        True,
    )
    assert (_numbers(older), older.has_more) == (list(range(1, 6)), False)


async def test_an_empty_feed_is_at_0(stage: Stage) -> None:
    """Its first push has the number 1."""
    for after in (None, 0):
        page = await _read(stage, after)
        assert (page.items, page.position, page.has_more) == ([], 0, False)


@pytest.mark.parametrize(
    "named", [{"after": 16}, {"after": 3, "epoch": "other"}, {"before": 99}], ids=str
)
async def test_a_position_of_another_history_gets_a_snapshot(
    stage: Stage, named: dict[str, Any]
) -> None:
    """Above the feed's position, or of another epoch."""
    await _told(stage, 15)

    page = await _read(stage, **{"after": None, **named})

    assert (_numbers(page), page.is_snapshot) == (list(range(6, 16)), True)


async def test_a_reader_behind_the_retention_gets_a_snapshot(stage: Stage) -> None:
    """And not the oldest items that happen to be left."""
    await _told(stage, MAX_ITEMS + 50)

    lost, kept = await _read(stage, 49), await _read(stage, 50)

    assert (_numbers(lost)[-1], lost.is_snapshot) == (MAX_ITEMS + 50, True)
    assert (_numbers(kept)[0], kept.is_snapshot) == (51, False)


async def test_a_feed_without_items_keeps_its_position(stage: Stage) -> None:
    """After three months of silence an app continues with the right number."""
    await _told(stage, 3)
    stage.store.tables.feed_items.clear()

    page = await _read(stage, 1)

    assert (page.items, page.position, page.is_snapshot, page.has_more) == ([], 3, True, False)
    assert not (await _read(stage, 3)).is_snapshot


async def test_a_reader_ahead_of_the_majority_keeps_its_position(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an election a majority may have 3, the primary 7; a reader at 5 must not skip 6 and 7."""

    async def newest_head(_: str) -> int:
        return 7

    await _told(stage, 3)
    monkeypatch.setattr(stage.store.feed, "newest_head", newest_head)

    page = await _read(stage, 5)

    assert (page.items, page.position, page.is_snapshot, page.has_more) == ([], 5, False, False)


async def test_a_page_of_items_is_bounded_in_bytes(stage: Stage) -> None:
    """Two hundred long quotes would be a megabyte."""
    await _told(stage, 100, {"message": "x" * 4_000})

    newest, first = await _read(stage, limit=100), await _read(stage, 0, limit=100)

    assert 40 < len(newest.items) <= MAX_PAGE_BYTES // 4_000
    assert (newest.items[-1].position, newest.has_more) == (100, True)
    assert (first.items[0].position, first.has_more) == (1, True)
