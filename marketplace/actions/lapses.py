"""Expires documents, and suspends a vendor that lacks a required one until it has it again."""

from dataclasses import replace

from marketplace.actions import vendor_changes
from marketplace.actions.offers import MARKETPLACE
from marketplace.domain import audit, decisions, lapses, lifetimes, vendor_documents
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.lapses import LAPSE
from marketplace.domain.timers import Timer
from marketplace.domain.vendor_documents import DocumentState, VendorDocument
from marketplace.domain.vendors import DOCUMENTS, Vendor, VendorState
from marketplace.ids import new_id
from marketplace.ports import Repositories, World

_LAPSED = (
    "A required document has expired. Add a new one; you are active again once it is accepted."
)
_COMPLETE = "All required documents are valid."


async def expire_document(world: World, timer: Timer) -> bool:
    """Expire the document that the timer is about, if its time is over.

    Its vendor is asked for another, and suspended if it needs the document and none replaces it.
    Returns whether the document was expired.

    Raises:
        TemporaryError: the store is down.
    """

    async def work(tx: Repositories) -> tuple[Vendor, list[FeedItem]] | None:
        if not await tx.timers.finish(timer):
            return None
        document, now = await tx.vendor_documents.get(timer.subject_id), world.clock.now()
        wait = lifetimes.document_wait(document) if document is not None else None
        if document is None or wait is None:
            return None
        if now < wait.until:
            await tx.timers.set_many(
                [again for again in lifetimes.timers_of_document(document) if again.id == timer.id]
            )
            return None
        vendor = await tx.vendors.get(document.vendor_id)
        return None if vendor is None else await _expire(world, tx, vendor, document)

    expired = await world.store.transact(work)
    if expired is None:
        return False
    vendor, items = expired
    await vendor_changes.tell(world, vendor.id, items)
    return True


async def judge(world: World, tx: Repositories, vendor: Vendor) -> tuple[Vendor, list[FeedItem]]:
    """Suspend a vendor whose required document has expired, or reinstate one that has it again.

    The decision is stored with its effect. Returns the vendor as it is now, and what it is told.
    """
    is_suspended = vendor.suspended_for == DOCUMENTS
    if vendor.state is not VendorState.ACTIVE and not is_suspended:
        return vendor, []
    now, policy = world.clock.now(), world.policy
    needed = vendor_documents.requirements(vendor.categories, policy.required_documents)
    documents = await tx.vendor_documents.of_vendor(vendor.id)
    inputs = lapses.lapse_inputs(documents, needed, now)
    decision = decisions.take(LAPSE, new_id(), vendor.id, inputs, MARKETPLACE, now)
    has_lapsed, has_all = decision.outcome["is_suspended"], decision.outcome["has_all"]
    if has_lapsed and not is_suspended:
        after, name = lapses.suspend(vendor, _LAPSED, now), "vendor.suspended"
    elif has_all and is_suspended:
        after, name = lapses.lift(vendor, _COMPLETE, now), "vendor.reinstated"
    else:
        return vendor, []
    await tx.decisions.add(decision)
    return after, await vendor_changes.store(
        tx, MARKETPLACE, vendor, after, name, reason=after.state_reason, review=after.last_review
    )


async def _expire(
    world: World, tx: Repositories, before: Vendor, document: VendorDocument
) -> tuple[Vendor, list[FeedItem]]:
    """Expire a document; its vendor is told, unless something replaces it."""
    now = world.clock.now()
    expired = replace(document, state=DocumentState.EXPIRED, updated_at=now)
    await tx.vendor_documents.save_many([expired])
    await tx.timers.cancel(lifetimes.document_timer_ids(document.id))
    changes = audit.changes_of(document, expired, ["state"], f"documents.{document.id}.")
    record = audit.record(new_id(), before.id, "vendor.document_expired", MARKETPLACE, changes, now)
    await tx.audit.add(record)
    others = await tx.vendor_documents.of_vendor(before.id)
    if any(_replaces(other, document) and other.is_valid(now) for other in others):
        after, review = replace(before, updated_at=now), None
    else:
        reason = f"Your {document.type} has expired. Add a new one."
        after = lapses.ask_again(before, reason, now)
        review = after.last_review
    name = "vendor.updated"
    items = await vendor_changes.store(tx, MARKETPLACE, before, after, name, review=review)
    judged, more = await judge(world, tx, after)
    return judged, items + more


def _replaces(other: VendorDocument, document: VendorDocument) -> bool:
    return other.type is document.type and other.category in (None, document.category)
