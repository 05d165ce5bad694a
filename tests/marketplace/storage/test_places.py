"""Places that the previous version stored."""

from dataclasses import replace

from marketplace.places import directory_place
from marketplace.storage import MongoStore
from marketplace.storage.documents import to_document
from marketplace.storage.migrations import migrate, v0_2
from tests.builders import a_match, a_place, a_vendor


async def test_the_migration_rounds_exact_places_and_distances(mongodb_store: MongoStore) -> None:
    """Vendors become findable, match distances whole kilometres; a second run changes nothing."""
    vendor, applied = a_vendor(), a_vendor(service_area=None)
    old = a_match(distance_m=1_234, score=0.9383)
    new = a_match(distance_m=3_000, score=0.85)
    database = mongodb_store.database
    await database["vendors"].insert_many([to_document(stored) for stored in (vendor, applied)])
    await mongodb_store.matches.add(old)
    await mongodb_store.matches.add(new)

    for _ in range(2):
        await v0_2.rounded_places(database)

    document = await database["vendors"].find_one({"_id": vendor.id})
    assert document is not None
    assert vendor.service_area is not None
    assert document["directory_place"] == directory_place(vendor.id, vendor.service_area.location)
    found = await mongodb_store.vendors.nearby(a_place(), 5_000, None, 10)
    assert [listed.id for listed in found] == [vendor.id]
    assert await mongodb_store.matches.get(old.id) == replace(old, distance_m=1_000, score=0.9)
    assert await mongodb_store.matches.get(new.id) == new


async def test_a_start_repairs_vendors_saved_by_the_previous_version(
    mongodb_store: MongoStore,
) -> None:
    """Each start adds the directory place that the previous version dropped on saving."""
    vendor = a_vendor()
    await mongodb_store.vendors.add(vendor)
    await mongodb_store.database["vendors"].replace_one({"_id": vendor.id}, to_document(vendor))
    assert await mongodb_store.vendors.nearby(a_place(), 5_000, None, 10) == []

    await migrate(mongodb_store.database)

    found = await mongodb_store.vendors.nearby(a_place(), 5_000, None, 10)
    assert [listed.id for listed in found] == [vendor.id]
