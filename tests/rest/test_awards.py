"""An RFI is awarded once, to a quote on it."""

import asyncio

from tests.rest.people import (
    Rest,
    a_contest,
    a_quote_of,
    a_story,
    refusal,
)


async def test_an_award_closes_the_other_quotes(rest: Rest) -> None:
    """The winner's quote is awarded, the other is closed, and the RFI takes no more quotes."""
    contest = await a_contest(rest, 2)
    (winner, loser), customer = contest.vendors, contest.customer
    rfi, path, quotes = contest.rfi, contest.path, contest.quotes

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


async def test_only_one_concurrent_award_wins(rest: Rest) -> None:
    """However many awards are sent concurrently, there is one winner."""
    contest = await a_contest(rest, 3)
    customer, rfi, path = contest.customer, contest.rfi, contest.path
    quote_ids = [quote["id"] for quote in contest.quotes]

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
