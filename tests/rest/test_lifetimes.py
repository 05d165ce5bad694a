"""Extend, close and copy an RFI; its timeline, and the decisions about it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.rest.people import (
    Person,
    Rest,
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


def in_days(days: float) -> str:
    """A moment so many days from now, as a client writes it."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def test_an_rfi_says_when_it_expires(rest: Rest) -> None:
    """A draft 30 days after its last change, an open RFI when it is needed, an ended one never."""
    customer = await registered(rest)
    draft = await a_draft_of(customer, needed_by=in_days(5))
    path = f"/v1/rfis/{draft['id']}"

    opened = (await customer.post(f"{path}/submit", if_match=1)).json()
    withdrawn = (await customer.post(f"{path}/withdraw", if_match=2)).json()

    left = datetime.fromisoformat(draft["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < left < timedelta(days=31)
    assert opened["expires_at"] == draft["needed_by"]
    assert (withdrawn["expires_at"], withdrawn["ended_reason"]) == (None, None)


async def test_an_extension_is_a_revision(rest: Rest) -> None:
    """Everybody who follows the RFI sees the new date."""
    story = await a_story(rest)
    until = in_days(30)
    draft = await a_draft_of(story.customer)
    open_rfi = await an_open_rfi(rest, story.customer, needed_by=in_days(5))
    path = f"/v1/rfis/{open_rfi['id']}"

    extended = await story.customer.post(f"{path}/extend", json={"until": until}, if_match=2)
    later = await story.customer.post(
        f"/v1/rfis/{draft['id']}/extend", json={"until": in_days(60)}, if_match=1
    )

    assert (extended.status_code, later.status_code) == (200, 200)
    assert extended.headers["etag"] == '"3"'
    changes = (await story.customer.get(f"{path}/changes?after_revision=2")).json()["items"]
    assert [change["path"] for change in changes[0]["changes"]] == ["expires_at"]
    assert changes[0]["cause"] == "extended"
    assert extended.json()["expires_at"] == changes[0]["changes"][0]["new"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"until": None},
        {"until": "soon"},
        {"until": 7},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "9999-01-01T00:00:00Z"},
        {"until": {"$gt": ""}},
    ],
)
async def test_an_extension_to_no_useful_moment_is_refused(
    rest: Rest, body: dict[str, Any]
) -> None:
    """The refusal names `until`, and nothing changes."""
    customer = await registered(rest)
    draft = await a_draft_of(customer)
    path = f"/v1/rfis/{draft['id']}"

    response = await customer.post(f"{path}/extend", json=body, if_match=1)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["until"]
    assert (await customer.get(path)).json() == draft


async def test_an_rfi_is_closed_with_a_reason(rest: Rest) -> None:
    """Its vendors see that it was withdrawn, and the timeline why."""
    story = await a_story(rest)

    closed = await story.customer.post(
        f"{story.path}/close", json={"reason": "found_elsewhere"}, if_match=2
    )
    again = await story.customer.post(f"{story.path}/close", json={"reason": "other"}, if_match=3)

    assert closed.status_code == 200
    assert (closed.json()["state"], closed.json()["ended_reason"]) == (
        "withdrawn",
        "found_elsewhere",
    )
    assert refusal(again) == (409, "wrong_state")
    match = (await story.vendor.get("/v1/matches")).json()["items"][0]
    assert (match["state"], match["closed_reason"]) == ("closed", "rfi_withdrawn")
    seen = (await story.vendor.get(story.path)).json()
    assert seen["ended_reason"] == "found_elsewhere"


@pytest.mark.parametrize("body", [{}, {"reason": "expired"}, {"reason": ""}, {"why": "other"}])
async def test_a_close_without_a_known_reason_is_refused(rest: Rest, body: dict[str, Any]) -> None:
    """The list of reasons is closed, and `expired` is not the customer's to give."""
    customer = await registered(rest)
    draft = await a_draft_of(customer)

    response = await customer.post(f"/v1/rfis/{draft['id']}/close", json=body, if_match=1)

    assert refusal(response) == (422, "validation_failed")


