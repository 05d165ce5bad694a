"""An SMS of unknown outcome: looked up late and twice, and sent once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from marketplace.domain.accounts import Account
from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.ports import World
from marketplace.storage import MongoStore
from notify.rendering import Renderer
from notify.sender import Sender, TemporarySendError
from notify.worker import LEASE, Worker
from tests.builders import FixedClock
from tests.notify.conftest import Lanes, Sandbox, new_worker
from tests.notify.helpers import account_with_offer, an_offer, at, only, send_all_due

SENT, PENDING = NotificationState.SENT, NotificationState.PENDING


async def _send_when_due(
    worker: Worker, store: MongoStore, clock: FixedClock, who: Account
) -> None:
    clock.at = max(clock.at, (await only(store, who.id)).due_at)
    await send_all_due(worker)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": "timeout"},
        {"status": "reset"},
        {"status": "drip"},
        {"status": 502, "form": "html"},
        {"status": 201, "form": "malformed"},
    ],
)
async def test_an_sms_that_was_sent_is_not_sent_again(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock, fault: dict[str, Any]
) -> None:
    """Twilio is queried a minute later and has it: it is sent, with the first attempt's SID."""
    account = await account_with_offer(store, "sms")
    sandbox.fails("sms", **fault, is_accepted=True)

    await send_all_due(worker)
    after = await only(store, account.id)
    assert (after.state, after.reason) == (PENDING, "outcome_unknown")
    clock.advance(seconds=60)
    await send_all_due(worker)

    (arrived,) = sandbox.arrived()
    after = await only(store, account.id)
    assert (after.state, after.provider_id) == (SENT, arrived.provider_id)


async def test_an_unsent_sms_is_sent_after_two_look_ups(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """The first look-up is a minute after the attempt, the second right before the next attempt."""
    account = await account_with_offer(store, "sms")
    sandbox.fails("sms", "reset")

    await send_all_due(worker)
    assert (await only(store, account.id)).due_at == at(60)
    await _send_when_due(worker, store, clock, account)
    assert sandbox.arrived() == []
    await _send_when_due(worker, store, clock, account)

    assert clock.now() >= at(120)
    assert len(sandbox.arrived()) == 1
    assert (await only(store, account.id)).state is SENT


@pytest.mark.parametrize("after_s", [30, 90])
async def test_an_sms_that_twilio_accepts_late_is_found(
    worker: Worker,
    sandbox: Sandbox,
    store: MongoStore,
    clock: FixedClock,
    after_s: int,
) -> None:
    """An SMS accepted after our time-out, before or between the look-ups, is found and sent once."""
    account = await account_with_offer(store, "sms")
    sandbox.fails("sms", "timeout")
    await send_all_due(worker)
    text = sandbox_text(await only(store, account.id))

    while (found := await only(store, account.id)).state is PENDING:
        if found.due_at >= at(after_s) and not sandbox.arrived():
            clock.at = at(after_s)
            sandbox.has_sms("+13035550188", text)
        await _send_when_due(worker, store, clock, account)

    (arrived,) = sandbox.arrived()
    assert (await only(store, account.id)).provider_id == arrived.provider_id


def sandbox_text(notification: Notification) -> str:
    """The text of the SMS."""
    return Renderer("https://parley.example").sms(
        kind=notification.kind,  # type: ignore[arg-type]
        data=notification.data,
    )


async def test_an_sms_of_another_notification_does_not_count(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """An identical SMS that belongs to another notification does not count."""
    account = await account_with_offer(store, "sms")
    await send_all_due(worker)
    (first,) = sandbox.arrived()
    second = an_offer(account, "sms", event_id="another")
    await store.notifications.add(second)
    sandbox.fails("sms", "reset")

    await send_all_due(worker)
    for _ in range(3):
        clock.advance(seconds=70)
        await send_all_due(worker)

    arrived = sandbox.arrived()
    assert [submission.text for submission in arrived] == [first.text] * 2
    held = await store.database["notifications"].distinct("provider_id")
    assert sorted(held) == sorted(submission.provider_id for submission in arrived)


async def test_a_killed_workers_attempt_is_looked_up_a_minute_later(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """The attempt's time is stored with the notification, for the worker that takes over."""
    account = await account_with_offer(store, "sms")
    claimed = await store.notifications.claim_due(Channel.SMS, clock.now(), clock.now() + LEASE)
    assert claimed is not None
    clock.advance(seconds=39)
    begun = replace(claimed, reason="outcome_unknown", tried_at=clock.now())
    assert await store.notifications.settle(begun)

    clock.at = at(LEASE.total_seconds())
    await send_all_due(worker)
    after = await only(store, account.id)

    assert (after.state, after.due_at) == (PENDING, at(39 + 60))
    assert after.looked_up_at is None


async def test_an_attempt_of_the_previous_version_is_looked_up(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock
) -> None:
    """An attempt of the previous version, which has no time, is looked up after its claim."""
    account = await account_with_offer(store, "sms", reason="outcome_unknown", attempts=1)

    await send_all_due(worker)
    assert (await only(store, account.id)).due_at == at(60)
    for _ in range(2):
        await _send_when_due(worker, store, clock, account)

    assert len(sandbox.arrived()) == 1


async def test_a_failed_look_up_keeps_the_outcome_unknown(
    world: World,
    senders: Mapping[Channel, Sender],
    renderer: Renderer,
    lanes: Lanes,
    store: MongoStore,
    clock: FixedClock,
    sandbox: Sandbox,
) -> None:
    """Nothing is sent until Twilio has said that it does not have the SMS."""

    class SilentTwilio:
        """Twilio's list does not answer."""

        can_look_up = True

        async def check(self) -> None: ...

        async def send(self, outgoing: object) -> str:
            raise AssertionError("sent without a look-up")

        async def look_up(self, outgoing: object) -> Sequence[str]:
            raise TemporarySendError("provider_unavailable")

    account = await account_with_offer(store, "sms")
    sandbox.fails("sms", "reset", is_accepted=True)
    await send_all_due(new_worker(world, senders, renderer, lanes))
    clock.advance(seconds=60)

    await send_all_due(new_worker(world, {Channel.SMS: SilentTwilio()}, renderer, lanes))
    after = await only(store, account.id)
    assert (after.state, after.reason) == (PENDING, "outcome_unknown")

    clock.at = after.due_at
    await send_all_due(new_worker(world, senders, renderer, lanes))
    assert len(sandbox.arrived()) == 1
    assert (await only(store, account.id)).state is SENT
