"""Vendors, and who is closest."""

from collections.abc import Sequence
from typing import Any, Protocol

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.vendors import ListedVendor, NearbyVendor, Vendor, VendorState


class Vendors(Protocol):
    """Vendor profiles, and who is closest."""

    async def add(self, vendor: Vendor) -> None:
        """Insert."""

    async def get(self, vendor_id: str) -> Vendor | None:
        """By id."""

    async def save(self, vendor: Vendor) -> None:
        """Replace all but `open_matches`, which only `reserve` and `release` change."""

    async def suspended(self, vendor_ids: Sequence[str]) -> frozenset[str]:
        """Which of these are suspended, by one query."""

    async def of_state(self, state: VendorState | None, request: PageRequest) -> Page[Vendor]:
        """Newest first."""

    async def closest(
        self, category: str, location: dict[str, Any], limit: int, exclude: Sequence[str] = ()
    ) -> list[NearbyVendor]:
        """Active vendors of the category with free capacity whose own radius covers the place.

        Closest first, at most `limit`, by one indexed query.
        """

    async def covering(
        self, category: str, location: dict[str, Any], vendor_ids: Sequence[str]
    ) -> frozenset[str]:
        """Which of these vendors are active, of the category, and cover the place."""

    async def nearby(
        self,
        location: dict[str, Any],
        radius_m: int,
        category: str | None,
        limit: int,
        behind_m: float | None = None,
    ) -> list[ListedVendor]:
        """Active vendors within a radius around the place, closest first, or those behind a distance.

        Distance, order and radius are those of `directory_place`: exact places decide nothing here.
        """

    async def reserve(self, vendor_id: str) -> bool:
        """Add one to `open_matches` if the vendor is active and below capacity; exact under concurrency."""

    async def release(self, vendor_id: str) -> None:
        """Take one from `open_matches`."""
