"""Polygons survive the previous version, which does not know them."""

from dataclasses import replace

from marketplace.domain import service_areas
from marketplace.domain.vendors import ServiceArea, Vendor
from marketplace.storage import MongoStore
from marketplace.storage.migrations import migrate
from tests.builders import a_place, a_vendor

SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[-105.0, 39.7], [-104.9, 39.7], [-104.9, 39.8], [-105.0, 39.8], [-105.0, 39.7]]
    ],
}


async def saved_by_the_previous_version(store: MongoStore, vendor: Vendor) -> None:
    """It sets the fields that it knows, and the service area as a whole."""
    area = vendor.service_area
    assert area is not None
    known = {"location": area.location, "radius_m": area.radius_m}
    await store.database["vendors"].update_one(
        {"_id": vendor.id}, {"$set": {"company": vendor.company, "service_area": known}}
    )


async def test_a_dropped_polygon_is_restored_at_the_next_start(mongodb_store: MongoStore) -> None:
    """With the other changes of the previous version."""
    vendor = a_vendor(service_area=service_areas.within(SQUARE))
    await mongodb_store.vendors.add(vendor)
    renamed = replace(vendor, company="Cedar Plumbing")
    await saved_by_the_previous_version(mongodb_store, renamed)

    await migrate(mongodb_store.database)

    assert await mongodb_store.vendors.get(vendor.id) == renamed


async def test_an_area_that_changed_meanwhile_stays_as_it_is(mongodb_store: MongoStore) -> None:
    """In the previous version, or in this one."""
    in_previous, in_this = [a_vendor(service_area=service_areas.within(SQUARE)) for _ in range(2)]
    for vendor in (in_previous, in_this):
        await mongodb_store.vendors.add(vendor)
    moved = [
        replace(vendor, service_area=ServiceArea(a_place(), 20_000))
        for vendor in (in_previous, in_this)
    ]
    await saved_by_the_previous_version(mongodb_store, moved[0])
    await mongodb_store.vendors.save(moved[1])

    await migrate(mongodb_store.database)

    for vendor in moved:
        assert await mongodb_store.vendors.get(vendor.id) == vendor
    document = await mongodb_store.database["vendors"].find_one({"_id": in_this.id})
    assert document is not None
    assert "drawn_area" not in document
