"""Vendors, and who is closest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from marketplace.domain import reviews, service_areas
from marketplace.domain.opening_hours import is_paused
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.vendors import ListedVendor, NearbyVendor, ServiceArea, Vendor, VendorState
from marketplace.places import directory_place, distance_m, rounded
from tests.memory.tables import Tables, insert, page


class Vendors:
    """Vendor profiles."""

    def __init__(self, tables: Tables) -> None:
        self._vendors = tables.vendors

    async def add(self, vendor: Vendor) -> None:
        """Insert."""
        insert(self._vendors, vendor.id, vendor)

    async def get(self, vendor_id: str) -> Vendor | None:
        """By id."""
        return self._vendors.get(vendor_id)

    async def save(self, vendor: Vendor) -> None:
        """Replace all but `open_matches`."""
        if vendor.id in self._vendors:
            kept = self._vendors[vendor.id].open_matches
            self._vendors[vendor.id] = replace(vendor, open_matches=kept)

    async def delete(self, vendor_id: str) -> None:
        """Delete."""
        self._vendors.pop(vendor_id, None)

    async def suspended(self, vendor_ids: Sequence[str]) -> frozenset[str]:
        """Which of these are suspended."""
        found = (self._vendors[vendor_id] for vendor_id in vendor_ids if vendor_id in self._vendors)
        return frozenset(vendor.id for vendor in found if vendor.state is VendorState.SUSPENDED)

    async def of_state(self, state: VendorState | None, request: PageRequest) -> Page[Vendor]:
        """Newest first."""
        found = {k: v for k, v in self._vendors.items() if state is None or v.state is state}
        return page(found, request)

    async def awaiting_review(self, after: tuple[datetime, str], limit: int) -> list[Vendor]:
        """By (waiting since, id), longest first."""
        waiting = [
            (since, vendor.id, vendor)
            for vendor in self._vendors.values()
            if (since := reviews.waiting_since(vendor)) is not None
        ]
        in_order = sorted(waiting, key=lambda row: row[:2])
        return [vendor for since, id_, vendor in in_order if (since, id_) > after][:limit]

    async def closest(
        self,
        category: str,
        location: dict[str, Any],
        limit: int,
        exclude: Sequence[str] = (),
        at: datetime | None = None,
    ) -> list[NearbyVendor]:
        """Active vendors of the category with free capacity whose service area covers the place."""
        return [
            nearby
            for nearby in self._covering(category, location)
            if nearby.vendor.open_matches < nearby.vendor.capacity
            and nearby.vendor.id not in exclude
            and (at is None or not is_paused(nearby.vendor.pauses, at))
        ][:limit]

    async def full(
        self,
        category: str,
        location: dict[str, Any],
        within_m: int,
        limit: int,
        at: datetime | None = None,
    ) -> list[NearbyVendor]:
        """The same without free capacity, at most so far away."""
        return [
            nearby
            for nearby in self._covering(category, location)
            if nearby.vendor.open_matches >= nearby.vendor.capacity
            and nearby.distance_m <= within_m
            and (at is None or not is_paused(nearby.vendor.pauses, at))
        ][:limit]

    async def covering(
        self, category: str, location: dict[str, Any], vendor_ids: Sequence[str]
    ) -> frozenset[str]:
        """Which of these vendors are active, of the category, and cover the place."""
        found = {nearby.vendor.id for nearby in self._covering(category, location)}
        return frozenset(found & set(vendor_ids))

    async def nearby(
        self,
        location: dict[str, Any],
        radius_m: int,
        category: str | None,
        limit: int,
        after_m: float | None = None,
    ) -> list[ListedVendor]:
        """Active vendors within a radius of the place, closest first, from a distance on."""
        found = [
            _listed(vendor, vendor.service_area, location)
            for vendor in self._vendors.values()
            if vendor.state is VendorState.ACTIVE
            and vendor.service_area is not None
            and (category is None or category in vendor.categories)
        ]
        least = -1.0 if after_m is None else after_m
        shown = (vendor for vendor in found if least < vendor.distance_m <= radius_m)
        return sorted(shown, key=lambda listed: listed.distance_m)[:limit]

    async def reserve(self, vendor_id: str) -> bool:
        """Increase `open_matches` by one if the vendor is active and below capacity."""
        vendor = self._vendors.get(vendor_id)
        if vendor is None or vendor.state is not VendorState.ACTIVE:
            return False
        if vendor.open_matches >= vendor.capacity:
            return False
        self._vendors[vendor_id] = replace(vendor, open_matches=vendor.open_matches + 1)
        return True

    async def release(self, vendor_id: str) -> None:
        """Decrease `open_matches` by one."""
        vendor = self._vendors.get(vendor_id)
        if vendor is not None and vendor.open_matches > 0:
            self._vendors[vendor_id] = replace(vendor, open_matches=vendor.open_matches - 1)

    def _covering(self, category: str, location: dict[str, Any]) -> list[NearbyVendor]:
        """Active vendors of the category whose own radius covers the place, closest first."""
        return [
            nearby
            for nearby in self._by_distance(location)
            if category in nearby.vendor.categories
            and nearby.vendor.service_area is not None
            and nearby.distance_m <= nearby.vendor.service_area.radius_m
            and _is_within(nearby.vendor.service_area, location)
        ]

    def _by_distance(self, location: dict[str, Any]) -> list[NearbyVendor]:
        """Active vendors with a service area, closest first."""
        found = [
            NearbyVendor(vendor, round(distance_m(location, vendor.service_area.location)))
            for vendor in self._vendors.values()
            if vendor.state is VendorState.ACTIVE and vendor.service_area is not None
        ]
        return sorted(found, key=lambda nearby: nearby.distance_m)


def _is_within(area: ServiceArea, place: dict[str, Any]) -> bool:
    return area.polygon is None or service_areas.contains(area.polygon, place)


def _listed(vendor: Vendor, area: ServiceArea, location: dict[str, Any]) -> ListedVendor:
    place = directory_place(vendor.id, area.location)
    return ListedVendor(
        id=vendor.id,
        company=vendor.company,
        categories=vendor.categories,
        location=rounded(place),
        radius_m=area.radius_m,
        hours=vendor.hours,
        languages=vendor.languages,
        distance_m=distance_m(location, place),
    )
