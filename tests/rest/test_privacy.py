"""Who sees which parts of an RFI and of a vendor's place, over REST and in events."""

import re
from typing import Any

import orjson
import pytest

from tests.rest.people import (
    Person,
    Rest,
    a_draft_of,
    a_quote_of,
    accepted,
    an_active_vendor,
    an_admin,
    an_open_rfi,
    refusal,
    registered,
    somewhere,
    submitted,
)

SECRETS = ("1437 Bannock", "alarm-4711-code", "40000", "77712")


def an_exact_place(place: dict[str, Any]) -> dict[str, Any]:
    """An exact point near a place, recognisable in any text that reveals it."""
    longitude, latitude = place["coordinates"]
    return {"type": "Point", "coordinates": [longitude + 0.0077712, latitude + 0.0077712]}


def secrets_in(text: str) -> list[str]:
    """The secrets that a text reveals, ids aside: their random digits may spell one."""
    shown = re.sub(r"[0-9a-f]{32}", "", text)
    return [secret for secret in SECRETS if secret in shown]


class PrivateRfi:
    """An RFI full of private data, and vendors in every relation to it."""

    def __init__(self, customer: Person, rfi: dict[str, Any]) -> None:
        self.customer, self.rfi = customer, rfi
        self.vendors: dict[str, Person] = {}
        self.path = f"/v1/rfis/{rfi['id']}"

    async def texts(self, person: Person) -> list[str]:
        """Everything that a person can read about the RFI."""
        found = []
        for path in ("", "/changes", "/matches", "/quotes"):
            response = await person.get(self.path + path)
            found.append(response.text)
        found.append((await person.get("/v1/matches")).text)
        return found


async def a_private_rfi(rest: Rest, **content: Any) -> PrivateRfi:
    """An RFI with vendors that were offered it, accepted it and declined it.

    Its draft first had an alarm code, which was removed before the submission.
    """
    place = somewhere()
    vendors = {
        name: await an_active_vendor(rest, place) for name in ("offered", "accepted", "declined")
    }
    customer = await registered(rest)
    draft = await a_draft_of(
        customer,
        location=an_exact_place(place),
        address="1437 Bannock St",
        attributes={"alarm": "alarm-4711-code"},
        budget={"min_minor": 10_000, "max_minor": 40_000, "currency": "USD"},
        area="Denver, Colorado",
        **content,
    )
    path = f"/v1/rfis/{draft['id']}"
    cleaned = (await customer.patch(path, json={"attributes": {}}, if_match=1)).json()
    private_rfi = PrivateRfi(customer, await submitted(rest, customer, cleaned))
    private_rfi.vendors = vendors
    await accepted(vendors["accepted"], private_rfi.rfi)
    listed = (await vendors["declined"].get("/v1/matches")).json()["items"]
    await vendors["declined"].post(f"/v1/matches/{listed[0]['id']}/decline")
    return private_rfi


async def test_a_vendor_with_an_offer_sees_only_the_area(rest: Rest) -> None:
    """A vendor with an offer sees the area and a rounded place, no address and no budget."""
    private_rfi = await a_private_rfi(rest)
    offered = private_rfi.vendors["offered"]

    rfi = (await offered.get(private_rfi.path)).json()

    assert [secrets_in(text) for text in await private_rfi.texts(offered)] == [[]] * 5
    assert rfi["area"] == "Denver, Colorado"
    assert (rfi["address"], rfi["budget"], rfi["visibility"]) == (None, None, "limited")
    assert rfi["location"]["coordinates"] == [
        round(coordinate, 2) for coordinate in private_rfi.rfi["location"]["coordinates"]
    ]


async def test_a_vendor_that_accepted_sees_the_address(rest: Rest) -> None:
    """A vendor that accepted sees the address, but nothing that only the draft had."""
    private_rfi = await a_private_rfi(rest)
    person = private_rfi.vendors["accepted"]

    rfi = (await person.get(private_rfi.path)).json()

    assert rfi == private_rfi.rfi
    assert (rfi["address"], rfi["visibility"]) == ("1437 Bannock St", "full")
    assert not any("alarm-4711-code" in text for text in await private_rfi.texts(person))


