"""Events become notifications, once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from marketplace.domain.notifications import NotificationState
from marketplace.ports import World, account_room
from marketplace.storage import MongoStore
from notify.handler import Handler
from notify.rules import AT_ONCE_S
from tests import memory
from tests.builders import NOW, a_quote, a_revision, an_account, an_rfi
from tests.notify.helpers import (
    a_case,
    event_names,
    keep,
    of_account,
    of_match,
    of_quote,
    of_rfi,
    only,
)

PENDING, SUPPRESSED = NotificationState.PENDING, NotificationState.SUPPRESSED


async def test_an_offer_creates_an_email_and_an_sms(
    handler: Handler, world: World, live: memory.Live
) -> None:
    """The email and the SMS are due at once, complete, and announced to the account."""
    case = await keep(world.store, a_case())
    event = of_match("match.offered", case.match)

    await handler.handle(event)

    found = await of_account(world.store, case.vendor.id)
    assert sorted(notification.channel for notification in found) == ["email", "sms"]
    assert {
        (notification.event_id, notification.kind, notification.state, notification.due_at)
        for notification in found
    } == {(event.id, "match_offered", PENDING, NOW + timedelta(seconds=AT_ONCE_S))}
    assert found[0].data == {
        "title": case.rfi.title,
        "category": "plumbing",
        "distance_m": 1_000,
        "rfi_id": case.rfi.id,
        "path": f"/rfis/{case.rfi.id}",
    }
    pushed = live.named("notification.created")
    assert [push.room for push in pushed] == [account_room(case.vendor.id)] * 2
    assert {push.data["id"] for push in pushed} == {notification.id for notification in found}


async def test_a_vendor_without_a_phone_gets_no_sms(handler: Handler, world: World) -> None:
    """A vendor without a phone gets only the email."""
    case = a_case()
    case = await keep(world.store, replace(case, vendor=replace(case.vendor, phone=None)))

    await handler.handle(of_match("match.offered", case.match))

    assert (await only(world.store, case.vendor.id)).channel == "email"


async def test_a_redelivered_event_changes_nothing(
    handler: Handler, world: World, store: MongoStore, live: memory.Live
) -> None:
    """A redelivered event adds no notification, no event and no announcement."""
    case = await keep(world.store, a_case())
    event = of_match("match.offered", case.match)

    for _ in range(3):
        await handler.handle(event)

    assert len(await of_account(world.store, case.vendor.id)) == 2
    assert await event_names(store) == ["notification.created"] * 2
    assert len(live.announcements) == 2


async def test_concurrent_deliveries_of_one_event_have_one_effect(
    world: World, store: MongoStore
) -> None:
    """Ten deliveries of one event at the same time, as after a rebalance, have one effect."""
    case = await keep(world.store, a_case())
    event = of_match("match.offered", case.match)
    handlers = [Handler(world, lambda: None) for _ in range(10)]

    await asyncio.gather(*(handler.handle(event) for handler in handlers))

    assert len(await of_account(world.store, case.vendor.id)) == 2
    assert await event_names(store) == ["notification.created"] * 2


async def test_an_absent_customer_is_notified_of_a_quote(handler: Handler, world: World) -> None:
    """An absent customer is notified of a quote, with its figures."""
    case = await keep(world.store, a_case())
    quote = a_quote(
        rfi_id=case.rfi.id, customer_id=case.customer.id, conversation_id=case.conversation.id
    )

    await handler.handle(of_quote("quote.submitted", quote))

    notification = await only(world.store, case.customer.id)
    assert (notification.kind, notification.channel, notification.data["amount_minor"]) == (
        "quote_submitted",
        "email",
        25_000,
    )


async def test_vendors_that_accepted_are_notified_of_a_material_change(
    handler: Handler, world: World
) -> None:
    """Vendors that accepted are read from the store and notified of a material change."""
    case = await keep(world.store, a_case())

    await handler.handle(of_rfi("rfi.revised", replace(case.rfi, revision=2), "budget"))

    assert (await only(world.store, case.vendor.id)).kind == "rfi_revised"


async def test_events_that_concern_nobody_write_nothing(
    handler: Handler, world: World, store: MongoStore
) -> None:
    """An event that concerns nobody writes nothing, not even a mark."""
    case = await keep(world.store, a_case())

    await handler.handle(of_match("match.accepted", case.match))
    await handler.handle(of_rfi("rfi.submitted", case.rfi, "state"))

    assert await store.database["handled_events"].count_documents({}) == 0


async def test_an_event_about_a_deleted_account_is_skipped(handler: Handler, world: World) -> None:
    """An event about a deleted account is neither retried forever nor dead-lettered."""
    rfi = an_rfi()
    await world.store.rfis.add(rfi, a_revision(rfi))
    gone = an_account()
    quote = a_quote(rfi_id=rfi.id, customer_id=gone.id)

    await handler.handle(of_quote("quote.submitted", quote))

    assert await of_account(world.store, gone.id) == []


async def test_a_quote_to_a_connected_customer_writes_nothing(
    handler: Handler, world: World, store: MongoStore
) -> None:
    """A quote to a connected customer writes neither a notification nor a mark."""
    case = await keep(world.store, a_case())
    await world.presence.connected(case.customer.id)
    quote = a_quote(rfi_id=case.rfi.id, customer_id=case.customer.id)

    await handler.handle(of_quote("quote.submitted", quote))

    assert await of_account(world.store, case.customer.id) == []
    assert await store.database["handled_events"].count_documents({}) == 0
