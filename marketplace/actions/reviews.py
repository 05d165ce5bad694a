"""The queue of reviews: claim one and decide it; approve automatically what needs no judgement."""

from collections.abc import Sequence

from marketplace.actions import lapses, vendor_changes
from marketplace.actions.offers import MARKETPLACE
from marketplace.actions.vendor_changes import applicant_of, vendor_of
from marketplace.domain import audit, decisions, lifetimes, reviews, vendor_documents
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.onboarding import Applicant
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.vendor_documents import DocumentState
from marketplace.domain.vendor_reviews import Outcome
from marketplace.domain.vendors import Vendor
from marketplace.ids import new_id
from marketplace.ports import Repositories, World

_EVENTS = {
    Outcome.APPROVED: "vendor.approved",
    Outcome.REJECTED: "vendor.rejected",
    Outcome.CHANGES_REQUESTED: "vendor.changes_requested",
}
_AUTOMATICALLY = "Approved automatically: everything that is needed is there."


async def queue(world: World, actor: Actor, request: PageRequest) -> Page[Vendor]:
    """Vendors that wait for a review, longest first.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin.
    """
    actor.require(Role.ADMIN)
    after = reviews.read_position(request.before_id)
    found = await world.store.vendors.awaiting_review(after, request.limit + 1)
    items = tuple(found[: request.limit])
    has_more = len(found) > request.limit
    return Page(items, reviews.position_of(items[-1]) if has_more else None)


async def reviewed_vendor(world: World, actor: Actor, vendor_id: str) -> Applicant:
    """A vendor with its documents, for who reviews it.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin; `not_found`.
    """
    actor.require(Role.ADMIN)
    return await applicant_of(world.store, await vendor_of(world.store, vendor_id))


async def claim(world: World, actor: Actor, vendor_id: str, reason: str | None) -> Vendor:
    """Claim a review for half an hour, or renew the actor's claim; exactly one admin holds it.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin; `not_found`; `wrong_state` if nothing
            waits for a review, or another admin has claimed it.
    """
    actor.require(Role.ADMIN)

    async def work(tx: Repositories) -> Vendor:
        before, now = await vendor_of(tx, vendor_id), world.clock.now()
        claimed = reviews.claim(before, actor.account_id, now, world.policy.claim_lifetime)
        await tx.vendors.save(claimed)
        changes = audit.changes_of(before, claimed, ["claim"])
        record = audit.record(new_id(), vendor_id, "vendor.claimed", actor, changes, now, reason)
        await tx.audit.add(record)
        return claimed

    return await world.store.transact(work)


async def decide(
    world: World,
    actor: Actor,
    vendor_id: str,
    outcome: Outcome,
    reason: str,
    steps: Sequence[str] = (),
) -> Vendor:
    """Decide the review of an application, or of an approved profile's changes.

    The vendor's unchecked documents are accepted or refused with it.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin; `not_found`; `wrong_state`;
            `validation_failed` for missing or wrong `steps`.
    """
    actor.require(Role.ADMIN)

    async def work(tx: Repositories) -> tuple[Vendor, list[FeedItem]]:
        before = await vendor_of(tx, vendor_id)
        now, admin_id = world.clock.now(), actor.account_id
        decided = reviews.decide(before, outcome, reason, now, admin_id=admin_id, steps=steps)
        return await _settle(world, tx, actor, before, decided)

    decided, items = await world.store.transact(work)
    await vendor_changes.tell(world, decided.id, items)
    return decided


async def approve_automatically(
    world: World, tx: Repositories, submitted: Vendor
) -> tuple[Vendor, list[FeedItem]]:
    """Approve what was just submitted if the rule says so; otherwise an admin has to review it.

    The decision is stored either way, unless the operator wants no automatic approvals. Returns the
    vendor as it is now, and what it is told.
    """
    if world.policy.automatic_approval is None:
        return submitted, []
    now = world.clock.now()
    inputs = reviews.automatic_inputs(await applicant_of(tx, submitted), world.policy, now)
    decision = decisions.take(reviews.AUTOMATIC, new_id(), submitted.id, inputs, MARKETPLACE, now)
    await tx.decisions.add(decision)
    if not decision.outcome["is_approved"]:
        return submitted, []
    decided = reviews.decide(submitted, Outcome.APPROVED, _AUTOMATICALLY, now, admin_id=None)
    return await _settle(world, tx, MARKETPLACE, submitted, decided)


async def _settle(
    world: World, tx: Repositories, actor: Actor, before: Vendor, decided: Vendor
) -> tuple[Vendor, list[FeedItem]]:
    """Store a decided review, and what it means for the vendor's documents and its state."""
    review = decided.last_review
    if review is None:
        raise ValueError("a decided vendor has a review")
    documents = await tx.vendor_documents.of_vendor(decided.id)
    state = None
    if review.outcome is Outcome.APPROVED:
        state = DocumentState.ACCEPTED
    elif reviews.refuses_documents(decided):
        state = DocumentState.REFUSED
    if state is not None:
        checked = vendor_documents.checked(documents, state, review.reason, review.at)
        await tx.vendor_documents.save_many(checked)
        await tx.timers.set_many(
            [timer for document in checked for timer in lifetimes.timers_of_document(document)]
        )
    name = _EVENTS[review.outcome]
    if review.is_of_changes and review.outcome is not Outcome.CHANGES_REQUESTED:
        name = "vendor.updated"  # the vendor's state stays
    items = await vendor_changes.store(
        tx, actor, before, decided, name, reason=review.reason, review=review
    )
    if not review.is_of_changes:
        return decided, items
    judged, more = await lapses.judge(world, tx, decided)
    return judged, items + more
