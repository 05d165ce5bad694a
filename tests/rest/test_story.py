"""One RFI from its draft to the award, using only REST."""

from tests.rest.people import (
    Rest,
    a_draft,
    a_quote_of,
    accepted,
    an_active_vendor,
    an_open_rfi,
    registered,
    somewhere,
)


async def test_from_the_draft_to_the_award(rest: Rest) -> None:
    """Customer and vendors talk, quote and agree, and all sides end with the same state."""
    place = somewhere()
    ana = await an_active_vendor(rest, place, company="Ana's Plumbing")
    ben = await an_active_vendor(rest, place, company="Ben & Sons")
    cleo = await an_active_vendor(rest, place, company="Cleo Pipes", categories=["roofing"])
    customer = await registered(rest)

    rfi = await an_open_rfi(rest, customer, **{**a_draft(), "location": place, "max_vendors": 2})
    path = f"/v1/rfis/{rfi['id']}"
    assert (await cleo.get("/v1/matches")).json()["items"] == []

    match_of_ana, match_of_ben = await accepted(ana, rfi), await accepted(ben, rfi)
    talk = f"/v1/conversations/{match_of_ana['conversation_id']}"
    question = {"client_message_id": "c-1", "body": "When could you come?"}
    answer = {"client_message_id": "v-1", "body": "Tomorrow at nine."}
    assert (await customer.post(f"{talk}/messages", json=question)).status_code == 201
    assert (await ana.post(f"{talk}/messages", json=answer)).status_code == 201

    revised = (await customer.patch(path, json={"title": "Two leaking sinks"}, if_match=2)).json()
    offer = (await ana.post(f"{path}/quotes", json=a_quote_of(revised))).json()
    await ben.post(f"{path}/quotes", json=a_quote_of(revised, amount_minor=31_000))
    awarded = await customer.post(
        f"{path}/award",
        json={"quote_id": offer["id"], "quote_revision": offer["revision"]},
        if_match=revised["revision"],
    )
    assert awarded.status_code == 200

    causes = [revision["cause"] for revision in (await ana.get(f"{path}/changes")).json()["items"]]
    entries = (await customer.get(f"{talk}/entries", params={"after_sequence": 0})).json()["items"]
    contents = [entry.get("body") or entry["code"] for entry in entries]
    states = {
        match["vendor_id"]: match["state"]
        for match in (await customer.get(f"{path}/matches")).json()["items"]
    }
    assert causes == ["submitted", "revised", "awarded"]
    assert contents == [
        "participant_joined",
        "When could you come?",
        "Tomorrow at nine.",
        "quote_submitted",
        "rfi_awarded",
    ]
    assert states == {ana.id: "accepted", ben.id: "closed"}
    assert (await ben.get("/v1/matches")).json()["items"][0]["id"] == match_of_ben["id"]


async def test_events_carry_the_requests_id(rest: Rest) -> None:
    """The request's id is in the events that the request causes."""
    customer = await registered(rest)

    await customer.post("/v1/rfis", json=a_draft(), headers={"X-Request-Id": "trace-42"})

    outbox = rest.parts.store.database["outbox"]
    values = [record["value"] async for record in outbox.find({"topic": "rfis"})]
    assert any(b'"trace-42"' in value for value in values)
