"""Which addresses are no longer written to, and how often a phone may ring."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import NotificationState
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from notify.sender import Sender
from notify.senders import open_senders
from notify.sending import SMS_PER_HOUR
from notify.worker import Worker
from tests.builders import FixedClock, an_account
from tests.notify.conftest import Sandbox
from tests.notify.helpers import an_offer, of_account, send_all_due, states

FAILED, SENT = NotificationState.FAILED, NotificationState.SENT
SUPPRESSED = NotificationState.SUPPRESSED


@pytest_asyncio.fixture
async def senders(providers: Settings) -> AsyncIterator[Mapping[Channel, Sender]]:
    """Both senders, with the production time-out, which a busy machine can meet."""
    async with open_senders(providers) as opened:
        yield opened


@pytest.mark.parametrize(
    ("channel", "fault", "reason"),
    [
        ("sms", {"code": 21610}, "unsubscribed"),
        ("sms", {"code": 21614}, "invalid_address"),
        ("email", {"field": "personalizations.0.to.0.email"}, "invalid_address"),
    ],
)
async def test_a_refused_address_gets_nothing_more(
    worker: Worker,
    sandbox: Sandbox,
    store: MongoStore,
    clock: FixedClock,
    channel: str,
    fault: dict[str, Any],
    reason: str,
) -> None:
    """A refused address gets nothing more for any account; the other channel continues."""
    one, other = (an_account(email=f"{x}@a.example", phone="+13035550188") for x in "xy")
    if channel == "email":
        other = an_account(email="X@a.example", phone="+13035550189")
    for account in (one, other):
        await store.accounts.add(account)
    await store.notifications.add(an_offer(one, channel))
    sandbox.fails(channel, 400, **fault)
    await send_all_due(worker)
    assert states(await of_account(store, one.id)) == [(FAILED, reason)]

    clock.advance(days=3)
    for account in (one, other):
        later = {"event_id": "later", "created_at": clock.now()}
        await store.notifications.add(an_offer(account, channel, **later))
        another = "email" if channel == "sms" else "sms"
        await store.notifications.add(an_offer(account, another, **later))
    await send_all_due(worker)

    for account in (one, other):
        found = [
            notification
            for notification in await of_account(store, account.id)
            if notification.event_id == "later"
        ]
        by_channel = {
            notification.channel: (notification.state, notification.reason)
            for notification in found
        }
        assert by_channel.pop(channel) == (SUPPRESSED, reason)
        assert list(by_channel.values()) == [(SENT, None)]
    assert {submission.channel.value for submission in sandbox.arrived()} == {another}


async def test_another_refusal_does_not_suppress_the_address(
    worker: Worker, sandbox: Sandbox, store: MongoStore
) -> None:
    """A text that is too long says nothing about the number."""
    account = an_account(phone="+13035550188")
    await store.accounts.add(account)
    await store.notifications.add(an_offer(account, "sms"))
    sandbox.fails("sms", 400, code=21617)
    await send_all_due(worker)

    await store.notifications.add(an_offer(account, "sms", event_id="later"))
    await send_all_due(worker)

    assert len(sandbox.arrived()) == 1


async def test_sms_to_one_phone_are_limited_per_hour(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """Eighty offers at once: the emails cover all of them, and SMS resume later."""
    account = an_account(phone="+13035550188")
    await store.accounts.add(account)
    for number in range(80):
        for channel in ("sms", "email"):
            await store.notifications.add(an_offer(account, channel, event_id=f"e{number}"))

    await send_all_due(worker)

    found = await of_account(store, account.id)
    sms = [notification for notification in found if notification.channel == "sms"]
    assert sum(notification.state is SENT for notification in sms) == SMS_PER_HOUR
    assert sum(
        (notification.state, notification.reason) == (SUPPRESSED, "too_many")
        for notification in sms
    ) == (80 - SMS_PER_HOUR)
    ways = [submission.channel.value for submission in sandbox.arrived()]
    assert (ways.count("sms"), ways.count("email")) == (SMS_PER_HOUR, 80)

    clock.at += timedelta(hours=1)
    await store.notifications.add(an_offer(account, "sms", event_id="later"))
    await send_all_due(worker)
    assert (
        sum(submission.channel.value == "sms" for submission in sandbox.arrived())
        == SMS_PER_HOUR + 1
    )


async def test_a_retry_takes_no_second_place(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """A notification that was put off keeps its place."""
    account = an_account(phone="+13035550188")
    await store.accounts.add(account)
    for number in range(SMS_PER_HOUR):
        await store.notifications.add(an_offer(account, "sms", event_id=f"e{number}"))
    sandbox.fails("sms", 429, times=3)

    for _ in range(60):
        await send_all_due(worker)
        clock.advance(seconds=20)

    assert len(sandbox.arrived()) == SMS_PER_HOUR
