"""Awards, withdrawals, declines, confirmations and cancellations at the same moment: exact.

The requests go through two processes over one database.
"""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.rest.people import (
    Person,
    Rest,
    Story,
    a_contest,
    a_quote_of,
    a_story,
    accepted,
    an_active_vendor,
    an_open_rfi,
    refusal,
    registered,
    somewhere,
)
from tests.rest.repeatable import Elsewhere

TIMES = 16


async def concurrently(
    elsewhere: Elsewhere, *requests: tuple[Person, str, dict[str, Any] | None, int | None]
) -> list[httpx.Response]:
    """Send each request `TIMES` times, half of them through the second process, all at once.

    What gets a 503 on a busy machine is sent again, as a client does.
    """

    async def sent(
        number: int, person: Person, path: str, body: dict[str, Any] | None, if_match: int | None
    ) -> httpx.Response:
        sender = elsewhere.seen_by(person) if number % 2 else person
        async with asyncio.timeout(60):
            while True:
                answer = await sender.post(path, json=body, if_match=if_match)
                if answer.status_code != 503:
                    return answer

    return await asyncio.gather(
        *(sent(number, *request) for number in range(TIMES) for request in requests)
    )


async def happened(rest: Rest, rfi_id: str) -> Counter[str]:
    """How often each end of a quote, and each change of the RFI, is an event."""
    found = Counter[str]()
    async for event in rest.parts.store.database["outbox"].find({"key": rfi_id}):
        data = json.loads(event["value"])["data"]
        if event["name"] == "quote.updated":
            found[str(data["quote"]["closed_reason"] or data["quote"]["state"])] += 1
        elif event["name"].startswith("rfi."):
            found[data["revision"]["cause"]] += 1
    return found


async def open_matches(rest: Rest, vendor: Person) -> int:
    """How many of its places the vendor uses."""
    found = await rest.parts.store.vendors.get(vendor.id)
    assert found is not None
    return found.open_matches


async def a_quoted_story(rest: Rest) -> tuple[Story, dict[str, Any]]:
    """A story whose vendor has quoted."""
    story = await a_story(rest)
    quote = (await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))).json()
    return story, quote


async def test_a_quote_has_one_end_whoever_is_first(rest: Rest, elsewhere: Elsewhere) -> None:
    """Of an award, a withdrawal and a decline one happens, once; a confirmation stops none."""
    story, quote = await a_quoted_story(rest)
    path = f"/v1/quotes/{quote['id']}"
    award = {"quote_id": quote["id"], "quote_revision": 1}

    answers = await concurrently(
        elsewhere,
        (story.customer, f"{story.path}/award", award, 2),
        (story.vendor, f"{path}/withdraw", None, None),
        (story.customer, f"{path}/decline", None, None),
        (story.vendor, f"{path}/confirm", None, None),
    )

    (stored,) = (await story.customer.get(f"{story.path}/quotes")).json()["items"]
    end = stored["closed_reason"] or stored["state"]
    events = await happened(rest, story.rfi["id"])
    assert end in {"awarded", "withdrawn", "declined"}
    assert {name: events[name] for name in ("awarded", "withdrawn", "declined")} == {
        "awarded": 2 if end == "awarded" else 0,  # of the RFI and of the quote
        "withdrawn": int(end == "withdrawn"),
        "declined": int(end == "declined"),
    }
    refusals = {refusal(answer) for answer in answers if not answer.is_success}
    assert refusals <= {(409, "wrong_state"), (412, "stale_revision")}
    assert await open_matches(rest, story.vendor) == (0 if end == "awarded" else 1)


async def test_an_award_is_cancelled_once(rest: Rest, elsewhere: Elsewhere) -> None:
    """However often it is asked for, each vendor gets one place back."""
    contest = await a_contest(rest, 2)
    award = {"quote_id": contest.quotes[0]["id"], "quote_revision": 1}
    await contest.customer.post(f"{contest.path}/award", json=award, if_match=2)

    answers = await concurrently(
        elsewhere, (contest.customer, f"{contest.path}/cancel-award", None, 3)
    )

    done = [answer for answer in answers if answer.is_success]
    assert len(done) == 1
    assert {refusal(answer) for answer in answers if answer not in done} == {
        (412, "stale_revision")
    }
    assert (await happened(rest, contest.rfi["id"]))["award_cancelled"] == 1
    assert [await open_matches(rest, vendor) for vendor in contest.vendors] == [1, 1]


