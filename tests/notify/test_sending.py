"""An attempt, its outcome, and the next one: real store, official clients, real server."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import NotificationState
from marketplace.errors import TemporaryError
from marketplace.events import decode
from marketplace.ports import World
from marketplace.storage import MongoStore
from notify.rendering import Renderer
from notify.sender import Sender
from notify.worker import Worker
from tests.builders import FixedClock, an_account
from tests.log_lines import log_lines
from tests.notify.conftest import Lanes, Sandbox, new_worker
from tests.notify.helpers import (
    a_case,
    account_with_offer,
    an_offer,
    at,
    event_names,
    keep,
    of_messages,
    only,
    send_all_due,
    stored_message,
)

SENT, FAILED = NotificationState.SENT, NotificationState.FAILED
PENDING, SUPPRESSED = NotificationState.PENDING, NotificationState.SUPPRESSED


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_a_sent_notification_is_recorded_with_its_event(
    worker: Worker, sandbox: Sandbox, store: MongoStore, channel: str
) -> None:
    """A sent notification has the provider's id and no reason, and its event is in the outbox."""
    account = await account_with_offer(store, channel)
    before = REGISTRY.get_sample_value(
        "parley_notification_outcomes_total", {"channel": channel, "outcome": "sent"}
    )

    await send_all_due(worker)

    (arrived,) = sandbox.arrived()
    assert "https://parley.example/rfis/r1" in arrived.text
    after = await only(store, account.id)
    assert (after.state, after.reason, after.attempts) == (SENT, None, 1)
    assert after.provider_id == arrived.provider_id
    assert await event_names(store) == ["notification.sent"]
    counted = REGISTRY.get_sample_value(
        "parley_notification_outcomes_total", {"channel": channel, "outcome": "sent"}
    )
    assert counted == (before or 0) + 1


async def test_a_line_about_a_try_leads_to_the_request_that_began_it(
    worker: Worker, sandbox: Sandbox, store: MongoStore
) -> None:
    """The line has the account and the correlation id, and no address."""
    account = await account_with_offer(store, "sms", correlation_id="request-1")
    sandbox.fails("sms", 500)

    with log_lines() as lines:
        await send_all_due(worker)

    (line,) = lines.of("a try failed")
    assert (line["account_id"], line["correlation_id"]) == (account.id, "request-1")
    assert account.phone is not None
    for private in (account.phone, account.email):
        assert private not in lines.text


async def test_the_event_about_a_delivery_continues_the_chain(
    worker: Worker, sandbox: Sandbox, store: MongoStore
) -> None:
    """It has the correlation id of the event that the notification is about, and names it."""
    account = an_account()
    await store.accounts.add(account)
    offer = replace(an_offer(account, "email"), correlation_id="request-1")
    await store.notifications.add(offer)

    await send_all_due(worker)

    (document,) = await store.database["outbox"].find().to_list(None)
    event = decode(document["value"])
    assert (event.name, event.correlation_id) == ("notification.sent", "request-1")
    assert event.causation_id == offer.event_id


