"""Matches: listing, accepting and declining."""

import asyncio

from tests.rest.people import (
    Rest,
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


async def test_a_vendor_lists_its_matches_with_their_rfis(rest: Rest) -> None:
    """A match includes its RFI's title and state; the filter leaves out other states."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfis = [await an_open_rfi(rest, customer, location=place) for _ in range(3)]

    everything = (await vendor.get("/v1/matches")).json()["items"]
    offered = (await vendor.get("/v1/matches", params={"state": "offered"})).json()["items"]
    declined = (await vendor.get("/v1/matches", params={"state": "declined"})).json()["items"]

    assert [match["rfi_id"] for match in everything] == [rfi["id"] for rfi in reversed(rfis)]
    assert everything[0]["rfi"] == {
        "id": rfis[2]["id"],
        "title": rfis[2]["title"],
        "category": "plumbing",
        "state": "open",
        "revision": 2,
    }
    assert offered == everything
    assert declined == []


async def test_matches_are_paged(rest: Rest) -> None:
    """A vendor reads its matches in pages, each match once."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    for _ in range(3):
        await an_open_rfi(rest, customer, location=place)

    first = (await vendor.get("/v1/matches", params={"limit": 2})).json()
    second = (
        await vendor.get("/v1/matches", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()

    ids = [match["id"] for match in first["items"] + second["items"]]
    assert len(set(ids)) == 3
    assert second["next_cursor"] is None


async def test_accepting_opens_a_conversation(rest: Rest) -> None:
    """Both sides find the conversation, and a match can be accepted only once."""
    story = await a_story(rest)

    again = await story.vendor.post(f"/v1/matches/{story.match['id']}/accept")
    seen = [
        (await person.get(story.conversation_path)).json()
        for person in (story.customer, story.vendor)
    ]

    assert story.match["state"] == "accepted"
    assert refusal(again) == (409, "wrong_state")
    assert {participant["account_id"] for participant in seen[0]["participants"]} == {
        story.customer.id,
        story.vendor.id,
    }
    assert seen[0]["id"] == seen[1]["id"] == story.match["conversation_id"]


async def test_only_one_concurrent_accept_or_decline_wins(rest: Rest) -> None:
    """Of concurrent accepts and declines, one succeeds and decides the match's state."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    await an_open_rfi(rest, await registered(rest), location=place)
    match = (await vendor.get("/v1/matches")).json()["items"][0]
    path = f"/v1/matches/{match['id']}"

    responses = await asyncio.gather(
        *(vendor.post(f"{path}/{decision}") for decision in ["accept", "decline"] * 3)
    )

    won = [response for response in responses if response.status_code == 200]
    assert len(won) == 1
    listed = (await vendor.get("/v1/matches")).json()["items"][0]
    assert listed["state"] == won[0].json()["state"]


async def test_a_vendor_declines_with_or_without_a_reason(rest: Rest) -> None:
    """A vendor declines with or without a reason, and the customer sees it."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfis = [await an_open_rfi(rest, customer, location=place) for _ in range(2)]
    matches = (await vendor.get("/v1/matches")).json()["items"]

    plain = await vendor.post(f"/v1/matches/{matches[0]['id']}/decline")
    declined = await vendor.post(
        f"/v1/matches/{matches[1]['id']}/decline", json={"reason": "Away that week."}
    )
    wrong = await vendor.post(f"/v1/matches/{matches[1]['id']}/decline", json={"why": "x"})

    seen = (await customer.get(f"/v1/rfis/{rfis[0]['id']}/matches")).json()["items"]
    assert (plain.json()["state"], plain.json()["closed_reason"]) == ("declined", None)
    assert declined.json()["closed_reason"] == "Away that week."
    assert seen == [declined.json()]
    assert refusal(wrong) == (422, "validation_failed")
    assert paths_of(wrong) == ["why"]


async def test_another_vendors_match_is_not_found(rest: Rest) -> None:
    """Another vendor's match can be neither accepted nor declined."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    await an_open_rfi(rest, customer, location=place)
    match = (await vendor.get("/v1/matches")).json()["items"][0]
    other = await registered(rest, role="vendor")

    for decision in ("accept", "decline"):
        path = f"/v1/matches/{match['id']}/{decision}"
        assert refusal(await other.post(path)) == (404, "not_found")
        assert refusal(await customer.post(path)) == (403, "forbidden")
    assert refusal(await customer.get("/v1/matches")) == (403, "forbidden")


async def test_the_customer_sees_all_matches_of_an_rfi(rest: Rest) -> None:
    """The customer sees all matches, closest first; a vendor sees its own."""
    place = somewhere()
    longitude, latitude = place["coordinates"]
    far = await an_active_vendor(
        rest, {"type": "Point", "coordinates": [longitude, latitude + 0.1]}
    )
    near = await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    path = f"/v1/rfis/{rfi['id']}/matches"

    of_customer = (await customer.get(path)).json()["items"]
    of_far = (await far.get(path)).json()["items"]

    assert [match["vendor_id"] for match in of_customer] == [near.id, far.id]
    assert of_far == [of_customer[1]]


async def test_a_vendor_that_declined_cannot_read_the_rfi(rest: Rest) -> None:
    """A vendor that declined can no longer read the RFI, but still lists its match."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    rfi = await an_open_rfi(rest, await registered(rest), location=place)
    path = f"/v1/rfis/{rfi['id']}"
    assert (await vendor.get(path)).status_code == 200
    match = (await vendor.get("/v1/matches")).json()["items"][0]

    await vendor.post(f"/v1/matches/{match['id']}/decline")

    for hidden in (path, f"{path}/changes", f"{path}/matches", f"{path}/quotes"):
        assert refusal(await vendor.get(hidden)) == (404, "not_found")
    listed = (await vendor.get("/v1/matches")).json()["items"]
    assert [match["state"] for match in listed] == ["declined"]


async def test_a_suspended_vendor_can_only_read(rest: Rest) -> None:
    """Until reinstated, it gets no RFI and cannot accept, quote or send a message."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfi, other = [await an_open_rfi(rest, customer, location=place) for _ in range(2)]
    match = await accepted(vendor, rfi)
    offered = (await vendor.get("/v1/matches", params={"state": "offered"})).json()["items"][0]
    talk = f"/v1/conversations/{match['conversation_id']}"
    says = {"client_message_id": "m1", "body": "On my way."}
    admin, decide = await an_admin(rest), f"/v1/admin/vendors/{vendor.id}"
    await admin.post(f"{decide}/suspend", json={"reason": "Complaints."})

    refused = [
        await vendor.get(f"/v1/rfis/{rfi['id']}"),
        await vendor.get(f"/v1/rfis/{rfi['id']}/changes"),
        await vendor.post(f"/v1/rfis/{rfi['id']}/quotes", json=a_quote_of(rfi)),
        await vendor.post(f"/v1/matches/{offered['id']}/accept"),
        await vendor.post(f"{talk}/messages", json=says),
    ]
    read = await vendor.get(f"{talk}/entries")
    await admin.post(f"{decide}/reinstate", json={"reason": "Settled."})

    assert {refusal(response) for response in refused} == {(403, "forbidden")}
    assert read.status_code == 200
    assert (await vendor.post(f"{talk}/messages", json=says)).status_code == 201
    assert (await vendor.get(f"/v1/rfis/{other['id']}")).status_code == 200
