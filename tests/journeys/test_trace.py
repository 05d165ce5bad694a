"""One trace shows what a request or a call caused, in every process, up to the provider."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from embedded import stack as whole
from embedded.servers.running import Running
from tests.collector import Collector, ReceivedSpan, collecting
from tests.journeys.app import connected
from tests.journeys.people import Person, a_draft, a_vendor, an_admin, registered, somewhere
from tests.journeys.sandbox import deliveries, texts
from tests.journeys.site import Site, opened
from tests.journeys.waiting import eventually

TITLE, BODY = "Leaking kitchen sink", "Is it the trap?"
SUBMIT = "POST /v1/rfis/{rfi_id}/submit"
# All attributes that a span may have: names of closed lists, ids of business objects, numbers.
ATTRIBUTES = {
    "db.collection.name",
    "db.operation.name",
    "db.system.name",
    "error.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "messaging.consumer.group.name",
    "messaging.destination.name",
    "messaging.system",
    "parley.attempts",
    "parley.call",
    "parley.channel",
    "parley.conversation_id",
    "parley.correlation_id",
    "parley.event",
    "parley.match_id",
    "parley.message_id",
    "parley.notification_id",
    "parley.push",
    "parley.quote_id",
    "parley.rfi_id",
    "parley.role",
    "parley.room",
    "parley.state",
    "server.address",
}


@dataclass(frozen=True, slots=True)
class Affair:
    """A customer's RFI, a vendor who was connected when it was submitted, and one who was away."""

    site: Site
    collector: Collector
    customer: Person
    connected: Person
    away: Person
    rfi_id: str


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector for the whole stack."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced_stack(collector: Collector) -> Iterator[Running]:
    """A stack whose processes export their spans five times a second."""
    environment = {
        "PARLEY_LIMIT_SCALE": "1000",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with whole.running(environment=environment) as started:
        yield started


@pytest_asyncio.fixture(scope="module")
async def affair(traced_stack: Running, collector: Collector) -> AsyncIterator[Affair]:
    """Submit an RFI; wait for the push to one vendor and the SMS to the other."""
    async with opened(traced_stack) as site:
        place = somewhere()
        customer = await registered(site, "customer", "Carla Reyes")
        admin = await an_admin(site)
        near = await a_vendor(site, admin, "Front Range Plumbing", place)
        away = await a_vendor(site, admin, "Cherry Creek Pipes", place)
        draft = await a_draft(customer, place, title=TITLE, max_vendors=2)
        async with connected(site, near) as app:
            await customer.post(f"/v1/rfis/{draft['id']}/submit", if_match=draft["revision"])
            offered = await app.pushed("match.offered", rfi_id=draft["id"])
            await eventually(lambda: texts(site, away.phone))
            accepted = await near.post(f"/v1/matches/{offered['id']}/accept")
            conversation_id = accepted["conversation_id"]
            await app.call("join_conversation", conversation_id=conversation_id)
            await app.call(
                "send_message",
                conversation_id=conversation_id,
                client_message_id="v-1",
                body=BODY,
            )
            await eventually(lambda: deliveries(site, customer.email))
        yield Affair(site, collector, customer, near, away, draft["id"])


async def received(
    affair: Affair, name: str, trace_id: str = "", **attributes: str | int
) -> ReceivedSpan:
    """Wait until the collector has exactly one such span, with all spans above it."""

    async def look() -> list[ReceivedSpan]:
        found = affair.collector.named(name, **attributes)
        return [span for span in found if span.trace_id.startswith(trace_id)]

    (span,) = await eventually(look)

    async def path() -> object:
        try:
            return affair.collector.path(span)
        except KeyError:
            return None

    await eventually(path)
    return span


async def request_of(affair: Affair, send: ReceivedSpan) -> ReceivedSpan:
    """The request to the provider within the span of a send."""

    async def look() -> list[ReceivedSpan]:
        return [
            span
            for span in affair.collector.spans
            if span.parent_id == send.span_id and "http.request.method" in span.attributes
        ]

    (request,) = await eventually(look)
    return request


async def test_one_trace_leads_from_the_submission_to_the_push(affair: Affair) -> None:
    """Hop by hop: REST, relay, matching, and the gateway of the vendor who is connected."""
    push = await received(affair, "push match.offered")

    gateway, *hops = affair.collector.path(push)
    assert gateway[0] in ("realtime-1", "realtime-2")
    assert hops == [
        ("matching", "matching rfi.submitted"),
        ("relay", "publish rfi.submitted"),
        ("rest", SUBMIT),
    ]


async def test_the_same_trace_leads_to_an_absent_vendors_sms(affair: Affair) -> None:
    """Hop by hop: REST, relay, matching, relay again, notify, and the request to Twilio."""
    log = await affair.away.get("/v1/me/notifications")
    (sms,) = [told for told in log["items"] if told["channel"] == "sms"]
    send = await received(affair, "send match_offered", parley__notification_id=sms["id"])

    request = await request_of(affair, send)

    assert affair.collector.path(request) == [
        ("notify", "POST"),
        ("notify", "send match_offered"),
        ("notify", "notify match.offered"),
        ("relay", "publish match.offered"),
        ("matching", "matching rfi.submitted"),
        ("relay", "publish rfi.submitted"),
        ("rest", SUBMIT),
    ]
    assert (request.kind, request.attributes["http.response.status_code"]) == ("client", 201)
    assert (send.attributes["parley.state"], send.attributes["parley.rfi_id"]) == (
        "sent",
        affair.rfi_id,
    )
    push = await received(affair, "push match.offered")
    (submission,) = affair.collector.named(SUBMIT, parley__rfi_id=affair.rfi_id)
    assert request.trace_id == push.trace_id == submission.trace_id


async def test_the_commands_to_mongodb_are_part_of_the_trace(affair: Affair) -> None:
    """The submission's transaction: what it wrote, by collection, and its commit."""
    submission = await received(affair, SUBMIT, parley__rfi_id=affair.rfi_id)

    async def commands() -> set[str]:
        spans = affair.collector.spans
        return {span.name for span in spans if span.parent_id == submission.span_id}

    await eventually(
        commands,
        lambda seen: {"insert rfi_revisions", "insert outbox", "commitTransaction"} <= seen,
    )


async def test_a_messages_trace_leads_from_the_call_to_the_email(affair: Affair) -> None:
    """The call on the socket, the relay, the digest of notify, and the request to SendGrid."""
    send = await received(affair, "send message_sent", parley__channel="email")
    request = await request_of(affair, send)
    call = await received(affair, "call send_message")

    hops = affair.collector.path(request)
    assert hops[:-1] == [
        ("notify", "POST"),
        ("notify", "send message_sent"),
        ("notify", "notify message.sent"),
        ("relay", "publish message.sent"),
    ]
    assert hops[-1] == (call.process, "call send_message")
    push = await received(affair, "push message.sent", call.trace_id)
    insert = await received(affair, "insert entries", call.trace_id)
    assert affair.collector.path(push)[1:] == [(call.process, "call send_message")]
    assert affair.collector.path(insert)[1:] == [
        (call.process, "write entries"),
        (call.process, "call send_message"),
    ]


async def test_spans_contain_no_person_and_no_text(affair: Affair) -> None:
    """Spans leave for a collector that others read: closed lists, numbers and ids, nothing else."""
    await received(affair, "send message_sent", parley__channel="email")
    people = (affair.customer, affair.connected, affair.away)
    private = {TITLE, BODY, "Carla Reyes", "Front Range Plumbing", "Cherry Creek Pipes", "trap"}
    for person in people:
        private |= {person.id, person.email, person.phone or "", person.token}
    spans = list(affair.collector.spans)

    assert {key for span in spans for key in span.attributes} <= ATTRIBUTES
    assert not any(span.events for span in spans)
    told = json.dumps([[span.name, span.attributes] for span in spans])
    assert [value for value in private if value in told] == []
