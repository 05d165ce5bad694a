"""Documents expire, and a vendor that needs one is suspended until it has it again."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from marketplace.actions import lapses, reviews, vendor_documents, vendors
from marketplace.domain import lifetimes
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.decisions import DecisionKind
from marketplace.domain.lapses import LAPSE
from marketplace.domain.pages import PageRequest
from marketplace.domain.policy import Policy
from marketplace.domain.timers import TimerKind
from marketplace.domain.vendor_documents import NOTICE, DocumentState, DocumentType, VendorDocument
from marketplace.domain.vendor_reviews import Outcome
from marketplace.domain.vendors import DOCUMENTS, Vendor, VendorState
from marketplace.errors import Code
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_vendor_documents import details
from tests.marketplace.actions.waiting import claim, timers

ADMIN = Actor("admin-1", Role.ADMIN)
LAST_DAY = date(2040, 12, 31)


@pytest.fixture
def stage() -> Stage:
    """A marketplace in which plumbers need a licence."""
    stage = Stage()
    required = {"plumbing": frozenset({DocumentType.LICENCE})}
    stage.world = replace(stage.world, policy=Policy(required_documents=required))
    return stage


async def accepted(stage: Stage, actor: Actor, last_day: date = LAST_DAY) -> VendorDocument:
    """A licence that an admin has accepted."""
    added = await vendor_documents.add(stage.world, actor, details(expires_on=last_day))
    await reviews.claim(stage.world, ADMIN, actor.account_id, None)
    await reviews.decide(stage.world, ADMIN, actor.account_id, Outcome.APPROVED, "Checked.")
    return await vendor_documents.own_document(stage.world, actor, added.id)


async def expire_due(stage: Stage) -> list[bool]:
    """Handle the expiries that are due; returns which had an effect."""
    due = await claim(stage, TimerKind.DOCUMENT_EXPIRY)
    return [await lapses.expire_document(stage.world, timer) for timer in due]


async def vendor_of(stage: Stage, actor: Actor) -> Vendor:
    """The vendor as it is stored."""
    found = await stage.store.vendors.get(actor.account_id)
    assert found is not None
    return found


async def test_an_accepted_document_has_its_timers(stage: Stage) -> None:
    """The warning comes a month before its end."""
    document = await accepted(stage, await stage.vendor())

    found = await timers(stage, *lifetimes.document_timer_ids(document.id))

    assert document.expires_at is not None
    assert {timer.kind: timer.due_at for timer in found.values()} == {
        TimerKind.DOCUMENT_EXPIRY: document.expires_at,
        TimerKind.DOCUMENT_WARNING: document.expires_at - NOTICE,
    }


async def test_a_vendor_is_suspended_when_a_required_document_expires(stage: Stage) -> None:
    """At the moment itself, once, with a decision; the vendor is told live and by its event."""
    actor = await stage.vendor()
    document = await accepted(stage, actor)
    assert document.expires_at is not None
    stage.live.announcements.clear()

    stage.clock.at = document.expires_at - timedelta(milliseconds=1)
    assert await expire_due(stage) == []
    stage.clock.at = document.expires_at
    assert await expire_due(stage) == [True]
    assert await expire_due(stage) == []

    vendor = await vendor_of(stage, actor)
    assert (vendor.state, vendor.suspended_for) == (VendorState.SUSPENDED, DOCUMENTS)
    (expired,) = await vendor_documents.own_documents(stage.world, actor)
    assert expired.state is DocumentState.EXPIRED
    assert stage.event_names()[-2:] == ["vendor.updated", "vendor.suspended"]
    pushes = [push.data["review"] for push in stage.live.named("vendor.decided")]
    assert [push["outcome"] for push in pushes] == ["document_expired", "suspended"]
    assert {*map(str, (push["steps"] for push in pushes))} == {"['documents']"}
    page = await stage.store.decisions.of([vendor.id], DecisionKind.LAPSE, PageRequest())
    (decision,) = page.items
    assert LAPSE.decide(decision.inputs).outcome == decision.outcome


async def test_a_new_document_ends_the_suspension(stage: Stage) -> None:
    """Once an admin has accepted it; the vendor itself can do nothing else meanwhile."""
    actor = await stage.vendor()
    document = await accepted(stage, actor)
    assert document.expires_at is not None
    stage.clock.at = document.expires_at
    await expire_due(stage)

    change = vendors.update_profile(stage.world, actor, {"company": "Cedar"})
    assert await refused(change) is Code.FORBIDDEN
    await accepted(stage, actor, date(2042, 12, 31))

    vendor = await vendor_of(stage, actor)
    assert (vendor.state, vendor.suspended_for) == (VendorState.ACTIVE, None)
    assert stage.event_names()[-2:] == ["vendor.updated", "vendor.reinstated"]


async def test_a_renewal_in_time_leaves_the_vendor_active(stage: Stage) -> None:
    """Nobody is told anything when the old one expires."""
    actor = await stage.vendor()
    old = await accepted(stage, actor)
    await accepted(stage, actor, date(2041, 12, 31))
    assert old.expires_at is not None
    stage.live.announcements.clear()
    stage.clock.at = old.expires_at

    await expire_due(stage)

    vendor = await vendor_of(stage, actor)
    assert vendor.state is VendorState.ACTIVE
    assert vendor.last_review is not None
    assert vendor.last_review.outcome is Outcome.APPROVED
    assert stage.live.named("vendor.decided") == []
    last_event = list(stage.store.tables.outbox.values())[-1]
    assert "review" not in last_event.data


async def test_a_renewal_that_waits_for_its_review_gives_time(stage: Stage) -> None:
    """If it is rejected, the vendor is suspended at once."""
    actor = await stage.vendor()
    old = await accepted(stage, actor)
    await vendor_documents.add(stage.world, actor, details(number="PL-2"))
    assert old.expires_at is not None
    stage.clock.at = old.expires_at
    await expire_due(stage)
    in_review = await vendor_of(stage, actor)

    await reviews.claim(stage.world, ADMIN, actor.account_id, None)
    await reviews.decide(stage.world, ADMIN, actor.account_id, Outcome.REJECTED, "A copy.")

    assert in_review.state is VendorState.ACTIVE
    assert (await vendor_of(stage, actor)).suspended_for == DOCUMENTS


async def test_an_admins_suspension_is_not_lifted_by_a_document(stage: Stage) -> None:
    """Only an admin ends it."""
    actor = await stage.vendor()
    document = await accepted(stage, actor)
    await vendors.decide(stage.world, ADMIN, actor.account_id, "suspend", "Complaints.")
    assert document.expires_at is not None
    stage.clock.at = document.expires_at

    await expire_due(stage)

    vendor = await vendor_of(stage, actor)
    assert (vendor.state, vendor.suspended_for) == (VendorState.SUSPENDED, None)


async def test_a_timer_that_comes_too_early_is_set_again(stage: Stage) -> None:
    """A clock that jumps expires nothing before its time."""
    actor = await stage.vendor()
    document = await accepted(stage, actor)
    assert document.expires_at is not None
    stage.clock.at = document.expires_at
    (due,) = await claim(stage, TimerKind.DOCUMENT_EXPIRY)
    stage.clock.advance(days=-1)

    assert not await lapses.expire_document(stage.world, due)

    (again,) = (await timers(stage, due.id)).values()
    assert (again.due_at, again.lease) == (document.expires_at, None)
    assert (await vendor_of(stage, actor)).state is VendorState.ACTIVE


async def test_a_deleted_document_expires_no_more(stage: Stage) -> None:
    """Its timers are cancelled with it."""
    actor = await stage.vendor(categories=("roofing",))
    document = await accepted(stage, actor)

    await vendor_documents.remove(stage.world, actor, document.id)

    assert await timers(stage, *lifetimes.document_timer_ids(document.id)) == {}
