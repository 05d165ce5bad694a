"""The review of applications and of an approved profile's changes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.actions import audit, reviews, vendor_documents, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.decisions import DecisionKind
from marketplace.domain.pages import PageRequest
from marketplace.domain.policy import Policy
from marketplace.domain.reviews import AUTOMATIC
from marketplace.domain.vendor_documents import DocumentState
from marketplace.domain.vendor_reviews import Outcome, Step
from marketplace.domain.vendors import Vendor, VendorState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_place, a_vendor, an_account
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_vendor_documents import details

ADMIN, OTHER = Actor("admin-1", Role.ADMIN), Actor("admin-2", Role.ADMIN)
HALF_AN_HOUR = timedelta(minutes=30)
WIDER = {"location": a_place(), "radius_m": 30_000}
LICENCE = details()


async def vendor_of(stage: Stage, actor: Actor) -> Vendor:
    """The vendor as it is stored."""
    found = await stage.store.vendors.get(actor.account_id)
    assert found is not None
    return found


async def an_applicant(stage: Stage) -> Actor:
    """A vendor whose application waits for a review."""
    actor = await stage.vendor(state=VendorState.APPLIED)
    await vendors.submit(stage.world, actor)
    return actor


async def with_changes(stage: Stage) -> Actor:
    """An active vendor that wants to work in a wider area."""
    actor = await stage.vendor()
    await vendors.update_profile(stage.world, actor, {"service_area": WIDER})
    return actor


def with_policy(stage: Stage, policy: Policy) -> None:
    """Let the marketplace's operator choose."""
    stage.world = replace(stage.world, policy=policy)


async def test_the_queue_has_what_waits_longest_first(stage: Stage) -> None:
    """Applications and changes together, in pages that have each once."""
    waiting = []
    for submit in (an_applicant, with_changes, an_applicant):
        waiting.append((await submit(stage)).account_id)
        stage.clock.advance(seconds=1)
    await stage.vendor()

    first = await reviews.queue(stage.world, ADMIN, PageRequest(2))
    second = await reviews.queue(stage.world, ADMIN, PageRequest(2, first.next_cursor))

    assert [vendor.id for vendor in (*first.items, *second.items)] == waiting
    assert second.next_cursor is None


async def test_64_claims_at_once_have_one_winner(stage: Stage) -> None:
    """All others are told that another admin has it."""
    actor = await an_applicant(stage)
    admins = [Actor(f"admin-{n}", Role.ADMIN) for n in range(64)]

    outcomes = await asyncio.gather(
        *(reviews.claim(stage.world, admin, actor.account_id, None) for admin in admins),
        return_exceptions=True,
    )

    (won,) = [vendor for vendor in outcomes if isinstance(vendor, Vendor)]
    codes = {outcome.code for outcome in outcomes if isinstance(outcome, ParleyError)}
    assert codes == {Code.WRONG_STATE}
    assert (await vendor_of(stage, actor)).claim == won.claim


async def test_only_the_admin_with_the_claim_decides(stage: Stage) -> None:
    """Until the claim is over; then another may take it."""
    actor = await with_changes(stage)
    await reviews.claim(stage.world, ADMIN, actor.account_id, None)

    decide = reviews.decide(stage.world, OTHER, actor.account_id, Outcome.REJECTED, "No.")
    assert await refused(decide) is Code.WRONG_STATE
    stage.clock.advance(minutes=30)
    await reviews.claim(stage.world, OTHER, actor.account_id, "Taking over.")
    await reviews.decide(stage.world, OTHER, actor.account_id, Outcome.APPROVED, "Fine.")

    vendor = await vendor_of(stage, actor)
    assert vendor.service_area is not None
    assert vendor.service_area.radius_m == 30_000


async def test_the_old_profile_stays_in_force_until_the_changes_are_approved(
    stage: Stage,
) -> None:
    """An RFI that only the wider area covers is offered after the approval, and not before."""
    actor = await with_changes(stage)
    customer = await stage.customer()
    place = a_place(latitude=39.7392 + 25_000 / 111_319)
    before = await stage.offered(await stage.submitted(customer, location=place))

    await reviews.claim(stage.world, ADMIN, actor.account_id, None)
    await reviews.decide(stage.world, ADMIN, actor.account_id, Outcome.APPROVED, "Fine.")

    after = await stage.offered(await stage.submitted(customer, location=place))
    assert (before, set(after)) == ({}, {actor.account_id})
    assert stage.event_names().count("vendor.updated") == 2


