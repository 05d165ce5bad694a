"""Workers: many at a time, each notification once, and a clean shutdown."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.errors import TemporaryError
from marketplace.ports import World
from marketplace.storage import MongoStore
from notify.backlog import MOST_COUNTED
from notify.handler import Handler
from notify.lane import Lane
from notify.rendering import Renderer
from notify.sender import Sender
from notify.worker import Worker
from tests.builders import FixedClock, an_account
from tests.notify.conftest import Sandbox, new_lanes, new_worker
from tests.notify.helpers import a_case, an_offer, keep, of_account, of_match


async def _wait_for(condition: Callable[[], bool], at_most_s: float = 10) -> None:
    """Yield to other tasks until the condition holds."""
    async with asyncio.timeout(at_most_s):
        while not condition():  # noqa: ASYNC110 # nothing signals it
            await asyncio.sleep(0.01)


async def test_two_workers_send_each_notification_once(
    world: World,
    store: MongoStore,
    senders: Mapping[Channel, Sender],
    renderer: Renderer,
    sandbox: Sandbox,
    clock: FixedClock,
) -> None:
    """Sixty notifications over two workers at the same time arrive once each."""
    for number in range(30):
        account = an_account(phone=f"+1303555{number:04}")
        await store.accounts.add(account)
        for channel in ("email", "sms"):
            await store.notifications.add(an_offer(account, channel))
    workers = [new_worker(world, senders, renderer, new_lanes(clock)) for _ in range(2)]

    await asyncio.gather(*(worker.send_due() for worker in workers))
    await asyncio.gather(*(worker.finish() for worker in workers))

    arrived = Counter((submission.to, submission.channel) for submission in sandbox.arrived())
    assert len(arrived) == 60
    assert set(arrived.values()) == {1}
    assert await store.database["notifications"].count_documents({"state": "sent"}) == 60


async def test_an_event_redelivered_while_workers_run_arrives_once(
    world: World,
    store: MongoStore,
    senders: Mapping[Channel, Sender],
    renderer: Renderer,
    sandbox: Sandbox,
    clock: FixedClock,
) -> None:
    """Two services that get the same event repeatedly send each notification once."""
    case = await keep(store, a_case())
    event = of_match("match.offered", case.match)
    workers = [new_worker(world, senders, renderer, new_lanes(clock)) for _ in range(2)]
    running = [asyncio.create_task(worker.run()) for worker in workers]
    handlers = [Handler(world, worker.wake) for worker in workers]

    for _ in range(3):
        await asyncio.gather(*(handler.handle(event) for handler in handlers))
    await _wait_for(lambda: len(sandbox.arrived()) >= 2)
    for worker in workers:
        worker.stop()
    await asyncio.gather(*running)

    assert sorted(submission.channel.value for submission in sandbox.arrived()) == ["email", "sms"]
    found = await of_account(store, case.vendor.id)
    assert {notification.state for notification in found} == {NotificationState.SENT}


async def test_sends_in_flight_are_limited(world: World, store: MongoStore) -> None:
    """No more than the allowed number is in flight; the others stay free for another worker."""
    account = an_account()
    await store.accounts.add(account)
    for _ in range(7):
        await store.notifications.add(an_offer(account, "email"))
    in_hand: list[Notification] = []
    go_on = asyncio.Event()

    async def attempt(claimed: Notification) -> None:
        in_hand.append(claimed)
        await go_on.wait()

    worker = Worker(world, attempt, [Lane(Channel.EMAIL, max_in_flight=3)])
    sending = asyncio.create_task(worker.send_due())
    await _wait_for(lambda: len(in_hand) == 3)
    assert await store.notifications.count_due(world.clock.now(), MOST_COUNTED) == 4
    assert not sending.done()

    go_on.set()
    await sending
    await worker.finish()
    assert len({notification.id for notification in in_hand}) == 7
    assert await store.notifications.count_due(world.clock.now(), MOST_COUNTED) == 0


async def test_a_notification_is_not_sent_before_it_is_due(
    worker: Worker, world: World, clock: FixedClock
) -> None:
    """A notification that is not due waits, and does not count as backlog."""
    store = world.store
    assert isinstance(store, MongoStore)
    account = an_account()
    await store.accounts.add(account)
    await store.notifications.add(
        an_offer(account, "email", due_at=clock.now(), state=NotificationState.PENDING)
    )
    clock.advance(seconds=-1)

    assert await store.notifications.count_due(clock.now(), MOST_COUNTED) == 0
    await worker.send_due()
    await worker.finish()
    assert (await of_account(store, account.id))[0].attempts == 0

    clock.advance(seconds=1)
    assert await store.notifications.count_due(clock.now(), MOST_COUNTED) == 1


async def test_a_stop_finishes_sends_in_flight_and_claims_nothing_more(
    world: World, store: MongoStore
) -> None:
    """A stop finishes what is in flight and claims nothing more, as SIGTERM requires."""
    account = an_account()
    await store.accounts.add(account)
    for _ in range(2):
        await store.notifications.add(an_offer(account, "email"))
    began, go_on, finished = asyncio.Event(), asyncio.Event(), []

    async def attempt(claimed: Notification) -> None:
        began.set()
        await go_on.wait()
        finished.append(claimed)

    worker = Worker(world, attempt, [Lane(Channel.EMAIL, max_in_flight=1)])
    running = asyncio.create_task(worker.run())
    await began.wait()
    worker.stop()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(running), 0.05)
    assert not running.done()

    go_on.set()
    await running

    assert len(finished) == 1
    assert await store.notifications.count_due(world.clock.now(), MOST_COUNTED) == 1


async def test_a_worker_continues_after_an_outage_of_the_store(
    world: World, store: MongoStore
) -> None:
    """A worker continues once the store is back."""
    account = an_account()
    await store.accounts.add(account)
    await store.notifications.add(an_offer(account, "email"))
    done = asyncio.Event()
    claim_due, failures = store.notifications.claim_due, iter([True])

    class Flaky:
        async def claim_due(self, *times: object) -> Notification | None:
            if next(failures, False):
                raise TemporaryError("MongoDB: AutoReconnect")
            return await claim_due(*times)  # type: ignore[arg-type]

    class FlakyStore:
        notifications = Flaky()

    async def attempt(_: Notification) -> None:
        done.set()

    flaky = World(
        FlakyStore(),  # type: ignore[arg-type]
        world.entry_log,
        world.live,
        world.presence,
        world.passwords,
        world.secrets,
        world.authenticators,
        world.clock,
        world.files,
    )
    worker = Worker(flaky, attempt, [Lane(Channel.EMAIL)])
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        await done.wait()
    worker.stop()
    await running
