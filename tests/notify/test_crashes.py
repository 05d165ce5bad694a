"""Attempts that a killed worker, an expiring lease or a defect interrupts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.ports import Store, World
from marketplace.storage import MongoStore
from notify.rendering import Renderer
from notify.sender import Sender
from notify.sending import Sending
from notify.worker import LEASE, Worker
from tests.builders import FixedClock, an_account
from tests.notify.conftest import Lanes, Sandbox, new_worker
from tests.notify.helpers import account_with_offer, an_offer, only, send_all_due

SENT, FAILED = NotificationState.SENT, NotificationState.FAILED
PENDING = NotificationState.PENDING


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_a_crash_before_the_request_loses_nothing(
    worker: Worker, sandbox: Sandbox, store: MongoStore, clock: FixedClock, channel: str
) -> None:
    """If a worker dies before its request, another one sends when the lease has ended."""
    account = await account_with_offer(store, channel)
    claimed = await store.notifications.claim_due(
        Channel(channel), clock.now(), clock.now() + LEASE
    )
    assert claimed is not None

    await send_all_due(worker)
    assert sandbox.arrived() == []

    clock.advance(seconds=LEASE.total_seconds())
    await send_all_due(worker)
    assert len(sandbox.arrived()) == 1
    after = await only(store, account.id)
    assert (after.state, after.attempts) == (SENT, 2)


class _KilledError(BaseException):
    """The process was killed."""


class _StoreKilledAtOutcome:
    """Kills the process where an attempt's outcome is written: in the transaction of a final state."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        if name == "transact":
            raise _KilledError
        return getattr(self._store, name)


@pytest.mark.parametrize(("channel", "state"), [("email", FAILED), ("sms", SENT)])
async def test_a_crash_after_the_request_duplicates_nothing(
    world: World,
    senders: Mapping[Channel, Sender],
    renderer: Renderer,
    lanes: Lanes,
    worker: Worker,
    sandbox: Sandbox,
    store: MongoStore,
    clock: FixedClock,
    channel: str,
    state: NotificationState,
) -> None:
    """The next worker knows of the attempt: an SMS is looked up, an email is not sent again."""
    account = await account_with_offer(store, channel)
    claimed = await store.notifications.claim_due(
        Channel(channel), clock.now(), clock.now() + LEASE
    )
    assert claimed is not None
    dying = replace(world, store=cast("Store", _StoreKilledAtOutcome(store)))
    with pytest.raises(_KilledError):
        await Sending(dying, senders, renderer, lanes).attempt(claimed)
    assert len(sandbox.arrived()) == 1

    clock.advance(seconds=LEASE.total_seconds())
    await send_all_due(worker)

    assert len(sandbox.arrived()) == 1
    assert (await only(store, account.id)).state is state


async def test_a_defect_postpones_the_notification(
    worker: Worker, store: MongoStore, sandbox: Sandbox
) -> None:
    """Data that the template cannot render waits up to a day for a corrected release."""
    account = an_account()
    await store.accounts.add(account)
    await store.notifications.add(an_offer(account, "email", data={"category": "x", "path": "/"}))

    await send_all_due(worker)

    after = await only(store, account.id)
    assert (after.state, after.reason) == (PENDING, "defect")
    assert sandbox.arrived() == []


async def test_no_request_begins_shortly_before_the_lease_expires(
    sending: Sending, store: MongoStore, clock: FixedClock, sandbox: Sandbox
) -> None:
    """A delayed worker leaves the attempt to the next one, so that the two do not overlap."""
    account = await account_with_offer(store, "email")
    claimed = await store.notifications.claim_due(Channel.EMAIL, clock.now(), clock.now() + LEASE)
    assert claimed is not None
    clock.advance(seconds=LEASE.total_seconds() - 15)

    await sending.attempt(claimed)

    assert sandbox.arrived() == []
    assert await only(store, account.id) == claimed


async def test_a_sender_that_raises_leaves_the_outcome_unknown(
    world: World, renderer: Renderer, store: MongoStore, lanes: Lanes
) -> None:
    """A defect in the middle of a request leaves the request's outcome unknown."""

    class RaisingSender:
        can_look_up = False

        async def check(self) -> None: ...

        async def send(self, outgoing: object) -> str:
            raise KeyError("sid")

        async def look_up(self, outgoing: object) -> Sequence[str]:
            return ()

    account = await account_with_offer(store, "email")

    await send_all_due(new_worker(world, {Channel.EMAIL: RaisingSender()}, renderer, lanes))

    after: Notification = await only(store, account.id)
    assert (after.state, after.reason) == (FAILED, "outcome_unknown")
