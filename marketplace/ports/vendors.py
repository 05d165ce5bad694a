"""Vendors, and which are closest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.vendors import ListedVendor, NearbyVendor, Vendor, VendorState


class Vendors(Protocol):
    """Vendor profiles, and which vendors are closest."""

    async def add(self, vendor: Vendor) -> None:
        """Insert."""

    async def get(self, vendor_id: str) -> Vendor | None:
        """The vendor with this id."""

    async def save(self, vendor: Vendor) -> None:
        """Replace everything except `open_matches`, which only `reserve` and `release` change."""

    async def delete(self, vendor_id: str) -> None:
        """Delete the profile; does nothing if there is none."""

    async def suspended(self, vendor_ids: Sequence[str]) -> frozenset[str]:
        """Which of these vendors are suspended, in one query."""

    async def of_state(self, state: VendorState | None, request: PageRequest) -> Page[Vendor]:
        """Vendors in a state, or in any, newest first."""

    async def awaiting_review(self, after: tuple[datetime, str], limit: int) -> list[Vendor]:
        """Vendors whose application or proposal waits for a review, longest first.

        They begin after a position in the order of (`reviews.waiting_since`, id).
        """

    async def closest(
        self,
        category: str,
        location: dict[str, Any],
        limit: int,
        exclude: Sequence[str] = (),
        at: datetime | None = None,
    ) -> list[NearbyVendor]:
        """Active vendors of the category with free capacity whose service area covers the place.

        Closest first, at most `limit`, in one indexed query. `at` leaves out those that pause at
        this moment.
        """

    async def full(
        self,
        category: str,
        location: dict[str, Any],
        within_m: int,
        limit: int,
        at: datetime | None = None,
    ) -> list[NearbyVendor]:
        """Vendors as `closest` finds them, but without free capacity and at most so far away."""

    async def covering(
        self, category: str, location: dict[str, Any], vendor_ids: Sequence[str]
    ) -> frozenset[str]:
        """Which of these vendors are active, offer the category, and cover the place."""

    async def nearby(
        self,
        location: dict[str, Any],
        radius_m: int,
        category: str | None,
        limit: int,
        after_m: float | None = None,
    ) -> list[ListedVendor]:
        """Active vendors within a radius of the place, closest first, optionally after a distance.

        Distance, order and radius use `directory_place`: exact places have no effect here.
        """

    async def reserve(self, vendor_id: str) -> bool:
        """Add one to `open_matches` if the vendor is active and below capacity; atomic."""

    async def release(self, vendor_id: str) -> None:
        """Subtract one from `open_matches`."""
