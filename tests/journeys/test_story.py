"""From registration to award: what each side sees live, and what is stored."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.journeys import topics
from tests.journeys.app import App, connected
from tests.journeys.people import Person, a_draft, a_vendor, registered, somewhere
from tests.journeys.sandbox import subjects, texts
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

# Live means sooner than one would reload; a push takes milliseconds, on a busy machine more.
LIVE_S = 2.0
TITLE = "Leaking kitchen sink"


@dataclass
class Story:
    """The people of the story and the current state."""

    site: Site
    customer: Person
    vendor: Person
    other: Person
    customer_app: App
    vendor_app: App
    other_app: App
    away: AsyncExitStack
    rfi: dict[str, Any]
    conversation_id: str = ""

    @property
    def rfi_path(self) -> str:
        """The RFI's path."""
        return f"/v1/rfis/{self.rfi['id']}"


@pytest_asyncio.fixture(params=[None, ["polling"]], ids=["websocket", "polling"])
async def story(request: pytest.FixtureRequest, site: Site, admin: Person) -> AsyncIterator[Story]:
    """A customer with a draft, and two vendors nearby; all connected over one of two transports."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    vendor = await a_vendor(site, admin, "Front Range Plumbing", place)
    other = await a_vendor(site, admin, "Cherry Creek Pipes", place)
    draft = await a_draft(customer, place, title=TITLE, max_vendors=2)
    async with AsyncExitStack() as stay, AsyncExitStack() as away:
        customer_app = await away.enter_async_context(connected(site, customer, request.param))
        vendor_app = await stay.enter_async_context(connected(site, vendor, request.param))
        other_app = await stay.enter_async_context(connected(site, other, request.param))
        wanted = "websocket" if request.param is None else "polling"
        assert {customer_app.transport, vendor_app.transport, other_app.transport} == {wanted}
        yield Story(site, customer, vendor, other, customer_app, vendor_app, other_app, away, draft)


async def test_from_registration_to_award(story: Story) -> None:
    """The other side sees each step live; Kafka, MongoDB and the providers agree on all of it."""
    await _request_and_match(story)
    await _talk(story)
    await _revise(story)
    await _quote_and_award(story)
    await _write_to_an_absent_customer(story)

    await _kafka_and_mongodb_agree(story)
    await _vendors_were_notified(story)


async def _request_and_match(story: Story) -> None:
    """The customer submits; both vendors get the offer live, and one accepts."""
    story.rfi = await story.customer.post(f"{story.rfi_path}/submit", if_match=1)
    assert story.rfi["revision"] == 2
    offered = await story.vendor_app.pushed("match.offered", rfi_id=story.rfi["id"])
    await story.other_app.pushed("match.offered", rfi_id=story.rfi["id"])

    accepted = await story.vendor.post(f"/v1/matches/{offered['id']}/accept")

    story.conversation_id = accepted["conversation_id"]
    seen = await story.customer_app.pushed(
        "match.updated", LIVE_S, id=offered["id"], state="accepted"
    )
    assert seen["conversation_id"] == story.conversation_id


async def _talk(story: Story) -> None:
    """Both join; messages, typing and receipts reach the other side."""
    conversation = {"conversation_id": story.conversation_id}
    joined = await story.customer_app.call("join_conversation", **conversation)
    assert [entry["kind"] for entry in joined["entries"]] == ["notice"]
    assert joined["head"] == 1
    await story.vendor_app.call("join_conversation", **conversation)

    await story.vendor_app.call("set_typing", **conversation, is_typing=True)
    typing = {"account_id": story.vendor.id, **conversation}
    await story.customer_app.pushed("typing.updated", LIVE_S, **typing, is_typing=True)
    sent = await story.vendor_app.call(
        "send_message", **conversation, client_message_id="v-1", body="Is it the trap?"
    )
    # Sending a message ends the sender's typing.
    await story.customer_app.pushed("typing.updated", LIVE_S, **typing, is_typing=False)
    seen = await story.customer_app.pushed("message.sent", LIVE_S, client_message_id="v-1")
    assert seen == sent["message"]
    assert (seen["sequence"], seen["body"]) == (2, "Is it the trap?")

    await story.customer_app.call("mark_read", **conversation, sequence=2)
    receipt = await story.vendor_app.pushed(
        "receipt.updated", LIVE_S, account_id=story.customer.id, read_sequence=2
    )
    assert receipt["delivered_sequence"] == 2
    await story.customer_app.call(
        "send_message", **conversation, client_message_id="c-1", body="It is. It drips."
    )
    answer = await story.vendor_app.pushed("message.sent", LIVE_S, client_message_id="c-1")
    assert (answer["sequence"], answer["sender_id"]) == (3, story.customer.id)


async def _revise(story: Story) -> None:
    """A revision reaches the vendor at once, field by field; a stale one is refused."""
    joined = await story.vendor_app.call("join_rfi", rfi_id=story.rfi["id"], after_revision=0)
    assert [change["cause"] for change in joined["changes"]] == ["submitted"]
    wanted = {
        "description": "The trap drips, and the tap too.",
        "budget": {"min_minor": 10_000, "max_minor": 55_000, "currency": "USD"},
    }

    story.rfi = await story.customer.patch(story.rfi_path, if_match=2, json=wanted)

    change = await story.vendor_app.pushed("rfi.changed", LIVE_S, rfi_id=story.rfi["id"])
    assert (change["revision"], change["cause"]) == (3, "revised")
    assert change["actor"] == {"account_id": story.customer.id, "role": "customer"}
    changes = {field["path"]: (field["old"], field["new"]) for field in change["changes"]}
    assert changes == {
        "description": (
            "The trap under the sink drips day and night.",
            "The trap drips, and the tap too.",
        ),
        "budget.max_minor": (40_000, 55_000),
    }
    stale = await story.customer.ask("PATCH", story.rfi_path, if_match=2, json=wanted)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_revision")


async def _quote_and_award(story: Story) -> None:
    """The quote and the award reach everybody concerned; the other vendor's match is closed."""
    figures = {
        "rfi_revision": 3,
        "amount_minor": 25_000,
        "currency": "USD",
        "message": "Parts and labour, tomorrow morning.",
    }
    quote = await story.vendor.post(f"{story.rfi_path}/quotes", json=figures)
    seen = await story.customer_app.pushed("quote.submitted", LIVE_S, id=quote["id"])
    assert (seen["amount_minor"], seen["rfi_revision"]) == (25_000, 3)

    story.rfi = await story.customer.post(
        f"{story.rfi_path}/award", if_match=3, json={"quote_id": quote["id"], "quote_revision": 1}
    )

    for app in (story.customer_app, story.vendor_app, story.other_app):
        awarded = await app.pushed("rfi.awarded", LIVE_S, rfi_id=story.rfi["id"])
        assert (awarded["vendor_id"], awarded["quote_id"]) == (story.vendor.id, quote["id"])
    closed = await story.other_app.pushed("match.updated", LIVE_S, rfi_id=story.rfi["id"])
    assert (closed["state"], closed["closed_reason"]) == ("closed", "rfi_awarded")
    await story.vendor_app.pushed("quote.updated", LIVE_S, id=quote["id"], state="awarded")
    for app in (story.customer_app, story.vendor_app):
        await app.pushed("notice.added", LIVE_S, code="rfi_awarded")
        notices = [notice["code"] for notice in app.all_pushed("notice.added")]
        assert notices == ["quote_submitted", "rfi_awarded"]


