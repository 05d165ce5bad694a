"""What every change of a vendor has in common: its audit record, its event, and who is told."""

from collections.abc import Sequence

from marketplace.actions import account_feed, announcements
from marketplace.actions.events import vendor_event
from marketplace.domain import audit
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor
from marketplace.domain.addresses import AddressKind
from marketplace.domain.onboarding import Applicant
from marketplace.domain.vendor_reviews import Review, Step
from marketplace.domain.vendors import Vendor
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Repositories, World

_AUDITED = (
    "state",
    "state_reason",
    "suspended_for",
    "company",
    "categories",
    "service_area",
    "capacity",
    "hours",
    "opening_hours",
    "holidays",
    "pauses",
    "picture_ids",
    "languages",
    "proposal",
    "requested_steps",
)


async def store(
    tx: Repositories,
    actor: Actor,
    before: Vendor | None,
    after: Vendor,
    event_name: str,
    *,
    reason: str | None = None,
    review: Review | None = None,
) -> list[FeedItem]:
    """Save a changed vendor with its audit record and its event, within a transaction.

    `review` is what the vendor is told, live and by `notify`. Returns the items to `tell`.
    """
    await tx.vendors.save(after)
    changes = audit.changes_of(before, after, _AUDITED)
    at = after.updated_at
    record = audit.record(new_id(), after.id, event_name, actor, changes, at, reason)
    await tx.audit.add(record)
    await tx.outbox.add(vendor_event(event_name, after, actor, review))
    if review is None:
        return []
    return await tx.feed.append(account_feed.decision_items(after))


async def tell(world: World, vendor_id: str, items: Sequence[FeedItem]) -> None:
    """Push what was decided about a vendor; gateways then check its access again."""
    if items:
        await account_feed.tell(world, items)
        announcements.access_changed(world, vendor_id)


async def vendor_of(tx: Repositories, vendor_id: str) -> Vendor:
    """The vendor with this id.

    Raises:
        ParleyError: `not_found`.
    """
    return required(await tx.vendors.get(vendor_id))


def required(vendor: Vendor | None) -> Vendor:
    """The vendor.

    Raises:
        ParleyError: `not_found`.
    """
    if vendor is None:
        raise ParleyError(Code.NOT_FOUND, "There is no vendor with this id.")
    return vendor


async def applicant_of(repositories: Repositories, vendor: Vendor) -> Applicant:
    """The vendor with everything that the steps of its onboarding depend on."""
    documents = await repositories.vendor_documents.of_vendor(vendor.id)
    return Applicant(vendor, documents, await _verified(repositories, vendor.id))


async def _verified(repositories: Repositories, vendor_id: str) -> frozenset[Step]:
    """Which addresses of the vendor's own account are verified."""
    account = await repositories.accounts.get(vendor_id)
    if account is None:
        return frozenset()
    steps = set()
    for step, kind, address in (
        (Step.EMAIL, AddressKind.EMAIL, account.email),
        (Step.PHONE, AddressKind.PHONE, account.phone),
    ):
        if address and (await repositories.addresses.get(vendor_id, kind, address)).is_verified:
            steps.add(step)
    return frozenset(steps)