@pytest.mark.parametrize(
    ("outcome", "state", "event"),
    [
        (Outcome.APPROVED, VendorState.ACTIVE, "vendor.approved"),
        (Outcome.REJECTED, VendorState.REJECTED, "vendor.rejected"),
        (Outcome.CHANGES_REQUESTED, VendorState.VERIFYING, "vendor.changes_requested"),
    ],
)
async def test_a_decision_is_told_live_and_in_its_event(
    stage: Stage, outcome: Outcome, state: VendorState, event: str
) -> None:
    """With the reason and the steps, from which `notify` writes the email."""
    actor = await an_applicant(stage)

    steps = ["company"] if outcome is Outcome.CHANGES_REQUESTED else []
    await reviews.decide(stage.world, ADMIN, actor.account_id, outcome, "because", steps)

    (push,) = stage.live.named("vendor.decided")
    assert (push.room, push.data["state"]) == (f"account:{actor.account_id}", state)
    assert push.data["review"]["reason"] == "because"
    written = list(stage.store.tables.outbox.values())[-1]
    assert written.name == event
    assert written.data["review"]["outcome"] == outcome
    assert written.data["review"]["steps"] == steps


async def test_requested_changes_are_done_and_submitted_again(stage: Stage) -> None:
    """The vendor cannot skip them, and may change everything else too."""
    actor = await an_applicant(stage)
    changes = Outcome.CHANGES_REQUESTED
    await reviews.decide(stage.world, ADMIN, actor.account_id, changes, "Typo.", ["company"])

    assert await refused(vendors.submit(stage.world, actor)) is Code.WRONG_STATE
    await vendors.update_profile(stage.world, actor, {"company": "Cedar Plumbing"})
    again = await vendors.submit(stage.world, actor)

    assert again.state is VendorState.IN_REVIEW


async def test_a_review_decides_about_the_documents_too(stage: Stage) -> None:
    """An approval accepts them, a rejection refuses them with its reason."""
    approved, rejected = [await stage.vendor(state=VendorState.APPLIED) for _ in range(2)]
    for actor, outcome in ((approved, Outcome.APPROVED), (rejected, Outcome.REJECTED)):
        await vendor_documents.add(stage.world, actor, LICENCE)
        await vendors.submit(stage.world, actor)
        await reviews.decide(stage.world, ADMIN, actor.account_id, outcome, "because")

    (accepted,) = await vendor_documents.own_documents(stage.world, approved)
    (refused_one,) = await vendor_documents.own_documents(stage.world, rejected)
    assert (accepted.state, accepted.reason) == (DocumentState.ACCEPTED, None)
    assert (refused_one.state, refused_one.reason) == (DocumentState.REFUSED, "because")


async def test_every_step_is_in_the_audit_trail(stage: Stage) -> None:
    """Who, what from, what to, and why; newest first."""
    actor = await stage.vendor(state=VendorState.APPLIED)
    await vendors.update_profile(stage.world, actor, {"company": "Cedar"})
    await vendors.submit(stage.world, actor)
    await reviews.claim(stage.world, ADMIN, actor.account_id, "Mine.")
    await reviews.decide(stage.world, ADMIN, actor.account_id, Outcome.APPROVED, "Fine.")
    await vendors.decide(stage.world, ADMIN, actor.account_id, "suspend", "Complaints.")

    page = await audit.find(stage.world, ADMIN, actor.account_id, None, PageRequest(10))

    assert [(record.action, record.actor_id, record.reason) for record in page.items] == [
        ("vendor.suspended", "admin-1", "Complaints."),
        ("vendor.approved", "admin-1", "Fine."),
        ("vendor.claimed", "admin-1", "Mine."),
        ("vendor.submitted", actor.account_id, None),
        ("vendor.updated", actor.account_id, None),
    ]
    (change,) = page.items[-1].changes
    assert (change.path, change.old, change.new) == ("company", "Front Range Plumbing", "Cedar")
    by_vendor = await audit.find(stage.world, ADMIN, None, actor.account_id, PageRequest(10))
    assert [record.action for record in by_vendor.items] == ["vendor.submitted", "vendor.updated"]