async def test_a_rate_limit_delays_the_send(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """429 with Retry-After 40: it is sent once, and not before 40 s."""
    account = await account_with_offer(store, "sms")
    sandbox.fails("sms", 429, retry_after_s=40)

    await send_all_due(worker)
    after = await only(store, account.id)
    assert (after.state, after.reason) == (PENDING, "rate_limited")
    assert after.due_at == at(41)  # one second of jitter

    clock.advance(seconds=40)
    await send_all_due(worker)
    assert sandbox.arrived() == []

    clock.advance(seconds=1)
    await send_all_due(worker)
    assert len(sandbox.arrived()) == 1
    assert (await only(store, account.id)).state is SENT


@pytest.mark.parametrize(("channel", "status"), [("email", 500), ("email", 503), ("sms", 429)])
async def test_a_providers_errors_are_retried(
    worker: Worker,
    sandbox: Sandbox,
    store: MongoStore,
    clock: FixedClock,
    channel: str,
    status: int,
) -> None:
    """Three failures, with pauses of 10, 20 and 40 s; then it is sent once."""
    account = await account_with_offer(store, channel)
    sandbox.fails(channel, status, times=3)

    for pause_s in (10, 20, 40):
        await send_all_due(worker)
        assert (await only(store, account.id)).due_at == clock.now() + timedelta(seconds=pause_s)
        clock.advance(seconds=pause_s)
    await send_all_due(worker)

    assert len(sandbox.arrived()) == 1
    after = await only(store, account.id)
    assert (after.state, after.attempts) == (SENT, 4)


@pytest.mark.parametrize(
    ("channel", "fault", "reason"),
    [
        ("email", {"field": "content.0.value"}, "provider_refused_400"),
        ("email", {"field": "personalizations.0.to.0.email"}, "invalid_address"),
        ("sms", {"code": 21617}, "provider_refused_21617"),
        ("sms", {"code": 21614}, "invalid_address"),
    ],
)
async def test_a_refusal_of_the_text_or_recipient_is_final(
    worker: Worker,
    sandbox: Sandbox,
    store: MongoStore,
    clock: FixedClock,
    channel: str,
    fault: dict[str, Any],
    reason: str,
) -> None:
    """400: it has failed with a reason, and is never retried."""
    account = await account_with_offer(store, channel)
    sandbox.fails(channel, 400, **fault)

    await send_all_due(worker)
    clock.advance(days=2)
    await send_all_due(worker)

    after = await only(store, account.id)
    assert (after.state, after.reason, after.attempts) == (FAILED, reason, 1)
    assert sandbox.arrived() == []
    assert await event_names(store) == ["notification.failed"]


async def test_a_notification_is_abandoned_after_a_day(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """A notification is abandoned after a day, with the last reason, after any number of attempts."""
    account = await account_with_offer(store, "email")
    sandbox.fails("email", 500, times=1_000)

    while (after := await only(store, account.id)).state is PENDING:
        clock.at = max(clock.at, after.due_at)
        await send_all_due(worker)

    assert (after.state, after.reason) == (FAILED, "provider_unavailable")
    assert at(22 * 3_600) < clock.now() <= at(24 * 3_600)
    assert after.attempts > 30


@pytest.mark.parametrize(("status", "is_accepted"), [("timeout", True), ("reset", False)])
async def test_an_email_of_unknown_outcome_is_not_sent_again(
    worker: Worker,
    sandbox: Sandbox,
    store: MongoStore,
    clock: FixedClock,
    status: str,
    is_accepted: bool,
) -> None:
    """An email of unknown outcome has failed, with that reason: SendGrid has no look-up."""
    account = await account_with_offer(store, "email")
    sandbox.fails("email", status, is_accepted=is_accepted)

    await send_all_due(worker)
    clock.advance(hours=1)
    await send_all_due(worker)

    assert len(sandbox.arrived()) == is_accepted
    after = await only(store, account.id)
    assert (after.state, after.reason, after.attempts) == (FAILED, "outcome_unknown", 1)


async def test_a_channel_without_a_sender_suppresses_the_notification(
    world: World, renderer: Renderer, store: MongoStore, lanes: Lanes
) -> None:
    """A channel without a sender suppresses the notification, with a reason and an event."""
    account = await account_with_offer(store, "sms")

    await send_all_due(new_worker(world, {}, renderer, lanes))

    after = await only(store, account.id)
    assert (after.state, after.reason) == (SUPPRESSED, "channel_not_configured")
    assert await event_names(store) == ["notification.suppressed"]


async def test_a_message_read_before_the_send_is_suppressed(
    worker: Worker, sandbox: Sandbox, world: World, store: MongoStore
) -> None:
    """A message read before the time of sending, when the gate is checked, is not emailed."""
    case = await keep(store, a_case())
    await stored_message(store, case, 1)
    await store.notifications.add(of_messages(case, 1, 1))
    await store.read_positions.advance(case.conversation.id, case.vendor.id, delivered=1, read=1)

    await send_all_due(worker)

    after = await only(store, case.vendor.id)
    assert (after.state, after.reason) == (SUPPRESSED, "read")
    assert sandbox.arrived() == []


async def test_an_email_about_messages_quotes_them_all(
    worker: Worker, sandbox: Sandbox, store: MongoStore
) -> None:
    """Three messages make one email."""
    case = await keep(store, a_case())
    for sequence, body in enumerate(("Hello", "Are you there?", "It drips <fast>"), start=1):
        await stored_message(store, case, sequence, body)
    await store.notifications.add(of_messages(case, 1, 3))

    await send_all_due(worker)

    (arrived,) = sandbox.arrived()
    assert arrived.subject == "3 new messages from Carla Reyes about Leaking kitchen sink"
    assert "> It drips <fast>" in arrived.text
    assert "It drips &lt;fast&gt;" in (arrived.html or "")


async def test_unknown_presence_postpones_an_email_about_a_message(
    world: World,
    senders: Mapping[Channel, Sender],
    renderer: Renderer,
    lanes: Lanes,
    sandbox: Sandbox,
) -> None:
    """While presence is unknown because Redis is down, an email about a message waits."""

    class UnavailablePresence:
        async def connected(self, *account_ids: str) -> None: ...

        async def disconnected(self, account_id: str) -> None: ...

        async def is_connected(self, account_id: str) -> bool:
            raise TemporaryError("Redis: ConnectionError")

        async def connected_among(self, account_ids: Collection[str]) -> frozenset[str]:
            raise TemporaryError("Redis: ConnectionError")

        async def active(self, *account_ids: str) -> None: ...

        async def inactive(self, *account_ids: str) -> None: ...

        async def active_at(self, account_ids: Sequence[str]) -> dict[str, frozenset[str]]:
            raise TemporaryError("Redis: ConnectionError")

    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1)
    await world.store.notifications.add(of_messages(case, 1, 1))
    blind = replace(world, presence=UnavailablePresence())

    await send_all_due(new_worker(blind, senders, renderer, lanes))

    after = await only(world.store, case.vendor.id)
    assert (after.state, after.reason) == (PENDING, "store_unavailable")
    assert sandbox.arrived() == []
