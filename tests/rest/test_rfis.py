"""RFIs: drafting, revising, submitting, withdrawing, awarding, and the feed of changes."""

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
    accepted,
    an_active_vendor,
    an_admin,
    an_open_rfi,
    paths_of,
    refusal,
    registered,
    somewhere,
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


async def test_of_concurrent_revisions_one_wins(rest: Rest) -> None:
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


async def test_an_award_closes_the_other_quotes(rest: Rest) -> None:
    """The winner's quote is awarded, the other is closed, and the RFI takes no more quotes."""
    place = somewhere()
    winner, loser = await an_active_vendor(rest, place), await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    path = f"/v1/rfis/{rfi['id']}"
    quotes = []
    for vendor in (winner, loser):
        await accepted(vendor, rfi)
        quotes.append((await vendor.post(f"{path}/quotes", json=a_quote_of(rfi))).json())

    response = await customer.post(
        f"{path}/award",
        json={"quote_id": quotes[0]["id"], "quote_revision": 1},
        if_match=rfi["revision"],
    )

    awarded = response.json()
    states = {
        quote["vendor_id"]: quote["state"]
        for quote in (await customer.get(f"{path}/quotes")).json()["items"]
    }
    late = await loser.post(f"{path}/quotes", json=a_quote_of(awarded))
    assert (awarded["state"], awarded["awarded_vendor_id"]) == ("awarded", winner.id)
    assert response.headers["etag"] == f'"{awarded["revision"]}"'
    assert states == {winner.id: "awarded", loser.id: "closed"}
    assert refusal(late) == (409, "wrong_state")


async def test_of_concurrent_awards_one_wins(rest: Rest) -> None:
    """However many awards are sent concurrently, there is one winner."""
    place = somewhere()
    vendors = [await an_active_vendor(rest, place) for _ in range(3)]
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    path = f"/v1/rfis/{rfi['id']}"
    quote_ids = []
    for vendor in vendors:
        await accepted(vendor, rfi)
        quote = await vendor.post(f"{path}/quotes", json=a_quote_of(rfi))
        quote_ids.append(quote.json()["id"])

    responses = await asyncio.gather(
        *(
            customer.post(
                f"{path}/award",
                json={"quote_id": quote_id, "quote_revision": 1},
                if_match=rfi["revision"],
            )
            for quote_id in quote_ids * 3
        )
    )

    won = [response for response in responses if response.status_code == 200]
    states = [quote["state"] for quote in (await customer.get(f"{path}/quotes")).json()["items"]]
    assert len(won) == 1
    assert {refusal(response) for response in responses if response not in won} == {
        (412, "stale_revision")
    }
    assert sorted(states) == ["awarded", "closed", "closed"]


async def test_an_unknown_quote_cannot_be_awarded(rest: Rest) -> None:
    """A quote on another RFI, or an unknown one, cannot be awarded."""
    story, other = await a_story(rest), await a_story(rest)
    quote = (await other.vendor.post(f"{other.path}/quotes", json=a_quote_of(other.rfi))).json()

    for quote_id in (quote["id"], "nothing"):
        response = await story.customer.post(
            f"{story.path}/award",
            json={"quote_id": quote_id, "quote_revision": 1},
            if_match=story.rfi["revision"],
        )
        assert refusal(response) == (404, "not_found")


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