async def _write_to_an_absent_customer(story: Story) -> None:
    """A message to somebody who is not connected is sent by email, with its text."""
    await story.away.aclose()
    await story.vendor_app.call(
        "send_message",
        conversation_id=story.conversation_id,
        client_message_id="v-2",
        body="Tomorrow at eight, then.",
    )

    subject = f"New message from Front Range Plumbing about {TITLE}"

    async def mails() -> list[str]:
        # If notify handles the quote only now, it is emailed as well, because the customer is
        # absent.
        found = await subjects(story.site, story.customer.email)
        return [mail for mail in found if mail == subject]

    assert await eventually(mails) == [subject]


async def _kafka_and_mongodb_agree(story: Story) -> None:
    """Sequences and revisions are dense; every outbox document and entry is in Kafka, in order."""
    rfi_id, conversation_id = story.rfi["id"], story.conversation_id
    entries = await story.site.documents("entries", "sequence", conversation_id=conversation_id)
    assert [entry["sequence"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry["kind"] for entry in entries] == [
        "notice", "message", "message", "notice", "notice", "message",
    ]  # fmt: skip
    revisions = await story.site.documents("rfi_revisions", "revision", rfi_id=rfi_id)
    assert [revision["revision"] for revision in revisions] == [1, 2, 3, 4]

    async def relayed() -> list[dict[str, Any]]:
        return await topics.events(story.site, {conversation_id}, "conversations")

    in_kafka = await eventually(relayed, lambda seen: len(seen) == 1 + len(entries))
    assert {event["name"] for event in in_kafka} == {
        "conversation.started", "notice.added", "message.sent",
    }  # fmt: skip
    numbered = [event for event in in_kafka if event["name"] != "conversation.started"]
    assert [event["id"] for event in numbered] == [entry["_id"] for entry in entries]
    names = [event["name"] for event in await topics.events(story.site, {rfi_id}, "rfis")]
    assert names == [
        "rfi.drafted", "rfi.submitted", "rfi.revised",
        "quote.submitted", "rfi.awarded", "quote.updated",
    ]  # fmt: skip
    matched = [event["name"] for event in await topics.events(story.site, {rfi_id}, "matches")]
    assert matched == ["match.offered", "match.offered", "match.accepted", "match.closed"]
    await _outbox_is_in_kafka(story)


async def _outbox_is_in_kafka(story: Story) -> None:
    """Everything committed is in Kafka byte for byte, and each key has the order of its commits."""
    keys = {
        story.rfi["id"], story.conversation_id,
        story.customer.id, story.vendor.id, story.other.id,
    }  # fmt: skip
    committed = await story.site.documents("outbox", "_id", key={"$in": list(keys)})
    assert {document["topic"] for document in committed} >= {
        "rfis",
        "matches",
        "vendors",
        "notifications",
    }

    async def relayed() -> set[bytes]:
        return {record.value for record in await topics.records(story.site, keys)}

    await eventually(relayed, {bytes(document["value"]) for document in committed}.issubset)
    records = await topics.records(story.site, keys)
    assert all(record.event["version"] == 1 for record in records)


async def _vendors_were_notified(story: Story) -> None:
    """Approval and loss arrive by email, offer and award by email and SMS, each once."""
    site, vendor, other = story.site, story.vendor, story.other
    approved, offer = "Your application is approved", f"New request near you: {TITLE}"
    won = f"You won: {TITLE}"

    async def notifications_arrived() -> tuple[list[str], list[str], list[str], list[str]]:
        return (
            await subjects(site, vendor.email),
            await texts(site, vendor.phone),
            await subjects(site, other.email),
            await texts(site, other.phone),
        )

    seen = await eventually(
        notifications_arrived, lambda seen: [len(some) for some in seen] == [3, 2, 3, 1]
    )

    assert seen[0] == [approved, offer, won]
    assert all(TITLE in text for text in seen[1])
    assert seen[2][:2] == [approved, offer]
    assert TITLE in seen[3][0]
    log = await vendor.get("/v1/me/notifications")
    states = {
        (notification["kind"], notification["channel"]): notification["state"]
        for notification in log["items"]
    }
    assert states == {
        ("vendor_reviewed", "email"): "sent",
        ("match_offered", "email"): "sent",
        ("match_offered", "sms"): "sent",
        ("rfi_won", "email"): "sent",
        ("rfi_won", "sms"): "sent",
    }