async def test_a_refused_decision_changes_nothing(stage: Stage) -> None:
    """Neither the vendor nor the audit trail nor the outbox."""
    actor = await an_applicant(stage)
    before = stage.store.tables.snapshot()

    for by in (actor, Actor("c", Role.CUSTOMER), ADMIN):
        command = reviews.decide(
            stage.world, by, actor.account_id, Outcome.CHANGES_REQUESTED, "because"
        )
        await refused(command)
        await refused(reviews.claim(stage.world, by, "nobody", None))

    assert stage.store.tables.snapshot() == before
    assert stage.live.named("vendor.decided") == []


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR])
async def test_reviews_are_for_admins_alone(stage: Stage, role: Role) -> None:
    """Nobody else reads or decides anything."""
    actor = await an_applicant(stage)
    by = Actor(actor.account_id, role)

    for command in (
        reviews.queue(stage.world, by, PageRequest()),
        reviews.reviewed_vendor(stage.world, by, actor.account_id),
        reviews.claim(stage.world, by, actor.account_id, None),
        reviews.decide(stage.world, by, actor.account_id, Outcome.APPROVED, "Mine."),
        audit.find(stage.world, by, None, None, PageRequest()),
    ):
        assert await refused(command) is Code.FORBIDDEN


async def test_a_complete_vendor_is_approved_automatically(stage: Stage) -> None:
    """The decision is stored with what it was decided from, and recomputes."""
    with_policy(stage, Policy(automatic_approval=frozenset({Step.LANGUAGES})))
    actor = await stage.vendor(state=VendorState.APPLIED)

    vendor = await vendors.submit(stage.world, actor)

    assert vendor.state is VendorState.ACTIVE
    page = await stage.store.decisions.of([vendor.id], DecisionKind.REVIEW, PageRequest())
    (decision,) = page.items
    assert AUTOMATIC.decide(decision.inputs).outcome == decision.outcome == {"is_approved": True}
    assert stage.event_names() == ["vendor.submitted", "vendor.approved"]
    (push,) = stage.live.named("vendor.decided")
    assert push.data["review"]["outcome"] == "approved"


async def test_what_needs_judgement_waits_for_an_admin(stage: Stage) -> None:
    """The decision says why, and the vendor is in the queue."""
    with_policy(stage, Policy(automatic_approval=frozenset()))
    actor = await stage.vendor(state=VendorState.APPLIED)
    await vendor_documents.add(stage.world, actor, LICENCE)

    vendor = await vendors.submit(stage.world, actor)

    assert vendor.state is VendorState.IN_REVIEW
    page = await stage.store.decisions.of([vendor.id], None, PageRequest())
    assert [decision.reasons for decision in page.items] == [{"documents": "unchecked"}]
    queue = await reviews.queue(stage.world, ADMIN, PageRequest())
    assert [waiting.id for waiting in queue.items] == [vendor.id]


async def test_changes_are_approved_automatically_too(stage: Stage) -> None:
    """They are in force at once, and the vendor is told."""
    with_policy(stage, Policy(automatic_approval=frozenset()))
    actor = await stage.vendor()

    vendor = await vendors.update_profile(stage.world, actor, {"service_area": WIDER})

    assert (vendor.proposal, vendor.service_area and vendor.service_area.radius_m) == (None, 30_000)
    assert len(stage.live.named("vendor.decided")) == 1


async def test_an_application_of_the_previous_version_is_in_the_queue(stage: Stage) -> None:
    """It stores only the state, and approves without a claim."""
    vendor = a_vendor(state=VendorState.IN_REVIEW, updated_at=NOW - HALF_AN_HOUR)
    await stage.store.accounts.add(an_account(id=vendor.id, role=Role.VENDOR))
    await stage.store.vendors.add(vendor)

    queue = await reviews.queue(stage.world, ADMIN, PageRequest())

    assert [waiting.id for waiting in queue.items] == [vendor.id]
