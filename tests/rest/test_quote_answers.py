"""Confirm, withdraw and decline a quote; an award of an outdated one."""

from typing import Any

import pytest

from tests.rest.people import (
    Rest,
    Story,
    a_contest,
    a_quote_of,
    a_story,
    an_active_vendor,
    an_admin,
    paths_of,
    refusal,
    registered,
)

BUSINESS = ("rfis", "rfi_revisions", "quotes", "quote_revisions", "matches", "entries", "outbox")


async def a_quoted_story(rest: Rest) -> tuple[Story, str]:
    """A story whose vendor has quoted, and the quote's path."""
    story = await a_story(rest)
    quote = (await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))).json()
    return story, f"/v1/quotes/{quote['id']}"


async def business(rest: Rest) -> dict[str, list[dict[str, Any]]]:
    """Everything that is stored of the business."""
    database = rest.parts.store.database
    return {name: await database[name].find().sort("_id").to_list(None) for name in BUSINESS}


async def test_a_material_change_is_flagged_until_the_vendor_confirms(rest: Rest) -> None:
    """The customer sees which quotes were made before it; the confirmation keeps the figures."""
    story, quote = await a_quoted_story(rest)
    revised = (
        await story.customer.patch(story.path, json={"description": "Both drip."}, if_match=2)
    ).json()
    flagged = (await story.customer.get(f"{story.path}/quotes")).json()["items"][0]

    stale = await story.vendor.post(f"{quote}/confirm", json={"rfi_revision": 2})
    confirmed = await story.vendor.post(f"{quote}/confirm", json={"rfi_revision": 3})
    again = await story.vendor.post(f"{quote}/confirm")

    assert flagged["outdated_by_revision"] == revised["revision"] == 3
    assert refusal(stale) == (412, "stale_revision")
    assert confirmed.status_code == 200
    assert again.json() == confirmed.json()
    body = confirmed.json()
    assert (body["revision"], body["rfi_revision"], body["confirmed_rfi_revision"]) == (1, 2, 3)
    assert body["outdated_by_revision"] is None
    (listed,) = (await story.customer.get(f"{story.path}/quotes")).json()["items"]
    assert listed == body


async def test_an_award_of_an_outdated_quote_says_so(rest: Rest) -> None:
    """In its answer, in the RFI and in the quote that won."""
    story, quote = await a_quoted_story(rest)
    await story.customer.patch(story.path, json={"description": "Both drip."}, if_match=2)
    body = {"quote_id": quote.rpartition("/")[2], "quote_revision": 1}

    answer = await story.customer.post(f"{story.path}/award", json=body, if_match=3)

    assert answer.status_code == 200, answer.text
    assert answer.json()["is_award_outdated"] is True
    assert answer.json()["awarded_quote_revision"] == 1
    (won,) = (await story.customer.get(f"{story.path}/quotes")).json()["items"]
    assert (won["state"], won["outdated_by_revision"]) == ("awarded", 3)


async def test_a_withdrawn_quote_cannot_be_awarded_and_can_be_replaced(rest: Rest) -> None:
    """Withdrawing twice gets the same answer."""
    story, quote = await a_quoted_story(rest)
    award = {"quote_id": quote.rpartition("/")[2], "quote_revision": 1}

    first = await story.vendor.post(f"{quote}/withdraw", json={"reason": "Fully booked"})
    again = await story.vendor.post(f"{quote}/withdraw")
    refused = await story.customer.post(f"{story.path}/award", json=award, if_match=2)
    replaced = await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))

    assert first.status_code == 200
    assert again.json() == first.json()
    body = first.json()
    assert (body["state"], body["closed_reason"], body["closed_note"]) == (
        "closed",
        "withdrawn",
        "Fully booked",
    )
    assert refusal(refused) == (409, "wrong_state")
    assert replaced.status_code == 200
    assert (replaced.json()["state"], replaced.json()["revision"]) == ("submitted", 2)


async def test_a_customer_declines_the_figures_that_it_has_seen(rest: Rest) -> None:
    """A better quote that arrived meanwhile is not declined with the old one."""
    story, quote = await a_quoted_story(rest)
    better = a_quote_of(story.rfi, amount_minor=1)
    await story.vendor.post(f"{story.path}/quotes", json=better)

    stale = await story.customer.post(f"{quote}/decline", json={"quote_revision": 1})
    declined = await story.customer.post(
        f"{quote}/decline", json={"quote_revision": 2, "reason": "Too cheap to be true"}
    )

    assert refusal(stale) == (412, "stale_revision")
    assert paths_of(stale) == ["quote_revision"]
    assert declined.json()["closed_reason"] == "declined"
    entries = (await story.vendor.get(f"{story.conversation_path}/entries")).json()["items"]
    assert entries[-1]["code"] == "quote_declined"
    assert entries[-1]["data"]["reason"] == "Too cheap to be true"


@pytest.mark.parametrize("operation", ["confirm", "withdraw", "decline"])
async def test_a_quote_is_answered_only_by_the_side_that_may(rest: Rest, operation: str) -> None:
    """The other side is forbidden, everybody else finds nothing, and nothing is stored."""
    story, quote = await a_quoted_story(rest)
    other_customer = await registered(rest)
    other_vendor = await an_active_vendor(rest, story.rfi["location"])
    admin = await an_admin(rest)
    other_side = story.vendor if operation == "decline" else story.customer
    path = f"{quote}/{operation}"
    before = await business(rest)

    assert refusal(await rest.client.post(path)) == (401, "unauthenticated")
    for forbidden in (other_side, admin):
        assert refusal(await forbidden.post(path)) == (403, "forbidden")
    unknown = await other_customer.post(f"/v1/quotes/unknown/{operation}")
    for stranger in (other_customer, other_vendor):
        answer = await stranger.post(path)
        assert refusal(answer) == (404, "not_found") == refusal(unknown)
        assert answer.json()["detail"] == unknown.json()["detail"]

    assert await business(rest) == before


@pytest.mark.parametrize(
    ("operation", "body", "path"),
    [
        ("confirm", {"rfi_revision": 0}, "rfi_revision"),
        ("confirm", {"rfi_revision": "2"}, "rfi_revision"),
        ("confirm", {"reason": "Yes"}, "reason"),
        ("withdraw", {"reason": ""}, "reason"),
        ("withdraw", {"reason": "x" * 501}, "reason"),
        ("decline", {"reason": {"$ne": ""}}, "reason"),
        ("decline", {"quote_revision": 0}, "quote_revision"),
    ],
)
async def test_an_invalid_answer_is_refused_with_its_path(
    rest: Rest, operation: str, body: dict[str, object], path: str
) -> None:
    """Before anything is looked up."""
    person = await registered(rest)

    answer = await person.post(f"/v1/quotes/any/{operation}", json=body)

    assert refusal(answer) == (422, "validation_failed")
    assert paths_of(answer) == [path]


async def test_a_losing_vendor_answers_nothing_any_more(rest: Rest) -> None:
    """Its quote was closed with the RFI."""
    contest = await a_contest(rest, 2)
    winner, loser = contest.vendors
    won, lost = contest.quotes
    award = {"quote_id": won["id"], "quote_revision": 1}
    await contest.customer.post(f"{contest.path}/award", json=award, if_match=2)

    for vendor, quote in ((winner, won), (loser, lost)):
        for operation in ("confirm", "withdraw"):
            answer = await vendor.post(f"/v1/quotes/{quote['id']}/{operation}")
            assert refusal(answer) == (409, "wrong_state")
        answer = await contest.customer.post(f"/v1/quotes/{quote['id']}/decline")
        assert refusal(answer) == (409, "wrong_state")
