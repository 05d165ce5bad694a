"""An account's feed over REST: the same items, numbers and snapshots as over the socket."""

from typing import Any

import pytest

from marketplace.actions.account_feed import match_items
from marketplace.storage.epoch import begin_epoch
from tests.builders import a_match
from tests.rest.people import Person, Rest, a_story, an_admin, paths_of, refusal, registered


async def told(rest: Rest, person: Person, count: int) -> None:
    """Tell a person something."""
    items = [
        item
        for _ in range(count)
        for item in match_items("match.updated", [a_match(customer_id=person.id)])
    ]
    await rest.parts.store.transact(lambda tx: tx.feed.append(items))


async def read(person: Person, **params: Any) -> dict[str, Any]:
    """A page of the person's feed."""
    response = await person.get("/v1/me/feed", params=params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def positions(page: dict[str, Any]) -> list[int]:
    """The positions of a page's items."""
    return [item["position"] for item in page["items"]]


async def test_both_sides_read_the_items_of_their_deal(rest: Rest) -> None:
    """From the offer to the acceptance, each with numbers of its own."""
    story = await a_story(rest)

    of_customer, of_vendor = await read(story.customer), await read(story.vendor)

    assert [item["name"] for item in of_customer["items"]] == ["match.offered", "match.updated"]
    assert [item["name"] for item in of_vendor["items"]] == [
        "vendor.decided",
        "match.offered",
        "match.updated",
    ]
    assert positions(of_vendor) == [1, 2, 3]
    assert of_customer["items"][1]["data"] == story.match
    assert (of_customer["position"], of_customer["is_snapshot"]) == (2, True)


async def test_a_reader_continues_after_its_position(rest: Rest) -> None:
    """By number and by cursor, up to the end."""
    person = await registered(rest)
    await told(rest, person, 25)

    seen: list[int] = []
    page = await read(person, after_position=3, limit=10)
    while True:
        seen += positions(page)
        assert not page["is_snapshot"]
        if page["next_cursor"] is None:
            break
        page = await read(person, cursor=page["next_cursor"], limit=10)

    assert seen == list(range(4, 26))
    assert (await read(person, after_position=25))["items"] == []


async def test_a_read_without_a_position_starts_at_the_newest(rest: Rest) -> None:
    """Each page is oldest first; the cursor leads back."""
    person = await registered(rest)
    await told(rest, person, 25)

    pages = [await read(person, limit=10)]
    while (cursor := pages[-1]["next_cursor"]) is not None:
        pages.append(await read(person, cursor=cursor, limit=10))

    assert [positions(page) for page in pages] == [
        list(range(16, 26)),
        list(range(6, 16)),
        list(range(1, 6)),
    ]
    assert [page["is_snapshot"] for page in pages] == [True, False, False]


async def test_a_position_beyond_the_feed_or_of_another_epoch_gets_the_newest(
    rest: Rest,
) -> None:
    """The reader has seen items that a restore has removed."""
    person = await registered(rest)
    await told(rest, person, 3)
    first = await read(person, after_position=2)

    ahead = await read(person, after_position=9)
    assert (positions(ahead), ahead["is_snapshot"]) == ([1, 2, 3], True)
    await begin_epoch(rest.parts.store.database)
    await rest.parts.store.epoch.read()
    stale = await read(person, after_position=2, epoch=first["epoch"])
    assert (positions(stale), stale["is_snapshot"]) == ([1, 2, 3], True)
    assert stale["epoch"] != first["epoch"]


async def test_an_empty_feed_is_at_0(rest: Rest) -> None:
    """Everybody has a feed, admins too."""
    for person in (await registered(rest), await an_admin(rest)):
        page = await read(person)
        assert (page["items"], page["position"], page["next_cursor"]) == ([], 0, None)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"after_position": "-1"}, "after_position"),
        ({"after_position": "x"}, "after_position"),
        ({"after_position": "1", "epoch": "no!"}, "epoch"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"cursor": "after3"}, "cursor"),
        ({"account_id": "x"}, "account_id"),
    ],
)
async def test_an_invalid_query_is_refused_with_its_parameter(
    rest: Rest, params: dict[str, str], path: str
) -> None:
    """Nobody can ask for another account's feed, or invent a cursor."""
    person = await registered(rest)

    response = await person.get("/v1/me/feed", params=params)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [path]


async def test_a_cursor_with_a_position_is_refused(rest: Rest) -> None:
    """One of both says where to continue."""
    person = await registered(rest)
    await told(rest, person, 3)
    cursor = (await read(person, limit=1))["next_cursor"]

    response = await person.get("/v1/me/feed", params={"cursor": cursor, "after_position": "1"})

    assert refusal(response) == (422, "validation_failed")


async def test_an_anonymous_reader_gets_no_feed(rest: Rest) -> None:
    """As everywhere."""
    assert (await rest.client.get("/v1/me/feed")).status_code == 401
