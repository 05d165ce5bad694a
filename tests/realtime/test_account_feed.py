"""An account's feed over the socket: joined by number, resumed, repaired."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from marketplace.actions import account_feed
from marketplace.actions.account_feed import match_items
from marketplace.domain.account_feed import MAX_ITEMS, FeedItem
from marketplace.ports import Announcement, account_room
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from marketplace.storage.restore import after_restore
from realtime import rooms
from tests.builders import a_match
from tests.realtime.apps import App, Person, a_person
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import RunningGateway, gateway

NAME = "match.updated"


@pytest_asyncio.fixture
async def person(store: MongoStore, settings: Settings) -> Person:
    """Somebody whom nobody has told anything yet."""
    return await a_person(store, settings)


async def stored(store: MongoStore, person: Person, count: int = 1) -> list[FeedItem]:
    """Tell a person something without numbering or pushing it: as if its writer had died."""
    items = [
        item
        for _ in range(count)
        for item in match_items(NAME, [a_match(customer_id=person.id)])
        if item.account_id == person.id
    ]
    return await store.transact(lambda tx: tx.feed.append(items))


async def told(gateway: RunningGateway, person: Person, count: int = 1) -> list[FeedItem]:
    """Tell a person something, as an action in that process does."""
    items = await stored(gateway.parts.store, person, count)
    await account_feed.tell(gateway.parts.world, items)
    return await gateway.parts.store.feed.number(items)


def numbers(app: App) -> list[int | None]:
    """The positions of what the app was pushed, in order of arrival."""
    return [data.get("position") for data in app.named(NAME)]


def positions(answer: dict[str, Any]) -> list[int]:
    """The positions of the items in an acknowledgement."""
    return [item["position"] for item in answer["items"]]


async def has(app: App, position: int) -> None:
    """Wait until the app has been pushed the item at a position."""
    await app.until(lambda: position in numbers(app))


async def test_a_join_returns_the_newest_items_and_pushes_follow_once(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """The acknowledgement states the position; pushes begin at position + 1, from any process."""
    before = await told(gateways[0], person, 3)
    app = await connect(gateways[0], person)

    joined = await app.ok("join_account", {})
    assert (joined["position"], joined["is_snapshot"], joined["has_more"]) == (3, True, False)
    assert joined["items"] == [
        {
            "position": item.position,
            "name": item.name,
            "data": item.data,
            "at": "2040-05-17T09:30:00.000Z",
        }
        for item in before
    ]

    for process in (*gateways, *gateways):
        await told(process, person)
    await has(app, 7)
    assert numbers(app) == [4, 5, 6, 7]


async def test_a_returning_app_gets_exactly_the_items_it_missed(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """From its number on, over any gateway; at the end there is nothing to send."""
    await told(gateways[0], person, 7)
    app = await connect(gateways[1], person)

    missed = await app.ok("join_account", {"after_position": 4})
    again = await app.ok("join_account", {"after_position": 7, "epoch": missed["epoch"]})

    assert (positions(missed), missed["is_snapshot"]) == ([5, 6, 7], False)
    assert (again["items"], again["position"], again["is_snapshot"]) == ([], 7, False)


async def test_a_long_absence_is_caught_up_in_pages_of_items(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """`has_more` says that the page ends before the position; the next join continues."""
    await told(gateways[0], person, 450)
    app = await connect(gateways[0], person)
    seen: list[int] = []
    has_more = True

    while has_more:
        page = await app.ok("join_account", {"after_position": seen[-1] if seen else 0})
        seen += positions(page)
        has_more = page["has_more"]

    assert seen == list(range(1, 451))
    await told(gateways[0], person)
    await has(app, 451)
    assert numbers(app) == [451]


async def test_an_app_behind_the_retention_gets_a_snapshot(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """What is no longer kept is not silently left out."""
    for _ in range(3):
        await stored(gateways[0].parts.store, person, MAX_ITEMS // 2)
    app = await connect(gateways[0], person)

    lost = await app.ok("join_account", {"after_position": 10})

    assert (lost["is_snapshot"], lost["position"]) == (True, MAX_ITEMS * 3 // 2)
    assert positions(lost)[-1] == lost["position"]


async def test_an_app_that_never_joins_gets_the_same_pushes_as_before(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """Every push at once, also those of the previous version, and no repair."""
    app = await connect(gateways[0], person)
    await told(gateways[1], person)
    await has(app, 1)
    await stored(gateways[0].parts.store, person)  # lost

    (later,) = await told(gateways[1], person)
    await has(app, 3)
    data = later.data
    room = account_room(person.id)
    gateways[1].parts.world.live.announce(Announcement(room, NAME, data))
    await app.until(lambda: None in numbers(app))

    assert numbers(app) == [1, 3, None]
    assert app.named(NAME)[-1] == data
    assert app.named(NAME)[1] == {**data, "position": 3}


async def test_what_the_previous_version_tells_leaves_the_numbers_dense(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """It announces without a number and stores no item: the push is forwarded between the others."""
    app = await connect(gateways[0], person)
    await app.ok("join_account", {})
    (item,) = await told(gateways[1], person)
    await has(app, 1)
    unnumbered = Announcement(account_room(person.id), NAME, item.data)
    gateways[1].parts.world.live.announce(unnumbered)
    await app.until(lambda: None in numbers(app))

    await told(gateways[1], person)
    await has(app, 2)

    assert numbers(app) == [1, None, 2]
    assert positions(await app.ok("join_account", {"after_position": 0})) == [1, 2]


async def test_a_lost_push_is_read_before_the_next_is_delivered(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """Redis lost two of them, or their writer died before it announced them."""
    app = await connect(gateways[0], person)
    await app.ok("join_account", {})
    await told(gateways[1], person)
    await stored(gateways[0].parts.store, person, 2)

    await told(gateways[1], person)
    await has(app, 4)

    assert numbers(app) == [1, 2, 3, 4]


async def test_the_check_of_positions_finds_a_lost_push(
    connect: Connect, person: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every few seconds (here a tenth of a second) the position is compared with the store."""
    monkeypatch.setattr(rooms, "CHECK_HEADS_EVERY_S", 0.1)
    async with gateway(settings, "realtime-3") as looking:
        app = await connect(looking, person)
        await app.ok("join_account", {})

        await stored(looking.parts.store, person, 2)
        await has(app, 2)

    assert numbers(app) == [1, 2]


