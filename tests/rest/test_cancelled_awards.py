"""An award can be cancelled for a while, and everything is as before it."""

from datetime import UTC, datetime, timedelta

from tests.rest.people import (
    Contest,
    Rest,
    a_contest,
    a_story,
    an_admin,
    paths_of,
    refusal,
    registered,
)
from tests.rest.test_quote_answers import business


async def an_awarded_contest(rest: Rest) -> Contest:
    """Two vendors have quoted, and the first one has won; the RFI is at revision 3."""
    contest = await a_contest(rest, 2)
    award = {"quote_id": contest.quotes[0]["id"], "quote_revision": 1}
    answer = await contest.customer.post(f"{contest.path}/award", json=award, if_match=2)
    assert answer.status_code == 200, answer.text
    until = datetime.fromisoformat(answer.json()["award_cancellable_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) < timedelta(hours=25)
    return contest


async def test_a_cancelled_award_can_be_given_to_another_vendor(rest: Rest) -> None:
    """Both vendors and their quotes are back, and the second one wins."""
    contest = await an_awarded_contest(rest)
    customer, path = contest.customer, contest.path

    opened = await customer.post(
        f"{path}/cancel-award", json={"reason": "Nobody came."}, if_match=3
    )
    quotes = (await customer.get(f"{path}/quotes")).json()["items"]
    matches = (await customer.get(f"{path}/matches")).json()["items"]
    second = {"quote_id": contest.quotes[1]["id"], "quote_revision": 1}
    again = await customer.post(f"{path}/award", json=second, if_match=4)

    body = opened.json()
    assert opened.status_code == 200, opened.text
    assert opened.headers["etag"] == '"4"'
    assert (body["state"], body["awarded_quote_id"]) == ("open", None)
    assert body["award_cancellable_until"] is None
    assert [quote["state"] for quote in quotes] == ["submitted", "submitted"]
    assert {match["state"] for match in matches} == {"accepted"}
    assert again.json()["awarded_vendor_id"] == contest.vendors[1].id


async def test_the_vendors_are_told_of_the_cancellation(rest: Rest) -> None:
    """The winner with the customer's words, the other without them; both see the RFI in full."""
    contest = await an_awarded_contest(rest)
    body = {"reason": "Nobody came."}
    await contest.customer.post(f"{contest.path}/cancel-award", json=body, if_match=3)

    said = []
    for vendor, quote in zip(contest.vendors, contest.quotes, strict=True):
        path = f"/v1/conversations/{quote['conversation_id']}/entries"
        entry = (await vendor.get(path)).json()["items"][-1]
        assert (entry["code"], entry["data"]["is_reopened"]) == ("award_cancelled", True)
        said.append(entry["data"].get("reason"))
        assert (await vendor.get(contest.path)).json()["visibility"] == "full"
    assert said == ["Nobody came.", None]


async def test_only_the_customer_cancels_an_award(rest: Rest) -> None:
    """Everybody else finds nothing, and nothing is stored."""
    contest = await an_awarded_contest(rest)
    path = f"{contest.path}/cancel-award"
    others = (*contest.vendors, await registered(rest), await an_admin(rest))
    before = await business(rest)

    assert refusal(await rest.client.post(path)) == (401, "unauthenticated")
    for other in others:
        assert refusal(await other.post(path, if_match=3)) == (404, "not_found")
    assert refusal(await contest.customer.post(path)) == (428, "revision_required")
    assert refusal(await contest.customer.post(path, if_match=2)) == (412, "stale_revision")
    wrong = await contest.customer.post(path, if_match=3, json={"reason": ""})
    assert refusal(wrong) == (422, "validation_failed")
    assert paths_of(wrong) == ["reason"]

    assert await business(rest) == before


async def test_an_rfi_that_is_not_awarded_has_no_award_to_cancel(rest: Rest) -> None:
    """Neither an open one, nor one whose award was cancelled."""
    story = await a_story(rest)
    contest = await an_awarded_contest(rest)
    await contest.customer.post(f"{contest.path}/cancel-award", if_match=3)

    never = await story.customer.post(f"{story.path}/cancel-award", if_match=2)
    twice = await contest.customer.post(f"{contest.path}/cancel-award", if_match=4)

    assert refusal(never) == refusal(twice) == (409, "wrong_state")


async def test_an_award_cannot_be_cancelled_when_its_window_is_over(rest: Rest) -> None:
    """The stored moment decides, whatever the setting is now."""
    contest = await an_awarded_contest(rest)
    over = datetime.now(UTC) - timedelta(seconds=1)
    await rest.parts.store.database["rfis"].update_one(
        {"_id": contest.rfi["id"]}, {"$set": {"award_cancellable_until": over}}
    )

    answer = await contest.customer.post(f"{contest.path}/cancel-award", if_match=3)

    assert refusal(answer) == (409, "wrong_state")
