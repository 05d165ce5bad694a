"""A vendor's documents: add, list, remove."""

from collections.abc import Mapping
from typing import Any

from marketplace.actions import attachments, vendor_changes
from marketplace.actions.vendor_changes import vendor_of
from marketplace.domain import audit, lifetimes, onboarding, vendor_documents, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Owner, OwnerKind, require_pictures
from marketplace.domain.categories import CATEGORIES
from marketplace.domain.vendor_documents import DocumentState, DocumentType, VendorDocument
from marketplace.domain.vendors import Vendor
from marketplace.errors import Code, ParleyError, invalid
from marketplace.ids import new_id
from marketplace.ports import Repositories, World

_AUDITED = ("type", "category", "number", "expires_on", "state", "reason")


async def add(world: World, actor: Actor, details: Mapping[str, Any]) -> VendorDocument:
    """Add a document, which a reviewer checks with the application, or with an approved profile.

    Raises:
        ParleyError: `forbidden`, `wrong_state`, `at_capacity`; `validation_failed` for an unknown
            category and for a document that has expired.
    """
    actor.require(Role.VENDOR)
    category = details["category"]
    if category is not None and category not in CATEGORIES:
        raise invalid("category", "Unknown category; GET /v1/categories lists the known ones.")
    document_id = new_id()

    async def work(tx: Repositories) -> VendorDocument:
        before, now = await vendor_of(tx, actor.account_id), world.clock.now()
        expires_on = details["expires_on"].isoformat() if details["expires_on"] else None
        timezone = await _timezone_of(tx, before)
        document = VendorDocument(
            id=document_id,
            vendor_id=before.id,
            type=DocumentType(details["type"]),
            state=DocumentState.UNCHECKED,
            created_at=now,
            updated_at=now,
            category=category,
            number=details["number"],
            expires_on=expires_on,
            expires_at=vendor_documents.end_of(expires_on, timezone) if expires_on else None,
            attachment_id=details["attachment_id"],
        )
        existing = await tx.vendor_documents.of_vendor(before.id)
        added = vendor_documents.submit(document, existing, now)
        await tx.vendor_documents.save_many([added])
        await _use_file(tx, actor, added)
        after = vendors.add_document(before, now)
        await _store(tx, actor, before, after, None, added)
        return added

    return await world.store.transact(work)


async def require_may_add(world: World, actor: Actor) -> None:
    """Refuse an actor that may not add a document, before its file is received.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`.
    """
    actor.require(Role.VENDOR)
    vendors.add_document(await vendor_of(world.store, actor.account_id), world.clock.now())


async def own_documents(world: World, actor: Actor) -> list[VendorDocument]:
    """The actor's documents, oldest first.

    Raises:
        ParleyError: `forbidden` for other roles.
    """
    actor.require(Role.VENDOR)
    return await world.store.vendor_documents.of_vendor(actor.account_id)


async def own_document(world: World, actor: Actor, document_id: str) -> VendorDocument:
    """One of the actor's documents.

    Raises:
        ParleyError: `forbidden` for other roles; `not_found`.
    """
    actor.require(Role.VENDOR)
    return _own(actor, await world.store.vendor_documents.get(document_id))


async def remove(world: World, actor: Actor, document_id: str) -> None:
    """Delete one of the actor's documents.

    Raises:
        ParleyError: `forbidden`, `not_found`; `wrong_state` while it is under review, and if an
            approved profile needs it.
    """
    actor.require(Role.VENDOR)

    async def work(tx: Repositories) -> None:
        document = _own(actor, await tx.vendor_documents.get(document_id))
        before, now = await vendor_of(tx, actor.account_id), world.clock.now()
        others = [
            other
            for other in await tx.vendor_documents.of_vendor(before.id)
            if other.id != document_id
        ]
        needed = onboarding.needed_documents(before, world.policy)
        vendor_documents.require_removable(document, others, needed, now)
        has_unchecked = any(other.state is DocumentState.UNCHECKED for other in others)
        after = vendors.remove_document(before, now, has_unchecked=has_unchecked)
        await tx.vendor_documents.remove(document_id)
        if document.attachment_id is not None:
            await tx.attachments.release([document.attachment_id], _owner_of(document), now)
        await tx.timers.cancel(lifetimes.document_timer_ids(document_id))
        await _store(tx, actor, before, after, document, None)

    await world.store.transact(work)


async def _use_file(tx: Repositories, actor: Actor, document: VendorDocument) -> None:
    """Give the document's file to it."""
    if document.attachment_id is None:
        return
    ids = [document.attachment_id]
    chosen = await attachments.use(tx, actor, _owner_of(document), ids)
    require_pictures(chosen, "attachment_id", allows_pdf=True)


def _owner_of(document: VendorDocument) -> Owner:
    return Owner(OwnerKind.VENDOR_DOCUMENT, document.id)


async def _store(
    tx: Repositories,
    actor: Actor,
    before: Vendor,
    after: Vendor,
    old: VendorDocument | None,
    new: VendorDocument | None,
) -> None:
    """Save the vendor, and record what happened to the document."""
    document = new or old
    if document is None:
        raise ValueError("there is nothing to record")
    changes = audit.changes_of(old, new, _AUDITED, f"documents.{document.id}.")
    action = "vendor.document_added" if old is None else "vendor.document_removed"
    record = audit.record(new_id(), after.id, action, actor, changes, after.updated_at)
    await tx.audit.add(record)
    await vendor_changes.store(tx, actor, before, after, "vendor.updated")


async def _timezone_of(tx: Repositories, vendor: Vendor) -> str:
    """Where the vendor's days end."""
    if vendor.opening_hours is not None:
        return vendor.opening_hours.timezone
    account = await tx.accounts.get(vendor.id)
    return account.timezone if account is not None else "UTC"


def _own(actor: Actor, document: VendorDocument | None) -> VendorDocument:
    if document is None or document.vendor_id != actor.account_id:
        raise ParleyError(Code.NOT_FOUND, "You have no document with this id.")
    return document
