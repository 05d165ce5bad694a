"""Quotes on an RFI."""

import pytest

from tests.rest.people import (
    Rest,
    a_quote_of,
    a_story,
    accepted,
    an_active_vendor,
    an_open_rfi,
    paths_of,
    refusal,
    registered,
    somewhere,
)


async def test_a_quote_and_a_better_one(rest: Rest) -> None:
    """The first quote is new, the second replaces its figures; the customer sees one."""
    story = await a_story(rest)
    path = f"{story.path}/quotes"

    first = await story.vendor.post(path, json=a_quote_of(story.rfi))
    second = await story.vendor.post(path, json=a_quote_of(story.rfi, amount_minor=19_900))

    listed = (await story.customer.get(path)).json()["items"]
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert listed == [second.json()]
    assert listed[0]["amount_minor"] == 19_900


async def test_a_vendor_sees_its_own_quote_alone(rest: Rest) -> None:
    """What a competitor asks is nobody else's business."""
    place = somewhere()
    vendors = [await an_active_vendor(rest, place) for _ in range(2)]
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    path = f"/v1/rfis/{rfi['id']}/quotes"
    for vendor in vendors:
        await accepted(vendor, rfi)
        await vendor.post(path, json=a_quote_of(rfi))

    for vendor in vendors:
        listed = (await vendor.get(path)).json()["items"]
        assert [each["vendor_id"] for each in listed] == [vendor.id]
    assert len((await customer.get(path)).json()["items"]) == 2


async def test_quotes_in_pages(rest: Rest) -> None:
    """A page of one leads to the next one by its cursor."""
    place = somewhere()
    vendors = [await an_active_vendor(rest, place) for _ in range(2)]
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    path = f"/v1/rfis/{rfi['id']}/quotes"
    for vendor in vendors:
        await accepted(vendor, rfi)
        await vendor.post(path, json=a_quote_of(rfi))

    first = (await customer.get(path, params={"limit": 1})).json()
    second = (await customer.get(path, params={"limit": 1, "cursor": first["next_cursor"]})).json()

    ids = {each["vendor_id"] for each in first["items"] + second["items"]}
    assert ids == {vendor.id for vendor in vendors}
    assert second["next_cursor"] is None


async def test_a_quote_on_what_the_rfi_was(rest: Rest) -> None:
    """A quote made looking at an older revision is refused, until the vendor has seen the new one."""
    story = await a_story(rest)
    revised = (
        await story.customer.patch(story.path, json={"title": "Two sinks"}, if_match=2)
    ).json()

    stale = await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))
    fresh = await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(revised))

    assert refusal(stale) == (412, "stale_revision")
    assert fresh.status_code == 201


async def test_quoting_wants_an_accepted_match(rest: Rest) -> None:
    """A vendor who was offered the RFI and has not taken it up cannot quote yet."""
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
async def test_bad_quotes(rest: Rest, field: str, value: object) -> None:
    """Figures that cannot be meant are refused with their path."""
    story_vendor = await registered(rest, role="vendor")
    body = a_quote_of({"revision": 1}, **{field: value})

    response = await story_vendor.post("/v1/rfis/any/quotes", json=body)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [field]