async def test_an_ended_rfi_is_copied_to_a_draft(rest: Rest) -> None:
    """With its content, at revision 1, and nothing of its matches."""
    story = await a_story(rest, attributes={"floor": 2})
    await story.customer.post(f"{story.path}/withdraw", if_match=2)

    copied = await story.customer.post(f"{story.path}/copy")

    assert copied.status_code == 201
    body = copied.json()
    assert copied.headers["location"] == f"/v1/rfis/{body['id']}"
    assert (body["state"], body["revision"]) == ("draft", 1)
    assert body["id"] != story.rfi["id"]
    same = ("title", "description", "location", "attributes", "max_vendors", "category")
    assert {name: body[name] for name in same} == {name: story.rfi[name] for name in same}
    assert body["submitted_at"] is None


async def test_a_command_needs_the_current_revision(rest: Rest) -> None:
    """Without If-Match 428, with an old one 412; a copy needs none."""
    customer = await registered(rest)
    draft = await a_draft_of(customer)
    path = f"/v1/rfis/{draft['id']}"
    bodies = {"extend": {"until": in_days(60)}, "close": {"reason": "other"}}

    for command, body in bodies.items():
        without = await customer.post(f"{path}/{command}", json=body)
        stale = await customer.post(f"{path}/{command}", json=body, if_match=7)
        assert refusal(without) == (428, "revision_required")
        assert refusal(stale) == (412, "stale_revision")


async def test_only_the_customer_may_extend_close_or_copy(rest: Rest) -> None:
    """Another customer, the vendors on it and an admin get what an unknown id gets."""
    story = await a_story(rest)
    others = [await registered(rest), story.vendor, await an_admin(rest)]

    for person in others:
        responses = [
            await person.post(f"{story.path}/extend", json={"until": in_days(60)}, if_match=2),
            await person.post(f"{story.path}/close", json={"reason": "other"}, if_match=2),
            await person.post(f"{story.path}/copy"),
        ]
        assert [refusal(response) for response in responses] == [(404, "not_found")] * 3
    assert (await story.customer.get(story.path)).json()["revision"] == 2


async def test_only_one_of_many_concurrent_commands_succeeds(rest: Rest) -> None:
    """Sixteen of a customer's tabs close, withdraw or extend an RFI at one revision."""
    story = await a_story(rest, needed_by=in_days(5))
    commands = [
        ("close", {"reason": "other"}),
        ("withdraw", None),
        ("extend", {"until": in_days(60)}),
        ("close", {"reason": "not_needed"}),
    ] * 4

    responses: list[httpx.Response] = await asyncio.gather(
        *(
            story.customer.post(f"{story.path}/{command}", json=body, if_match=2)
            for command, body in commands
        )
    )

    statuses = sorted(response.status_code for response in responses)
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409, 412}
    assert (await story.customer.get(story.path)).json()["revision"] == 3