async def test_the_customer_and_admins_see_everything(rest: Rest) -> None:
    """The customer and admins see everything, from the first draft on."""
    private_rfi = await a_private_rfi(rest)

    for person in (private_rfi.customer, await an_admin(rest)):
        changes = (await person.get(f"{private_rfi.path}/changes")).json()["items"]
        assert [change["revision"] for change in changes] == [1, 2, 3]
        assert (await person.get(private_rfi.path)).json() == private_rfi.rfi


async def test_vendors_read_the_feed_from_the_submission_on(rest: Rest) -> None:
    """Vendors read no revision before the submission, whatever the query or page."""
    private_rfi = await a_private_rfi(rest)

    for name in ("offered", "accepted"):
        for query in ({}, {"after_revision": 0}, {"after_revision": 2}, {"limit": 1}):
            response = await private_rfi.vendors[name].get(
                f"{private_rfi.path}/changes", params=query
            )
            items = response.json()["items"]
            assert [(change["revision"], change["cause"]) for change in items] == [(3, "submitted")]


async def test_changes_of_withheld_fields_are_not_shown(rest: Rest) -> None:
    """The revision appears without its private changes, except to a vendor that accepted."""
    private_rfi = await a_private_rfi(rest)
    change = {"address": "77712 Elm St", "title": "Two sinks"}
    await private_rfi.customer.patch(private_rfi.path, json=change, if_match=3)

    seen = {
        name: (await private_rfi.vendors[name].get(f"{private_rfi.path}/changes")).json()["items"][
            -1
        ]
        for name in ("offered", "accepted")
    }

    assert [change["path"] for change in seen["offered"]["changes"]] == ["title"]
    assert [change["path"] for change in seen["accepted"]["changes"]] == ["title", "address"]


async def test_vendors_see_a_budget_once_the_customer_shows_it(rest: Rest) -> None:
    """Vendors see the budget only from then on; earlier hidden values stay hidden."""
    private_rfi = await a_private_rfi(rest)
    offered = private_rfi.vendors["offered"]
    budget = {"min_minor": 10_000, "max_minor": 60_000, "currency": "USD"}

    shown = {"budget": budget, "budget_visibility": "shown"}
    await private_rfi.customer.patch(private_rfi.path, json=shown, if_match=3)
    now = (await offered.get(private_rfi.path)).json()
    later = {"budget": {**budget, "max_minor": 70_000}}
    await private_rfi.customer.patch(private_rfi.path, json=later, if_match=4)
    changes = (await offered.get(f"{private_rfi.path}/changes")).json()["items"]

    assert now["budget"] == budget
    assert [change["path"] for change in changes[-2]["changes"]] == ["budget_visibility"]
    assert changes[-1]["changes"] == [{"path": "budget.max_minor", "old": 60_000, "new": 70_000}]


@pytest.mark.parametrize("ending", ["withdraw", "award"])
async def test_losing_vendors_see_nothing_private_after_the_end(rest: Rest, ending: str) -> None:
    """Vendors with an offer see the outcome; only the winner keeps seeing the address."""
    private_rfi = await a_private_rfi(rest)
    offered, winner = private_rfi.vendors["offered"], private_rfi.vendors["accepted"]
    quote = (
        await winner.post(f"{private_rfi.path}/quotes", json=a_quote_of(private_rfi.rfi))
    ).json()
    body = {"quote_id": quote["id"], "quote_revision": 1} if ending == "award" else {}

    ended = await private_rfi.customer.post(f"{private_rfi.path}/{ending}", json=body, if_match=3)

    assert ended.status_code == 200
    rfi = (await offered.get(private_rfi.path)).json()
    assert (rfi["state"], rfi["visibility"]) == (ended.json()["state"], "limited")
    assert [secrets_in(text) for text in await private_rfi.texts(offered)] == [[]] * 5
    still = (await winner.get(private_rfi.path)).json()
    assert (still["address"] is not None) is (ending == "award")


