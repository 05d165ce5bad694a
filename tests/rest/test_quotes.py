"""Quotes on an RFI."""

import asyncio

import httpx
import pytest

from tests.rest.people import (
    Rest,
    a_contest,
    a_quote_of,
    a_story,
    an_active_vendor,
    an_admin,
    an_open_rfi,
    paths_of,
    refusal,
    registered,
    somewhere,
)


async def test_a_second_quote_revises_the_first(rest: Rest) -> None:
    """The second quote is the next revision of the first; the customer sees one quote."""
    story = await a_story(rest)
    path = f"{story.path}/quotes"

    first = await story.vendor.post(path, json=a_quote_of(story.rfi))
    second = await story.vendor.post(path, json=a_quote_of(story.rfi, amount_minor=19_900))

    listed = (await story.customer.get(path)).json()["items"]
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert listed == [second.json()]
    assert listed[0]["amount_minor"] == 19_900
    assert (first.json()["revision"], second.json()["revision"]) == (1, 2)


async def test_a_vendor_sees_only_its_own_quote(rest: Rest) -> None:
    """Vendors cannot see their competitors' quotes."""
    contest = await a_contest(rest, 2)
    customer, vendors, path = contest.customer, contest.vendors, f"{contest.path}/quotes"

    for vendor in vendors:
        listed = (await vendor.get(path)).json()["items"]
        assert [quote["vendor_id"] for quote in listed] == [vendor.id]
    assert len((await customer.get(path)).json()["items"]) == 2


async def test_quotes_are_paged(rest: Rest) -> None:
    """The cursor of a one-quote page leads to the next page."""
    contest = await a_contest(rest, 2)
    customer, vendors, path = contest.customer, contest.vendors, f"{contest.path}/quotes"

    first = (await customer.get(path, params={"limit": 1})).json()
    second = (await customer.get(path, params={"limit": 1, "cursor": first["next_cursor"]})).json()

    ids = {quote["vendor_id"] for quote in first["items"] + second["items"]}
    assert ids == {vendor.id for vendor in vendors}
    assert second["next_cursor"] is None


async def test_a_quote_on_a_stale_revision_is_refused(rest: Rest) -> None:
    """A quote on an older revision is refused; one on the current revision is accepted."""
    story = await a_story(rest)
    revised = (
        await story.customer.patch(story.path, json={"title": "Two sinks"}, if_match=2)
    ).json()

    stale = await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))
    fresh = await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(revised))

    assert refusal(stale) == (412, "stale_revision")
    assert fresh.status_code == 201