async def timeline(person: Person, path: str, limit: int = 50) -> list[dict[str, Any]]:
    """All pages, newest first."""
    items: list[dict[str, Any]] = []
    parameters: dict[str, Any] = {"limit": limit}
    while True:
        response = await person.get(f"{path}/timeline", params=parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        parameters["cursor"] = page["next_cursor"]


async def test_a_timeline_tells_each_role_what_it_may_know(rest: Rest) -> None:
    """The customer and an admin see everything; a vendor what concerns itself; others nothing."""
    place = somewhere()
    winner, loser = [await an_active_vendor(rest, place) for _ in range(2)]
    customer, stranger = await registered(rest), await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    path = f"/v1/rfis/{rfi['id']}"
    quotes = []
    for vendor in (winner, loser):
        await accepted(vendor, rfi)
        quotes.append((await vendor.post(f"{path}/quotes", json=a_quote_of(rfi))).json())
    award = {"quote_id": quotes[0]["id"], "quote_revision": 1}
    assert (await customer.post(f"{path}/award", json=award, if_match=2)).status_code == 200

    whole = await timeline(customer, path)

    kinds = {item["kind"] for item in whole}
    assert kinds == {"revision", "match", "quote", "notice", "decision"}
    assert all(item[item["kind"]] is not None for item in whole)
    assert all(item[kind] is None for item in whole for kind in kinds - {item["kind"]})
    assert [item["at"] for item in whole] == sorted((item["at"] for item in whole), reverse=True)
    assert await timeline(await an_admin(rest), path) == whole
    assert await timeline(customer, path, limit=3) == whole
    seen = await timeline(loser, path)
    assert {item["quote"]["vendor_id"] for item in seen if item["quote"]} == {loser.id}
    assert {item["match"]["vendor_id"] for item in seen if item["match"]} == {loser.id}
    assert "decision" not in {item["kind"] for item in seen}
    assert winner.id not in str([item for item in seen if item["kind"] != "revision"])
    assert refusal(await stranger.get(f"{path}/timeline")) == (404, "not_found")
    unknown = await customer.get("/v1/rfis/unknown/timeline")
    assert refusal(unknown) == (404, "not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "after=1"])
async def test_a_bad_page_of_a_timeline_is_refused(rest: Rest, query: str) -> None:
    """Also a cursor that was made up."""
    customer = await registered(rest)
    draft = await a_draft_of(customer)

    response = await customer.get(f"/v1/rfis/{draft['id']}/timeline?{query}")

    assert refusal(response) == (422, "validation_failed")


async def test_a_cursor_of_another_timeline_is_refused(rest: Rest) -> None:
    """Cursors are sealed for their list."""
    customer = await registered(rest)
    one = await an_open_rfi(rest, customer)
    other = await a_draft_of(customer)
    page = (await customer.get(f"/v1/rfis/{one['id']}/timeline?limit=1")).json()

    response = await customer.get(
        f"/v1/rfis/{other['id']}/timeline", params={"cursor": page["next_cursor"]}
    )

    assert refusal(response) == (422, "validation_failed")


async def test_admins_read_what_was_decided_and_from_what(rest: Rest) -> None:
    """By subject and kind; the timeline shows the customer less of the same decision."""
    story = await a_story(rest)
    admin = await an_admin(rest)

    found = await admin.get(
        "/v1/admin/decisions", params={"subject": story.rfi["id"], "kind": "matching"}
    )

    (decision,) = found.json()["items"]
    assert decision["rule"] == "closest"
    assert decision["outcome"]["offered"] == [story.vendor.id]
    assert decision["inputs"]["candidates"][0]["vendor_id"] == story.vendor.id
    (shown,) = [
        item["decision"]
        for item in await timeline(story.customer, story.path)
        if item["kind"] == "decision"
    ]
    assert shown == {name: decision[name] for name in shown}
    assert not shown.keys() & {"inputs", "reasons"}
    other = await admin.get("/v1/admin/decisions", params={"kind": "departure", "limit": 1})
    assert other.status_code == 200


async def test_decisions_are_for_admins_alone(rest: Rest) -> None:
    """A customer and a vendor are refused; without a log-in there is nothing."""
    story = await a_story(rest)

    for person in (story.customer, story.vendor):
        assert refusal(await person.get("/v1/admin/decisions")) == (403, "forbidden")
    assert refusal(await rest.client.get("/v1/admin/decisions")) == (401, "unauthenticated")


@pytest.mark.parametrize("query", ["kind=whim", "subject=", "subject=a%20b", "limit=many"])
async def test_a_bad_search_of_decisions_is_refused(rest: Rest, query: str) -> None:
    """Kinds are a closed list, and ids are ids."""
    admin = await an_admin(rest)

    response = await admin.get(f"/v1/admin/decisions?{query}")

    assert refusal(response) == (422, "validation_failed")
