"""Drafts, lists of RFIs, and who may see and submit them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from marketplace.domain.policy import Policy
from tests.rest.people import (
    Rest,
    a_draft,
    a_draft_of,
    a_quote_of,
    a_story,
    an_admin,
    paths_of,
    refusal,
    registered,
)


async def test_a_draft_is_returned_with_location_and_etag(rest: Rest) -> None:
    """The response to a draft has its location, its revision as ETag, and every field sent."""
    customer = await registered(rest)
    body = a_draft(
        address="1437 Bannock St",
        needed_by="2040-06-01T09:00:00-06:00",
        budget={"min_minor": 10_000, "max_minor": 40_000, "currency": "USD"},
        attributes={"floor": 2, "has_parking": True},
    )

    response = await customer.post("/v1/rfis", json=body)

    rfi = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/rfis/{rfi['id']}"
    assert response.headers["etag"] == '"1"'
    assert (rfi["state"], rfi["revision"], rfi["max_vendors"]) == ("draft", 1, 5)
    assert rfi["needed_by"] == "2040-06-01T15:00:00.000Z"
    assert {key: rfi[key] for key in body if key != "needed_by"} == {
        key: value for key, value in body.items() if key != "needed_by"
    }
    again = await customer.get(response.headers["location"])
    assert again.json() == rfi
    assert again.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("category", "astrology", "category"),
        ("category", {"$gt": ""}, "category"),
        ("title", "", "title"),
        ("title", "x" * 161, "title"),
        ("title", 5, "title"),
        ("location", [0, 0], "location"),
        ("location", {"type": "Point", "coordinates": [180.5, 0]}, "location"),
        ("location", {"type": "Point", "coordinates": ["0", "0"]}, "location"),
        ("location", {"type": "Polygon", "coordinates": [0, 0]}, "location"),
        ("max_vendors", 0, "max_vendors"),
        ("max_vendors", 51, "max_vendors"),
        ("max_vendors", "5", "max_vendors"),
        ("needed_by", "tomorrow", "needed_by"),
        ("needed_by", "2040-06-01T09:00:00", "needed_by"),
        ("budget", {"min_minor": 2, "max_minor": 1, "currency": "USD"}, "budget.max_minor"),
        ("budget", {"min_minor": 1, "max_minor": 2, "currency": "usd"}, "budget.currency"),
        ("budget", {"min_minor": 1, "max_minor": 2}, "budget.currency"),
        ("attributes", {"a.b": 1}, "attributes"),
        ("attributes", {"a": {"$gt": 1}}, "attributes"),
        ("attachment_ids", ["nothing"], "attachment_ids"),
        ("state", "open", "state"),
        ("customer_id", "somebody", "customer_id"),
    ],
)
async def test_invalid_drafts_are_refused(rest: Rest, field: str, value: object, path: str) -> None:
    """An invalid draft is refused with its path, and nothing is created."""
    customer = await registered(rest)

    response = await customer.post("/v1/rfis", json=a_draft(**{field: value}))

    assert refusal(response) == (422, "validation_failed")
    assert path in paths_of(response)
    assert (await customer.get("/v1/rfis")).json()["items"] == []


async def test_vendors_cannot_draft(rest: Rest) -> None:
    """Only customers have RFIs; vendors have matches."""
    vendor = await registered(rest, role="vendor")

    assert refusal(await vendor.post("/v1/rfis", json=a_draft())) == (403, "forbidden")
    assert refusal(await vendor.get("/v1/rfis")) == (403, "forbidden")


async def test_a_customers_own_rfis_are_paged(rest: Rest) -> None:
    """A customer lists only their own RFIs, newest first, each once."""
    customer, other = await registered(rest), await registered(rest)
    ids = [(await a_draft_of(customer))["id"] for _ in range(5)]
    await a_draft_of(other)

    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await customer.get("/v1/rfis", params={"limit": 2, **cursor})).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == ids[::-1]


async def test_another_accounts_rfi_is_not_found(rest: Rest) -> None:
    """An RFI that a caller may not see looks like one that does not exist."""
    rfi = await a_draft_of(await registered(rest))
    stranger, vendor = await registered(rest), await registered(rest, role="vendor")
    path = f"/v1/rfis/{rfi['id']}"

    refused = [
        await person.get(f"{path}{part}")
        for person in (stranger, vendor)
        for part in ("", "/changes", "/matches", "/quotes")
    ]
    refused += [
        await stranger.patch(path, json={"title": "Mine"}, if_match=1),
        await stranger.post(f"{path}/submit", if_match=1),
        await stranger.post(f"{path}/withdraw", if_match=1),
        await stranger.post(
            f"{path}/award", json={"quote_id": "q", "quote_revision": 1}, if_match=1
        ),
        await vendor.post(f"{path}/quotes", json=a_quote_of(rfi)),
        await stranger.get("/v1/rfis/nothing"),
        await stranger.get("/v1/rfis/%24ne"),
    ]

    assert {refusal(response) for response in refused} == {(404, "not_found")}


async def test_admins_see_every_rfi(rest: Rest) -> None:
    """An admin can read an RFI without taking part in it."""
    rfi = await a_draft_of(await registered(rest))

    response = await (await an_admin(rest)).get(f"/v1/rfis/{rfi['id']}")

    assert response.json() == rfi


async def test_a_matched_vendor_can_only_read_the_rfi(rest: Rest) -> None:
    """A matched vendor can read the RFI and its feed, but only the customer can change it."""
    story = await a_story(rest)

    seen = await story.vendor.get(story.path)
    changed = await story.vendor.patch(story.path, json={"title": "Mine"}, if_match=2)

    assert seen.json() == story.rfi
    assert refusal(changed) == (404, "not_found")


async def test_quotas_are_exact_under_concurrency(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twelve drafts submitted at once, exactly as many open as the quota allows."""
    policy = Policy(most_open_rfis=4)
    parts = replace(rest.parts, world=replace(rest.parts.world, policy=policy))
    monkeypatch.setattr(rest.app.ctx.service, "parts", parts)
    customer = await registered(rest)
    drafts = [await a_draft_of(customer) for _ in range(12)]

    answers = await asyncio.gather(
        *(customer.post(f"/v1/rfis/{draft['id']}/submit", if_match=1) for draft in drafts)
    )

    assert sorted(response.status_code for response in answers) == [200] * 4 + [409] * 8
    assert {response.json()["code"] for response in answers if response.status_code == 409} == {
        "at_capacity"
    }
