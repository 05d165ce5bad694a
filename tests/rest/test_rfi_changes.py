"""Changes of an RFI, and the feed of its revisions."""

import asyncio
from typing import Any

import pytest

from tests.rest.people import (
    Rest,
    a_draft_of,
    refusal,
    registered,
)


async def test_a_change_creates_the_next_revision(rest: Rest) -> None:
    """A change based on the current revision creates the next one; omitted fields stay."""
    customer = await registered(rest)
    rfi = await a_draft_of(customer)

    response = await customer.patch(
        f"/v1/rfis/{rfi['id']}", json={"title": "Burst pipe"}, if_match=1
    )

    assert response.headers["etag"] == '"2"'
    revised = response.json()
    assert (revised["title"], revised["revision"]) == ("Burst pipe", 2)
    assert revised["description"] == rfi["description"]


async def test_a_revision_without_a_change_creates_nothing(rest: Rest) -> None:
    """Sending the current values changes nothing."""
    customer = await registered(rest)
    rfi = await a_draft_of(customer)

    response = await customer.patch(
        f"/v1/rfis/{rfi['id']}", json={"title": rfi["title"]}, if_match=1
    )

    assert response.status_code == 200
    assert response.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (428, "revision_required")),
        ('"2"', (412, "stale_revision")),
        ('"0"', (412, "stale_revision")),
        ('W/"2", "3"', (412, "stale_revision")),
        ('"abc"', (412, "stale_revision")),
        ('"99999999999999999999"', (412, "stale_revision")),
        ("1", (422, "validation_failed")),
        ('*, "1"', (422, "validation_failed")),
        ("", (422, "validation_failed")),
    ],
)
@pytest.mark.parametrize(
    ("method", "part", "body"),
    [
        ("PATCH", "", {"title": "Burst pipe"}),
        ("POST", "/submit", None),
        ("POST", "/withdraw", None),
        ("POST", "/award", {"quote_id": "q", "quote_revision": 1}),
    ],
)
async def test_a_change_needs_the_current_revision(
    rest: Rest,
    header: str | None,
    expected: tuple[int, str],
    method: str,
    part: str,
    body: object,
) -> None:
    """A change must name the revision it is based on; any other revision is refused."""
    customer = await registered(rest)
    rfi = await a_draft_of(customer)
    headers = {} if header is None else {"If-Match": header}

    response = await customer.ask(method, f"/v1/rfis/{rfi['id']}{part}", json=body, headers=headers)

    assert refusal(response) == expected
    assert (await customer.get(f"/v1/rfis/{rfi['id']}")).json() == rfi


async def test_only_one_concurrent_revision_wins(rest: Rest) -> None:
    """Concurrent changes based on one revision do not overwrite each other."""
    customer = await registered(rest)
    path = f"/v1/rfis/{(await a_draft_of(customer))['id']}"

    responses = await asyncio.gather(
        *(customer.patch(path, json={"title": f"Title {n}"}, if_match=1) for n in range(6))
    )

    statuses = sorted(response.status_code for response in responses)
    won = next(response for response in responses if response.status_code == 200)
    assert statuses == [200] + [412] * 5
    assert (await customer.get(path)).json() == won.json()


async def test_the_feed_has_every_revision_in_order(rest: Rest) -> None:
    """The feed has every revision in order: field, old and new value, actor and cause."""
    customer = await registered(rest)
    rfi = await a_draft_of(customer)
    path = f"/v1/rfis/{rfi['id']}"
    budget = {"min_minor": 1, "max_minor": 2, "currency": "USD"}
    await customer.patch(path, json={"title": "Burst pipe", "budget": budget}, if_match=1)
    await customer.post(f"{path}/submit", if_match=2)
    await customer.post(f"{path}/withdraw", if_match=3)

    all_of_them = (await customer.get(f"{path}/changes")).json()
    last_two = (await customer.get(f"{path}/changes", params={"after_revision": 2})).json()

    items = all_of_them["items"]
    assert [revision["revision"] for revision in items] == [1, 2, 3, 4]
    assert [revision["cause"] for revision in items] == [
        "drafted",
        "revised",
        "submitted",
        "withdrawn",
    ]
    assert items[1]["actor"] == {"account_id": customer.id, "role": "customer"}
    assert items[1]["changes"] == [
        {"path": "title", "old": rfi["title"], "new": "Burst pipe"},
        {"path": "budget", "old": None, "new": budget},
    ]
    assert last_two["items"] == items[2:]
    assert all_of_them["next_cursor"] is None


async def test_a_revision_beyond_the_current_or_of_another_epoch_gets_the_newest(
    rest: Rest,
) -> None:
    """The reader saw a change that no longer exists."""
    customer = await registered(rest)
    path = f"/v1/rfis/{(await a_draft_of(customer))['id']}"
    for n in range(1, 5):
        await customer.patch(path, json={"title": f"Title {n}"}, if_match=n)

    async def read(**params: Any) -> tuple[list[int], bool]:
        page = (await customer.get(f"{path}/changes", params={"limit": 2, **params})).json()
        assert (page["head"], page["epoch"]) == (5, epoch)
        return [item["revision"] for item in page["items"]], page["is_snapshot"]

    epoch = (await customer.get(f"{path}/changes")).json()["epoch"]
    assert await read(after_revision=6) == ([4, 5], True)
    assert await read(after_revision=1, epoch="other") == ([4, 5], True)
    assert await read(after_revision=5, epoch=epoch) == ([], False)
    assert await read(after_revision=3, epoch=epoch) == ([4, 5], False)
    assert await read() == ([1, 2], False)


async def test_changes_are_paged(rest: Rest) -> None:
    """Pages of the feed have no gap; a cursor cannot be combined with a revision."""
    customer = await registered(rest)
    path = f"/v1/rfis/{(await a_draft_of(customer))['id']}"
    for n in range(1, 5):
        await customer.patch(path, json={"title": f"Title {n}"}, if_match=n)

    first = (await customer.get(f"{path}/changes", params={"limit": 2})).json()
    params = {"limit": 3, "cursor": first["next_cursor"]}
    second = (await customer.get(f"{path}/changes", params=params)).json()
    both = await customer.get(f"{path}/changes", params={**params, "after_revision": 1})

    assert [revision["revision"] for revision in first["items"] + second["items"]] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert second["next_cursor"] is None
    assert refusal(both) == (422, "validation_failed")
