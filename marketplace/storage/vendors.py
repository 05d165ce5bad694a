"""Vendors, and which are closest."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any

from pymongo import ASCENDING

from marketplace.domain import reviews
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.vendors import (
    MAX_RADIUS_M,
    ListedVendor,
    NearbyVendor,
    Vendor,
    VendorState,
)
from marketplace.places import directory_place, rounded
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document

# Documents omit fields at their default, and the previous version does not know these.
_OPTIONAL = [
    *(field.name for field in fields(Vendor) if field.default is not MISSING),
    "drawn_area",
]

_MARGIN_M = 0.001
_LISTED = dict.fromkeys(
    ("company", "categories", "directory_place", "service_area.radius_m", "hours", "languages",
     "distance_m"), 1,
)  # fmt: skip


@repository
class MongoVendors(Collection[Vendor]):
    """Vendor profiles with a geospatial index over (state, category, place)."""

    name = "vendors"
    kind = Vendor

    async def add(self, vendor: Vendor) -> None:
        """Insert."""
        await self._collection.insert_one(vendor_document(vendor), session=self.session)

    async def get(self, vendor_id: str) -> Vendor | None:
        """The vendor with this id."""
        return await self._get(vendor_id)

    async def save(self, vendor: Vendor) -> None:
        """Replace everything except `open_matches`, which only `reserve` and `release` change."""
        document = vendor_document(vendor)
        del document["open_matches"]
        omitted = dict.fromkeys((name for name in _OPTIONAL if name not in document), "")
        await self._collection.update_one(
            {"_id": document.pop("_id")},
            {"$set": document, "$unset": omitted},
            session=self.session,
        )

    async def delete(self, vendor_id: str) -> None:
        """Delete the profile."""
        await self._collection.delete_one({"_id": vendor_id}, session=self.session)

    async def suspended(self, vendor_ids: Sequence[str]) -> frozenset[str]:
        """Which of these are suspended; served from the index over (state, _id)."""
        documents = await self._collection.find(
            {"state": VendorState.SUSPENDED, "_id": {"$in": list(vendor_ids)}},
            {"_id": 1},
            session=self.session,
        ).to_list(None)
        return frozenset(document["_id"] for document in documents)

    async def of_state(self, state: VendorState | None, request: PageRequest) -> Page[Vendor]:
        """Vendors in a state, or in any, newest first."""
        return await self._page({} if state is None else {"state": state}, request)

    async def awaiting_review(self, after: tuple[datetime, str], limit: int) -> list[Vendor]:
        """Applications and proposals from an index each, merged.

        A vendor under review is not changed, so its last change is its submission; the previous
        version stores no other moment.
        """
        applications = await self._since(
            "updated_at", {"state": VendorState.IN_REVIEW}, after, limit
        )
        proposals = await self._since(
            "proposal.submitted_at", {"proposal.submitted_at": {"$type": "date"}}, after, limit
        )
        return sorted([*applications, *proposals], key=_queued_at)[:limit]

    async def closest(
        self,
        category: str,
        location: dict[str, Any],
        limit: int,
        exclude: Sequence[str] = (),
        at: datetime | None = None,
    ) -> list[NearbyVendor]:
        """Active vendors of the category, below capacity, whose service area covers the place.

        Pauses are looked at in the documents that the capacity is read from anyway.
        """
        condition: dict[str, Any] = {
            "state": VendorState.ACTIVE,
            "categories": category,
            "$expr": {"$lt": ["$open_matches", "$capacity"]},
        }
        if exclude:
            condition["_id"] = {"$nin": list(exclude)}
        condition |= _not_paused(at)
        return await self._near(location, MAX_RADIUS_M, condition, [_covers(location)], limit)

    async def full(
        self,
        category: str,
        location: dict[str, Any],
        within_m: int,
        limit: int,
        at: datetime | None = None,
    ) -> list[NearbyVendor]:
        """Active vendors of the category, at capacity, whose own radius covers the place."""
        condition: dict[str, Any] = {
            "state": VendorState.ACTIVE,
            "categories": category,
            "$expr": {"$gte": ["$open_matches", "$capacity"]},
            **_not_paused(at),
        }
        return await self._near(location, within_m, condition, [_covers(location)], limit)

    async def covering(
        self, category: str, location: dict[str, Any], vendor_ids: Sequence[str]
    ) -> frozenset[str]:
        """Which of these vendors are active, offer the category, and cover the place."""
        if not vendor_ids:  # the server refuses a limit of 0
            return frozenset()
        condition = {
            "_id": {"$in": list(vendor_ids)},
            "state": VendorState.ACTIVE,
            "categories": category,
        }
        vendors = await self._near(
            location, MAX_RADIUS_M, condition, [_covers(location)], len(vendor_ids)
        )
        return frozenset(nearby.vendor.id for nearby in vendors)

    async def nearby(
        self,
        location: dict[str, Any],
        radius_m: int,
        category: str | None,
        limit: int,
        after_m: float | None = None,
    ) -> list[ListedVendor]:
        """Active vendors within a radius, closest first, optionally after a distance."""
        condition: dict[str, Any] = {"state": VendorState.ACTIVE}
        if category is not None:
            condition["categories"] = category
        near = {
            "near": location,
            "key": "directory_place",
            "distanceField": "distance_m",
            "maxDistance": radius_m,
            # The index scan starts slightly before the distance; the match below is exact.
            "minDistance": max(0.0, (after_m or 0.0) - _MARGIN_M),
            "query": condition,
            "spherical": True,
        }
        after = [] if after_m is None else [{"$match": {"distance_m": {"$gt": after_m}}}]
        documents = await self._collection.aggregate(
            [{"$geoNear": near}, *after, {"$limit": limit}, {"$project": _LISTED}],
            session=self.session,
        ).to_list(limit)
        return [_listed(document) for document in documents]

    async def reserve(self, vendor_id: str) -> bool:
        """Add one to `open_matches` if the vendor is active and below capacity.

        Condition and increment are one update, so two transactions cannot both take the last place.
        """
        outcome = await self._collection.update_one(
            {
                "_id": vendor_id,
                "state": VendorState.ACTIVE,
                "$expr": {"$lt": ["$open_matches", "$capacity"]},
            },
            {"$inc": {"open_matches": 1}},
            session=self.session,
        )
        return outcome.modified_count == 1

    async def release(self, vendor_id: str) -> None:
        """Subtract one from `open_matches`."""
        await self._collection.update_one(
            {"_id": vendor_id, "open_matches": {"$gt": 0}},
            {"$inc": {"open_matches": -1}},
            session=self.session,
        )

    async def _since(
        self, field: str, condition: dict[str, Any], after: tuple[datetime, str], limit: int
    ) -> list[Vendor]:
        at, vendor_id = after
        later = [{field: {"$gt": at}}, {field: at, "_id": {"$gt": vendor_id}}]
        return await self._many(
            {"$and": [condition, {"$or": later}]},
            sort=[(field, ASCENDING), ("_id", ASCENDING)],
            limit=limit,
        )

    async def _near(
        self,
        location: Mapping[str, Any],
        radius_m: int,
        condition: dict[str, Any],
        stages: list[dict[str, Any]],
        limit: int,
    ) -> list[NearbyVendor]:
        near = {
            "near": dict(location),
            "key": "service_area.location",
            "distanceField": "distance_m",
            "maxDistance": radius_m,
            "query": condition,
            "spherical": True,
        }
        documents = await self._collection.aggregate(
            [{"$geoNear": near}, *stages, {"$limit": limit}], session=self.session
        ).to_list(limit)
        return [
            NearbyVendor(from_document(document, Vendor), round(document["distance_m"]))
            for document in documents
        ]


def _not_paused(at: datetime | None) -> dict[str, Any]:
    if at is None:
        return {}
    going_on = {"starts_at": {"$lte": at}, "ends_at": {"$gt": at}}
    return {"pauses": {"$not": {"$elemMatch": going_on}}}


def _covers(location: Mapping[str, Any]) -> dict[str, Any]:
    """The stage that keeps vendors whose circle, and polygon if they have one, covers the place."""
    polygon = "service_area.polygon"
    return {
        "$match": {
            "$expr": {"$lte": ["$distance_m", "$service_area.radius_m"]},
            "$or": [
                {polygon: None},
                {polygon: {"$geoIntersects": {"$geometry": dict(location)}}},
            ],
        }
    }


def _queued_at(vendor: Vendor) -> tuple[datetime, str]:
    since = reviews.waiting_since(vendor)
    return since or vendor.updated_at, vendor.id


def vendor_document(vendor: Vendor) -> dict[str, Any]:
    """A vendor with its place in the directory, and its polygon once more.

    When the previous version saves a vendor, it drops the polygon from `service_area`; the next
    start restores it from `drawn_area` (migrations.v0_2.restore_polygons).
    """
    document = to_document(vendor)
    if vendor.service_area is not None:
        place = vendor.service_area.location
        document["directory_place"] = directory_place(vendor.id, place)
        if vendor.service_area.polygon is not None:
            document["drawn_area"] = document["service_area"]
    return document


def _listed(document: Mapping[str, Any]) -> ListedVendor:
    return ListedVendor(
        id=document["_id"],
        company=document["company"],
        categories=tuple(document["categories"]),
        location=rounded(document["directory_place"]),
        radius_m=document["service_area"]["radius_m"],
        hours=document["hours"],
        languages=tuple(document["languages"]),
        distance_m=document["distance_m"],
    )
