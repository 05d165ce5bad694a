"""A vendor's profile, its submission, an admin's decision, and the directory."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marketplace.actions import attachments, vendor_changes
from marketplace.actions import reviews as review_actions
from marketplace.actions.offers import close_expired, expired_offers
from marketplace.actions.vendor_changes import applicant_of, required, vendor_of
from marketplace.domain import opening_hours, reviews, service_areas, vendors
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Owner, OwnerKind, require_pictures
from marketplace.domain.categories import CATEGORIES
from marketplace.domain.onboarding import Applicant
from marketplace.domain.opening_hours import Pause, Period
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.vendors import ListedVendor, ServiceArea, Vendor, VendorState
from marketplace.errors import invalid
from marketplace.ports import Repositories, World


async def own_vendor(world: World, actor: Actor) -> Applicant:
    """The actor's own vendor profile, with what the steps of its onboarding depend on.

    Raises:
        ParleyError: `forbidden` for other roles.
    """
    actor.require(Role.VENDOR)
    return await applicant_of(world.store, await vendor_of(world.store, actor.account_id))


async def update_profile(world: World, actor: Actor, profile: Mapping[str, Any]) -> Vendor:
    """Replace the given fields of the actor's own profile.

    Approved fields of an active vendor change once a review has approved the change.

    Raises:
        ParleyError: `forbidden`, `validation_failed`, `wrong_state`.
    """
    actor.require(Role.VENDOR)
    now = world.clock.now()
    fields = _parsed(profile, now)
    if "capacity" in fields:
        await close_expired(world, await expired_offers(world, world.store, [actor.account_id]))

    async def work(tx: Repositories) -> tuple[Vendor, list[FeedItem]]:
        before = await vendor_of(tx, actor.account_id)
        after = vendors.update_profile(before, fields, now)
        await _use_pictures(tx, actor, before, after)
        await vendor_changes.store(tx, actor, before, after, "vendor.updated")
        if after.proposal == before.proposal or reviews.waiting_since(after) is None:
            return after, []
        return await review_actions.approve_automatically(world, tx, after)

    vendor, items = await world.store.transact(work)
    await vendor_changes.tell(world, vendor.id, items)
    return vendor


async def submit(world: World, actor: Actor) -> Vendor:
    """Submit the profile for review; it is approved at once if the operator's rule says so.

    Raises:
        ParleyError: `forbidden`, `wrong_state` naming the steps that are left.
    """
    actor.require(Role.VENDOR)

    async def work(tx: Repositories) -> tuple[Vendor, list[FeedItem]]:
        before = await vendor_of(tx, actor.account_id)
        applicant = await applicant_of(tx, before)
        after = reviews.submit(applicant, world.policy, world.clock.now())
        await vendor_changes.store(tx, actor, before, after, "vendor.submitted")
        return await review_actions.approve_automatically(world, tx, after)

    vendor, items = await world.store.transact(work)
    await vendor_changes.tell(world, vendor.id, items)
    return vendor


async def decide(world: World, actor: Actor, vendor_id: str, decision: str, reason: str) -> Vendor:
    """Suspend or reinstate a vendor.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin, `not_found`, `wrong_state`.
    """
    actor.require(Role.ADMIN)
    now, (_, _, event_name) = world.clock.now(), vendors.DECISIONS[decision]

    async def work(tx: Repositories) -> tuple[Vendor, list[FeedItem]]:
        before = await vendor_of(tx, vendor_id)
        after = vendors.decide(before, decision, reason, now)
        return after, await vendor_changes.store(
            tx, actor, before, after, event_name, reason=reason, review=after.last_review
        )

    decided, items = await world.store.transact(work)
    await vendor_changes.tell(world, decided.id, items)
    return decided


async def vendors_of_state(
    world: World, actor: Actor, state: VendorState | None, request: PageRequest
) -> Page[Vendor]:
    """Vendors in a state, or in any, for admins.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin.
    """
    actor.require(Role.ADMIN)
    return await world.store.vendors.of_state(state, request)


async def public_vendor(world: World, vendor_id: str) -> Vendor:
    """A vendor that everybody may see: an active one.

    Raises:
        ParleyError: `not_found`, also for a vendor that is not active.
    """
    vendor = await vendor_of(world.store, vendor_id)
    return required(vendor if vendor.state is VendorState.ACTIVE else None)


async def nearby_vendors(
    world: World,
    place: dict[str, Any],
    radius_m: int,
    category: str | None,
    request: PageRequest,
) -> Page[ListedVendor]:
    """Active vendors around a place, closest first; pages continue after a distance.

    Raises:
        ParleyError: `validation_failed` for an unknown category.
    """
    if category is not None and category not in CATEGORIES:
        raise invalid("category", "Unknown category; GET /v1/categories lists the known ones.")
    after_m = None if request.before_id is None else float(request.before_id)
    nearby = await world.store.vendors.nearby(place, radius_m, category, request.limit + 1, after_m)
    page_items = tuple(nearby[: request.limit])
    has_more = len(nearby) > request.limit
    return Page(page_items, repr(page_items[-1].distance_m) if has_more else None)


async def _use_pictures(tx: Repositories, actor: Actor, before: Vendor, after: Vendor) -> None:
    """Give the vendor its new pictures, and free those that it no longer has."""
    if before.picture_ids == after.picture_ids:
        return
    owner = Owner(OwnerKind.VENDOR, after.id)
    chosen = await attachments.use(tx, actor, owner, after.picture_ids)
    require_pictures(chosen, "picture_ids", allows_pdf=False)
    removed = [id_ for id_ in before.picture_ids if id_ not in after.picture_ids]
    await tx.attachments.release(removed, owner, after.updated_at)


def _parsed(profile: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The fields of a profile as domain values."""
    fields = dict(profile)
    if "categories" in fields:
        fields["categories"] = _known_categories(fields["categories"])
    if "languages" in fields:
        fields["languages"] = tuple(dict.fromkeys(fields["languages"]))
    if "service_area" in fields:
        fields["service_area"] = _area(fields["service_area"])
    if fields.get("opening_hours") is not None:
        days = {
            day: [Period(**period) for period in periods]
            for day, periods in fields["opening_hours"]["days"].items()
        }
        fields["opening_hours"] = opening_hours.opening_hours(
            fields["opening_hours"]["timezone"], days
        )
    if "holidays" in fields:
        fields["holidays"] = tuple(sorted({day.isoformat() for day in fields["holidays"]}))
    if "picture_ids" in fields:
        fields["picture_ids"] = tuple(fields["picture_ids"])
    if "pauses" in fields:
        planned = [Pause(**pause) for pause in fields["pauses"]]
        fields["pauses"] = opening_hours.pauses(planned, now)
    return fields


def _area(area: Mapping[str, Any]) -> ServiceArea:
    """A circle, or a polygon; the radius follows from a polygon."""
    if area.get("polygon") is not None:
        return service_areas.within(area["polygon"], area.get("location"))
    missing = [name for name in ("location", "radius_m") if area.get(name) is None]
    if missing:
        raise invalid(f"service_area.{missing[0]}", "Required without a polygon.")
    return ServiceArea(area["location"], area["radius_m"])


def _known_categories(categories: list[str]) -> tuple[str, ...]:
    unknown = sorted(set(categories) - CATEGORIES.keys())
    if unknown:
        raise invalid(
            "categories",
            f"Unknown categories: {', '.join(unknown)}; GET /v1/categories lists the known ones.",
        )
    return tuple(dict.fromkeys(categories))