async def test_awards_and_cancellations_alternate(rest: Rest, elsewhere: Elsewhere) -> None:
    """Any order of them leaves one award or none, and the places that belong to it."""
    contest = await a_contest(rest, 2)
    path = contest.path
    requests = [
        (
            contest.customer,
            f"{path}/award",
            {"quote_id": quote["id"], "quote_revision": 1},
            revision,
        )
        for quote in contest.quotes
        for revision in (2, 4)
    ]
    cancellations = [
        (contest.customer, f"{path}/cancel-award", None, revision) for revision in (3, 5)
    ]

    answers = await concurrently(elsewhere, *requests, *cancellations)

    rfi = (await contest.customer.get(path)).json()
    quotes = (await contest.customer.get(f"{path}/quotes")).json()["items"]
    done = [answer for answer in answers if answer.is_success]
    assert rfi["revision"] == 2 + len(done)
    won = [quote["id"] for quote in quotes if quote["state"] == "awarded"]
    assert won == ([rfi["awarded_quote_id"]] if rfi["state"] == "awarded" else [])
    places = [await open_matches(rest, vendor) for vendor in contest.vendors]
    assert places == ([0, 0] if rfi["state"] == "awarded" else [1, 1])
    assert {answer.status_code for answer in answers if answer not in done} <= {409, 412}


async def test_two_cancellations_share_a_vendors_last_place(
    rest: Rest, elsewhere: Elsewhere
) -> None:
    """The vendor returns to one of the RFIs, and is never above its capacity."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place, capacity=1)
    rfis = []
    for _ in range(2):
        customer = await registered(rest)
        rfi = await an_open_rfi(rest, customer, location=place)
        await accepted(vendor, rfi)
        path = f"/v1/rfis/{rfi['id']}"
        quote = (await vendor.post(f"{path}/quotes", json=a_quote_of(rfi))).json()
        body = {"quote_id": quote["id"], "quote_revision": 1}
        assert (await customer.post(f"{path}/award", json=body, if_match=2)).is_success
        rfis.append((customer, path))

    answers = await concurrently(
        elsewhere, *((customer, f"{path}/cancel-award", None, 3) for customer, path in rfis)
    )

    states = [(await customer.get(f"{path}/matches")).json()["items"][0] for customer, path in rfis]
    assert len([answer for answer in answers if answer.is_success]) == 2
    assert sorted(match["state"] for match in states) == ["accepted", "closed"]
    assert {match["closed_reason"] for match in states} == {None, "no_free_place"}
    assert await open_matches(rest, vendor) == 1


@pytest.mark.parametrize("round_number", range(3))
async def test_nobody_confirms_a_change_that_it_has_not_read(
    rest: Rest, elsewhere: Elsewhere, round_number: int
) -> None:
    """A confirmation before the change leaves the quote outdated; one after it is refused."""
    story, quote = await a_quoted_story(rest)
    await story.customer.patch(story.path, json={"description": "Both drip."}, if_match=2)
    change = {"description": f"All drip, {round_number}."}

    revised, *confirmed = await asyncio.gather(
        elsewhere.seen_by(story.customer).patch(story.path, json=change, if_match=3),
        *(
            story.vendor.post(f"/v1/quotes/{quote['id']}/confirm", json={"rfi_revision": 3})
            for _ in range(TIMES)
        ),
    )

    assert revised.is_success
    (stored,) = (await story.customer.get(f"{story.path}/quotes")).json()["items"]
    assert stored["outdated_by_revision"] == 4
    refusals = {refusal(answer) for answer in confirmed if not answer.is_success}
    assert refusals <= {(412, "stale_revision")}
    is_confirmed = any(answer.is_success for answer in confirmed)
    assert stored["confirmed_rfi_revision"] == (3 if is_confirmed else None)
    codes = [
        entry["code"]
        for entry in (await story.vendor.get(f"{story.conversation_path}/entries")).json()["items"]
    ]
    assert codes.count("quote_outdated") == (2 if is_confirmed else 1)
    assert codes.count("quote_confirmed") == int(is_confirmed)


async def test_an_award_names_the_figures_that_were_awarded(
    rest: Rest, elsewhere: Elsewhere
) -> None:
    """However often the vendor quotes again meanwhile, the award is of revision 1 or refused."""
    story, quote = await a_quoted_story(rest)
    award = {"quote_id": quote["id"], "quote_revision": 1}

    answers = await concurrently(
        elsewhere,
        (story.customer, f"{story.path}/award", award, 2),
        (story.vendor, f"{story.path}/quotes", a_quote_of(story.rfi, amount_minor=1), None),
    )

    (stored,) = (await story.customer.get(f"{story.path}/quotes")).json()["items"]
    awards = [answer for answer in answers if answer.request.url.path.endswith("/award")]
    won = [answer for answer in awards if answer.is_success]
    if won:
        assert (stored["state"], stored["amount_minor"]) == ("awarded", 25_000)
        assert len(won) == 1
        assert won[0].json()["awarded_quote_revision"] == stored["revision"] == 1
    else:
        assert (stored["state"], stored["amount_minor"]) == ("submitted", 1)
        assert stored["revision"] == 1 + TIMES