async def test_a_quote_needs_an_accepted_match(rest: Rest) -> None:
    """A vendor with an offer cannot quote before it has accepted."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)

    response = await vendor.post(f"/v1/rfis/{rfi['id']}/quotes", json=a_quote_of(rfi))
    by_customer = await customer.post(f"/v1/rfis/{rfi['id']}/quotes", json=a_quote_of(rfi))

    assert refusal(response) == (409, "wrong_state")
    assert refusal(by_customer) == (403, "forbidden")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_minor", 0),
        ("amount_minor", 250.5),
        ("amount_minor", "25000"),
        ("amount_minor", 2**60),
        ("amount_minor", {"$inc": 1}),
        ("currency", "dollars"),
        ("message", ""),
        ("valid_until", "soon"),
        ("rfi_revision", 0),
        ("state", "awarded"),
    ],
)
async def test_invalid_quotes_are_refused(rest: Rest, field: str, value: object) -> None:
    """Invalid figures are refused with their path."""
    story_vendor = await registered(rest, role="vendor")
    body = a_quote_of({"revision": 1}, **{field: value})

    response = await story_vendor.post("/v1/rfis/any/quotes", json=body)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [field]


async def test_an_award_of_a_stale_quote_is_refused(rest: Rest) -> None:
    """An award is refused if the vendor revised the quote after the customer read it."""
    story = await a_story(rest)
    path = f"{story.path}/quotes"
    seen = (await story.vendor.post(path, json=a_quote_of(story.rfi, amount_minor=10_000))).json()
    await story.vendor.post(path, json=a_quote_of(story.rfi, amount_minor=99_000))

    async def award(**named: object) -> httpx.Response:
        body = {"quote_id": seen["id"], **named}
        return await story.customer.post(f"{story.path}/award", json=body, if_match=2)

    without = await award()
    surprised = await award(quote_revision=seen["revision"])
    agreed = await award(quote_revision=seen["revision"] + 1)

    assert refusal(without) == (422, "validation_failed")
    assert paths_of(without) == ["quote_revision"]
    assert refusal(surprised) == (412, "stale_revision")
    assert "revision 2" in surprised.json()["detail"]
    assert "99000 USD" in surprised.json()["detail"]
    assert paths_of(surprised) == ["quote_revision"]
    assert agreed.status_code == 200


async def test_an_award_that_races_a_quote_never_takes_unseen_figures(rest: Rest) -> None:
    """In either order, no award is made at figures that the customer did not see."""
    for _ in range(5):
        story = await a_story(rest)
        path = f"{story.path}/quotes"
        seen = (await story.vendor.post(path, json=a_quote_of(story.rfi))).json()
        body = {"quote_id": seen["id"], "quote_revision": 1}

        award, _ = await asyncio.gather(
            story.customer.post(f"{story.path}/award", json=body, if_match=2),
            story.vendor.post(path, json=a_quote_of(story.rfi, amount_minor=99_000)),
        )

        stands = (await story.customer.get(path)).json()["items"][0]
        if award.status_code == 200:
            assert (stands["state"], stands["amount_minor"]) == ("awarded", 25_000)
        else:
            assert refusal(award) == (412, "stale_revision")
            assert (stands["state"], stands["amount_minor"]) == ("submitted", 99_000)


async def test_every_revision_of_a_quote_stays_readable(rest: Rest) -> None:
    """The customer, the vendor and admins read all revisions in pages; nobody else can."""
    story = await a_story(rest)
    amounts = [25_000, 30_000, 20_000]
    for amount in amounts:
        body = a_quote_of(story.rfi, amount_minor=amount)
        quote = (await story.vendor.post(f"{story.path}/quotes", json=body)).json()
    path = f"/v1/quotes/{quote['id']}/revisions"

    for person in (story.customer, story.vendor, await an_admin(rest)):
        first = (await person.get(path, params={"limit": 2})).json()
        second = (await person.get(path, params={"cursor": first["next_cursor"]})).json()
        items = first["items"] + second["items"]
        assert [revision["revision"] for revision in items] == [1, 2, 3]
        assert [revision["amount_minor"] for revision in items] == amounts
        assert second["next_cursor"] is None
    for stranger in (await registered(rest), await an_active_vendor(rest, story.rfi["location"])):
        assert refusal(await stranger.get(path)) == (404, "not_found")
    assert refusal(await story.customer.get("/v1/quotes/none/revisions")) == (404, "not_found")


async def test_a_quote_is_in_the_currency_of_the_budget(rest: Rest) -> None:
    """Another currency is refused with its path; without a budget, any is accepted."""
    budget = {"min_minor": 10_000, "max_minor": 40_000, "currency": "USD"}
    story = await a_story(rest, budget=budget)
    free = await a_story(rest)
    in_euros = {"currency": "EUR", "amount_minor": 99_000}

    refused = await story.vendor.post(
        f"{story.path}/quotes", json=a_quote_of(story.rfi, **in_euros)
    )
    taken = await free.vendor.post(f"{free.path}/quotes", json=a_quote_of(free.rfi, **in_euros))

    assert refusal(refused) == (422, "validation_failed")
    assert paths_of(refused) == ["currency"]
    assert taken.status_code == 201


async def test_an_expired_quote_is_refused_with_its_path(rest: Rest) -> None:
    """A `valid_until` in the past is refused."""
    story = await a_story(rest)
    body = a_quote_of(story.rfi, valid_until="2001-01-01T00:00:00Z")

    response = await story.vendor.post(f"{story.path}/quotes", json=body)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["valid_until"]
