"""A vendor's onboarding (profile, submission, an admin's decision) and the directory."""

from collections.abc import Callable, Mapping
from typing import Any

from marketplace.actions import account_feed, announcements
from marketplace.actions.events import vendor_event
from marketplace.actions.offers import close_expired, expired_offers
from marketplace.domain import vendors
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.categories import CATEGORIES
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.vendors import ListedVendor, ServiceArea, Vendor, VendorState
from marketplace.errors import Code, ParleyError, invalid
from marketplace.ports import Repositories, World


async def own_vendor(world: World, actor: Actor) -> Vendor:
    """The actor's own vendor profile.

    Raises:
        ParleyError: `forbidden` for other roles.
    """
    actor.require(Role.VENDOR)
    return _require(await world.store.vendors.get(actor.account_id))


async def update_profile(world: World, actor: Actor, profile: Mapping[str, Any]) -> Vendor:
    """Replace the given fields of the actor's own profile.

    Raises:
        ParleyError: `forbidden`, `validation_failed`, `wrong_state`.
    """
    actor.require(Role.VENDOR)
    fields = dict(profile)
    if "categories" in fields:
        fields["categories"] = _known_categories(fields["categories"])
    if "languages" in fields:
        fields["languages"] = tuple(dict.fromkeys(fields["languages"]))
    if "service_area" in fields:
        fields["service_area"] = ServiceArea(**fields["service_area"])
    if "capacity" in fields:
        await close_expired(world, await expired_offers(world, world.store, [actor.account_id]))
    now = world.clock.now()
    return await _change(
        world,
        actor,
        actor.account_id,
        "vendor.updated",
        lambda vendor: vendors.update_profile(vendor, fields, now),
    )


async def submit(world: World, actor: Actor) -> Vendor:
    """Submit the profile for review.

    Raises:
        ParleyError: `forbidden`, `wrong_state` naming the steps that are left.
    """
    actor.require(Role.VENDOR)
    now = world.clock.now()
    return await _change(
        world,
        actor,
        actor.account_id,
        "vendor.submitted",
        lambda vendor: vendors.submit(vendor, now),
    )


async def decide(world: World, actor: Actor, vendor_id: str, decision: str, reason: str) -> Vendor:
    """Approve, reject, suspend or reinstate a vendor.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin, `not_found`, `wrong_state`.
    """
    actor.require(Role.ADMIN)
    now = world.clock.now()
    decided = await _change(
        world,
        actor,
        vendor_id,
        vendors.DECISIONS[decision][2],
        lambda vendor: vendors.decide(vendor, decision, reason, now),
        account_feed.decision_items,
    )
    announcements.access_changed(world, vendor_id)
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
    vendor = _require(await world.store.vendors.get(vendor_id))
    return _require(vendor if vendor.state is VendorState.ACTIVE else None)


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


async def _change(
    world: World,
    actor: Actor,
    vendor_id: str,
    event_name: str,
    change: Callable[[Vendor], Vendor],
    items_of: Callable[[Vendor], list[FeedItem]] = lambda _: [],
) -> Vendor:
    async def work(tx: Repositories) -> tuple[Vendor, list[FeedItem]]:
        changed = change(_require(await tx.vendors.get(vendor_id)))
        await tx.vendors.save(changed)
        await tx.outbox.add(vendor_event(event_name, changed, actor))
        return changed, await tx.feed.append(items_of(changed))

    changed, items = await world.store.transact(work)
    await account_feed.tell(world, items)
    return changed


def _require(vendor: Vendor | None) -> Vendor:
    if vendor is None:
        raise ParleyError(Code.NOT_FOUND, "There is no vendor with this id.")
    return vendor


def _known_categories(categories: list[str]) -> tuple[str, ...]:
    unknown = sorted(set(categories) - CATEGORIES.keys())
    if unknown:
        raise invalid(
            "categories",
            f"Unknown categories: {', '.join(unknown)}; GET /v1/categories lists the known ones.",
        )
    return tuple(dict.fromkeys(categories))