async def test_strangers_and_vendors_that_declined_find_nothing(rest: Rest) -> None:
    """They find neither the RFI nor its feed, and nothing private in their own lists."""
    private_rfi = await a_private_rfi(rest)
    strangers = [private_rfi.vendors["declined"], await registered(rest), await registered(rest)]

    for person in strangers:
        for path in ("", "/changes", "/matches", "/quotes"):
            assert refusal(await person.get(private_rfi.path + path)) == (404, "not_found")
        assert secrets_in((await person.get("/v1/matches")).text) == []
    assert (await rest.client.get(private_rfi.path)).status_code == 401


async def test_accepting_is_never_answered_with_a_304(rest: Rest) -> None:
    """The limited view has its own ETag, so accepting is never answered with a 304."""
    private_rfi = await a_private_rfi(rest)
    offered = private_rfi.vendors["offered"]
    before = await offered.get(private_rfi.path)
    known = {"If-None-Match": before.headers["etag"]}

    unchanged = await offered.get(private_rfi.path, headers=known)
    await accepted(offered, private_rfi.rfi)
    after = await offered.get(private_rfi.path, headers=known)

    assert before.headers["etag"] == '"3-limited"'
    assert unchanged.status_code == 304
    assert (after.status_code, after.headers["etag"]) == (200, '"3"')
    assert after.json()["address"] == "1437 Bannock St"


async def test_events_contain_nothing_private(rest: Rest) -> None:
    """No event of an RFI, from the draft to the end, has private data."""
    private_rfi = await a_private_rfi(rest)
    await private_rfi.customer.patch(private_rfi.path, json={"address": "77712 Elm St"}, if_match=3)
    await private_rfi.customer.post(f"{private_rfi.path}/withdraw", if_match=4)

    found = (
        await rest.parts.store.database["outbox"].find({"key": private_rfi.rfi["id"]}).to_list(None)
    )
    events = [orjson.loads(record["value"]) for record in found]

    names = [event["name"] for event in events if event["name"].startswith("rfi.")]
    assert names == ["rfi.drafted", "rfi.revised", "rfi.submitted", "rfi.revised", "rfi.withdrawn"]
    assert [secrets_in(record["value"].decode()) for record in found] == [[]] * len(found)
    revised = events[[event["name"] for event in events].index("rfi.submitted") + 1 :]
    paths = [
        change["path"]
        for event in revised
        if event["name"] == "rfi.revised"
        for change in event["data"]["revision"]["changes"]
    ]
    assert paths == ["address"]


async def test_a_vendors_exact_place_is_shown_only_to_itself(rest: Rest) -> None:
    """The public and events get a rounded place; the vendor itself gets the exact one."""
    home = an_exact_place(somewhere())
    near = ",".join(map(str, home["coordinates"]))
    vendor = await an_active_vendor(rest, home)

    public = await rest.client.get(f"/v1/vendors/{vendor.id}")
    listed = await rest.client.get("/v1/vendors", params={"near": near})
    own = await vendor.get("/v1/vendors/me")
    records = await rest.parts.store.database["outbox"].find({"key": vendor.id}).to_list(None)

    assert secrets_in(public.text + listed.text) == []
    assert public.json()["service_area"]["location"]["coordinates"] == [
        round(coordinate, 2) for coordinate in home["coordinates"]
    ]
    assert own.json()["service_area"]["location"] == home
    assert records
    assert [secrets_in(record["value"].decode()) for record in records] == [[]] * len(records)


async def test_an_offer_shows_whole_kilometres(rest: Rest) -> None:
    """Both sides get a distance in whole kilometres, so neither can locate the other's address."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=an_exact_place(place))

    for person in (vendor, customer):
        items = (await person.get(f"/v1/rfis/{rfi['id']}/matches")).json()["items"]
        # The distance of the rounded places depends on where they are.
        assert [match["distance_m"] for match in items] in ([0], [1_000], [2_000])
        assert [match["score"] for match in items] in ([1.0], [0.95], [0.9])
