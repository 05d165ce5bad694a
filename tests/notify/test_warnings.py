"""Whoever is waited for is warned once, before it is too late, and not for nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.domain import lifetimes
from marketplace.domain.lifetimes import MOST_NOTICE
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.notifications import Notification
from marketplace.domain.policy import Policy
from marketplace.domain.rfis import RfiState
from marketplace.domain.timers import Timer, TimerKind
from marketplace.domain.vendor_documents import DocumentState
from marketplace.ports import World
from marketplace.timer_runner import TimerRunner
from notify.warnings import WARNING_KINDS, Warnings
from tests import memory
from tests.builders import NOW, FixedClock, a_message, a_quote
from tests.notify.helpers import Case, a_case, keep, of_account
from tests.rows import a_document

DAY = timedelta(days=1)

HandleDue = Callable[[], Awaitable[None]]


@pytest.fixture
def clock() -> FixedClock:
    """A clock that the test advances."""
    return FixedClock()


@pytest.fixture
def live() -> memory.Live:
    """Records what is pushed."""
    return memory.Live()


@pytest.fixture
def world(clock: FixedClock, live: memory.Live) -> World:
    """A world in memory."""
    return memory.a_world(clock=clock, live=live, store=memory.Store(clock))


@pytest.fixture
def woken() -> list[bool]:
    """How often the worker was woken."""
    return []


@pytest.fixture
def handle_due(world: World, woken: list[bool]) -> HandleDue:
    """Handles all warnings that are due now."""
    warnings = Warnings(world, lambda: woken.append(True))
    runner = TimerRunner(world, dict.fromkeys(WARNING_KINDS, warnings.handle))

    async def handle() -> None:
        for kind in WARNING_KINDS:
            while await runner.handle_due(kind):
                pass

    return handle


async def set_timers(world: World, case: Case, *, offered: bool = False) -> Match:
    """Store a case with the timers of its RFI and its match."""
    match = case.match
    if offered:
        match = replace(match, state=MatchState.OFFERED, conversation_id=None)
    await keep(world.store, replace(case, match=match))
    timers = lifetimes.timers_of_rfi(case.rfi, world.policy)
    await world.store.timers.set_many(timers + lifetimes.timers_of_match(match, world.policy))
    return match


def kinds(notifications: list[Notification]) -> list[str]:
    """What was told, by which channel."""
    return [f"{notification.kind} {notification.channel}" for notification in notifications]


async def test_a_customer_is_warned_three_days_before_a_request_expires(
    world: World, clock: FixedClock, live: memory.Live, handle_due: HandleDue, woken: list[bool]
) -> None:
    """By email and live, once, with the time that is left; not a moment earlier."""
    case = a_case()
    case = replace(case, rfi=replace(case.rfi, needed_by=NOW + 20 * DAY))
    await set_timers(world, case)
    await world.store.matches.save(
        replace(case.match, state=MatchState.CLOSED), MatchState.ACCEPTED
    )

    clock.advance(days=17, milliseconds=-1)
    await handle_due()
    assert await of_account(world.store, case.customer.id) == []
    clock.advance(milliseconds=1)
    await handle_due()
    await handle_due()

    (warning,) = await of_account(world.store, case.customer.id)
    assert kinds([warning]) == ["rfi_expiring email"]
    assert warning.data["left_s"] == MOST_NOTICE.total_seconds()
    assert warning.data["is_draft"] is False
    assert warning.data["path"] == f"/rfis/{case.rfi.id}"
    pushed = live.named("notification.created")
    assert [announcement.data["account_id"] for announcement in pushed] == [case.customer.id]
    assert woken == [True]


async def test_a_warning_about_a_draft_says_so(
    world: World, clock: FixedClock, handle_due: HandleDue
) -> None:
    """The email says what the customer can do with it."""
    case = a_case()
    draft = replace(case.rfi, state=RfiState.DRAFT, submitted_at=None, needed_by=None)
    await set_timers(world, replace(case, rfi=draft), offered=True)

    clock.advance(days=27)
    await handle_due()

    (warning,) = await of_account(world.store, case.customer.id)
    assert warning.data["is_draft"] is True


async def test_a_vendor_is_warned_of_its_offer(
    world: World, clock: FixedClock, handle_due: HandleDue
) -> None:
    """With a link to the request, eighteen hours before the end."""
    case = a_case()
    match = await set_timers(world, case, offered=True)

    clock.advance(hours=54)
    await handle_due()

    (warning,) = await of_account(world.store, case.vendor.id)
    assert kinds([warning]) == ["offer_expiring email"]
    assert warning.data["left_s"] == 18 * 3_600
    assert warning.data["path"] == f"/rfis/{match.rfi_id}"


async def test_a_vendor_that_accepted_and_is_silent_is_warned(
    world: World, clock: FixedClock, handle_due: HandleDue
) -> None:
    """With a link to the conversation."""
    case = a_case()
    await set_timers(world, case)

    clock.advance(hours=54)
    await handle_due()

    (warning,) = await of_account(world.store, case.vendor.id)
    assert kinds([warning]) == ["answer_expiring email"]
    assert warning.data["path"] == f"/conversations/{case.conversation.id}"


@pytest.mark.parametrize("answer", ["message", "quote", "closed", "rfi ended"])
async def test_a_vendor_that_has_answered_is_not_warned(
    world: World, clock: FixedClock, handle_due: HandleDue, answer: str
) -> None:
    """A message cancels no timer, and the previous version cancels none at all."""
    case = a_case()
    await set_timers(world, case)
    if answer == "message":
        message = a_message(conversation_id=case.conversation.id, sender_id=case.vendor.id)
        await world.store.transact(lambda tx: tx.entries.add_next(message))
    elif answer == "quote":
        await world.store.quotes.add(a_quote(rfi_id=case.rfi.id, vendor_id=case.vendor.id))
    elif answer == "closed":
        closed = replace(case.match, state=MatchState.CLOSED)
        await world.store.matches.save(closed, MatchState.ACCEPTED)
    else:
        ended = replace(case.rfi, state=RfiState.WITHDRAWN)
        store = world.store
        assert isinstance(store, memory.Store)
        store.tables.rfis[case.rfi.id] = ended

    clock.advance(hours=54)
    await handle_due()

    assert await of_account(world.store, case.vendor.id) == []


async def test_a_warning_that_comes_too_early_is_set_for_its_moment(
    world: World, clock: FixedClock, handle_due: HandleDue
) -> None:
    """The request was given more time by a version that does not move timers."""
    case = a_case()
    await set_timers(world, case, offered=True)
    store = world.store
    assert isinstance(store, memory.Store)
    store.tables.rfis[case.rfi.id] = replace(case.rfi, needed_by=NOW + 40 * DAY)

    clock.advance(days=7)
    await handle_due()
    assert await of_account(world.store, case.customer.id) == []
    clock.advance(days=30)
    await handle_due()

    assert kinds(await of_account(world.store, case.customer.id)) == ["rfi_expiring email"]


async def test_a_warning_that_comes_too_late_is_not_given(
    world: World, clock: FixedClock, handle_due: HandleDue
) -> None:
    """After the end, the end itself is told."""
    case = a_case()
    await set_timers(world, case, offered=True)

    clock.advance(days=100)
    await handle_due()

    assert await of_account(world.store, case.vendor.id) == []
    assert await of_account(world.store, case.customer.id) == []


async def test_a_warning_is_given_once_for_a_moment_and_again_for_another(
    world: World, clock: FixedClock, handle_due: HandleDue
) -> None:
    """A sweep may set its timer again; an extension brings a warning of its own."""
    case = a_case()
    rfi = replace(case.rfi, needed_by=NOW + 20 * DAY)
    await set_timers(world, replace(case, rfi=rfi), offered=True)
    clock.advance(days=18)
    await handle_due()

    await world.store.timers.set_many(lifetimes.timers_of_rfi(rfi, Policy()))
    await handle_due()
    assert len(await of_account(world.store, case.customer.id)) == 1

    store = world.store
    assert isinstance(store, memory.Store)
    extended = replace(rfi, expires_at=NOW + 30 * DAY)
    store.tables.rfis[rfi.id] = extended
    await world.store.timers.set_many(lifetimes.timers_of_rfi(extended, Policy()))
    clock.advance(days=10)
    await handle_due()

    assert len(await of_account(world.store, case.customer.id)) == 2
    created = [event for event in store.tables.outbox.values() if event.name.endswith(".created")]
    assert len(created) == 2


async def test_a_claim_that_was_lost_warns_nobody(world: World, clock: FixedClock) -> None:
    """Two processes that hold one timer, one after the other, write one notification."""
    case = a_case()
    match = await set_timers(world, case, offered=True)
    now = clock.advance(hours=54)
    lease, store = timedelta(seconds=45), world.store.timers
    (first,) = await store.claim(TimerKind.OFFER_WARNING, now, 1, now + lease)
    (second,) = await store.claim(TimerKind.OFFER_WARNING, now + lease, 1, now + 2 * lease)
    assert first.subject_id == match.id

    async def handle(timer: Timer) -> bool:
        return await Warnings(world, lambda: None).handle(timer)

    assert not await handle(first)
    assert await handle(second)
    assert not await handle(second)

    assert len(await of_account(world.store, case.vendor.id)) == 1


async def test_a_vendor_is_warned_a_month_before_a_document_expires(
    world: World, clock: FixedClock, handle_due: HandleDue
) -> None:
    """Once, by email, though it is about no RFI."""
    case = a_case()
    await keep(world.store, case)
    document = a_document(vendor_id=case.vendor.id, expires_at=NOW + 365 * DAY)
    await world.store.vendor_documents.save_many([document])
    await world.store.timers.set_many(lifetimes.timers_of_document(document))

    clock.advance(days=335, milliseconds=-1)
    await handle_due()
    assert await of_account(world.store, case.vendor.id) == []
    clock.advance(milliseconds=1)
    await handle_due()
    await handle_due()

    (warning,) = await of_account(world.store, case.vendor.id)
    assert kinds([warning]) == ["document_expiring email"]
    assert warning.data == {"left_s": 30 * 86_400, "document_type": "licence", "path": "/"}


@pytest.mark.parametrize("state", [DocumentState.REFUSED, DocumentState.EXPIRED])
async def test_a_document_that_does_not_count_causes_no_warning(
    world: World, clock: FixedClock, handle_due: HandleDue, state: DocumentState
) -> None:
    """The timer was set while it still did."""
    case = a_case()
    await keep(world.store, case)
    document = a_document(vendor_id=case.vendor.id, expires_at=NOW + 40 * DAY)
    await world.store.timers.set_many(lifetimes.timers_of_document(document))
    await world.store.vendor_documents.save_many([replace(document, state=state)])

    clock.advance(days=39)
    await handle_due()

    assert await of_account(world.store, case.vendor.id) == []