async def test_each_app_of_an_account_continues_from_its_own_position(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """One joined, one joined later, one only listens; all on one gateway."""
    first, second, third = [await connect(gateways[0], person) for _ in range(3)]
    await first.ok("join_account", {})
    await told(gateways[1], person)
    for app in (first, second, third):
        await has(app, 1)
    await second.ok("join_account", {"after_position": 0})
    await stored(gateways[0].parts.store, person)

    await told(gateways[1], person)
    for app in (first, second, third):
        await has(app, 3)

    assert (numbers(first), numbers(second), numbers(third)) == ([1, 2, 3], [1, 2, 3], [1, 3])


async def test_joining_during_appends_misses_and_duplicates_nothing(
    gateways: Gateways, connect: Connect, person: Person
) -> None:
    """What comes before the acknowledgement is in it; what comes after it has the next numbers."""
    apps = [await connect(gateways[n % 2], person) for n in range(6)]
    joined: dict[int, dict[str, Any]] = {}

    async def join(number: int) -> None:
        await asyncio.sleep(number * 0.02)
        joined[number] = await apps[number].ok("join_account", {"after_position": 0})

    async def tell(process: RunningGateway) -> None:
        for _ in range(30):
            await told(process, person)

    await asyncio.gather(*map(tell, gateways), *(join(n) for n in range(6)))

    for number, app in enumerate(apps):
        await has(app, 60)
        position = joined[number]["position"]
        assert positions(joined[number]) == list(range(1, position + 1))
        after = [n for n in numbers(app) if n is not None and n > position]
        assert after == list(range(position + 1, 61))


async def test_an_accounts_feed_starts_a_new_epoch_after_a_restore(
    gateways: Gateways, connect: Connect, person: Person, store: MongoStore, settings: Settings
) -> None:
    """Joined apps are told; a number of the other epoch gets a snapshot."""
    await told(gateways[0], person, 2)
    items = await store.database["feed_items"].find().to_list(None)
    await told(gateways[0], person, 3)
    app = await connect(gateways[0], person)
    before = await app.ok("join_account", {})

    await store.database["feed_items"].delete_many({"_id": {"$nin": [i["_id"] for i in items]}})
    await store.database["feed_heads"].update_one({"_id": person.id}, {"$set": {"position": 2}})
    await after_restore(
        settings.mongodb_url, settings.mongodb_database, lambda _: None, noticed_within_s=2.5
    )

    await app.until(lambda: bool(app.named("gap")))
    (gap,) = app.named("gap")
    assert (gap["room"], gap["head"], gap["is_snapshot"]) == (account_room(person.id), 2, True)
    await told(gateways[1], person)
    await has(app, 3)
    stale = await app.ok("join_account", {"after_position": 3, "epoch": before["epoch"]})
    assert (stale["is_snapshot"], positions(stale)) == (True, [1, 2, 3])
    assert stale["epoch"] == gap["epoch"] != before["epoch"]
    ahead = await app.ok("join_account", {"after_position": 5})
    assert (ahead["is_snapshot"], ahead["position"]) == (True, 3)


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"after_position": -1}, "after_position"),
        ({"after_position": "1"}, "after_position"),
        ({"after_position": 1.5}, "after_position"),
        ({"after_position": {"$gt": 0}}, "after_position"),
        ({"after_position": 2**53}, "after_position"),
        ({"epoch": "no such thing!"}, "epoch"),
        ({"account_id": "somebody else"}, "account_id"),
    ],
)
async def test_an_invalid_payload_is_refused_with_its_path(
    gateways: Gateways, connect: Connect, person: Person, payload: dict[str, Any], path: str
) -> None:
    """Nobody can ask for another account's feed."""
    app = await connect(gateways[0], person)

    answer = await app.call("join_account", payload)

    assert answer["error"]["code"] == "validation_failed"
    assert [error["path"] for error in answer["error"]["errors"]] == [path]


async def test_no_app_gets_the_items_of_another_account(
    gateways: Gateways, connect: Connect, person: Person, store: MongoStore, settings: Settings
) -> None:
    """Neither items nor pushes."""
    other = await a_person(store, settings)
    await told(gateways[0], person)
    app, others = await connect(gateways[0], person), await connect(gateways[0], other)
    await app.ok("join_account", {})

    assert (await others.ok("join_account", {}))["items"] == []
    await told(gateways[1], person)
    await has(app, 2)

    assert numbers(others) == []
