"""Many notifications, and one provider that is too slow, down, or misconfigured on our side.

The tests advance the time of the worker, its lanes and the sandbox together; the requests are real.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest
import pytest_asyncio

from embedded.sandbox.deliveries import Deliveries
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.server import make_application, start
from marketplace.domain.conversations import Channel
from marketplace.ports import World
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from notify.lane import MAX_IN_FLIGHT, MOST_UNKNOWN
from notify.rendering import Renderer
from notify.sender import Sender
from notify.senders import open_senders
from notify.worker import Worker
from tests.builders import FixedClock, an_account
from tests.journeys.waiting import eventually
from tests.notify.conftest import ACCOUNT, TIMEOUT_S, Lanes, Sandbox, new_worker
from tests.notify.helpers import an_offer, at

FOR_EVER = 1_000_000


@pytest_asyncio.fixture
async def sandbox(clock: FixedClock) -> AsyncIterator[Sandbox]:
    """A sandbox that counts rates by the clock that the tests advance."""
    deliveries = Deliveries(clock=clock.now)
    faults = Faults(now_s=lambda: clock.now().timestamp())
    runner = await start(make_application(ACCOUNT, deliveries, faults), "127.0.0.1", 0)
    host, port = runner.addresses[0][:2]
    yield Sandbox(f"http://{host}:{port}", deliveries, faults)
    await runner.cleanup()


@pytest_asyncio.fixture
async def senders(providers: Settings) -> AsyncIterator[Mapping[Channel, Sender]]:
    """Both senders, with the production time-out, which a busy machine can meet."""
    async with open_senders(providers) as opened:
        yield opened


async def _offers(store: MongoStore, channel: str, count: int) -> None:
    """Create this many accounts, each with an offer due on a channel."""
    for number in range(count):
        account = an_account(phone=f"+1303555{number:04}")
        await store.accounts.add(account)
        await store.notifications.add(an_offer(account, channel))


async def _states(store: MongoStore, channel: str) -> Counter[str]:
    found = store.database["notifications"].find({"channel": channel}, {"state": 1})
    return Counter([document["state"] async for document in found])


async def _run(
    worker: Worker, store: MongoStore, lanes: Lanes, channel: str, clock: FixedClock, until_s: float
) -> None:
    """Let the worker run until everything is settled, or until a time."""
    lane = lanes[Channel(channel)]
    while clock.now() < at(until_s):
        await worker.send_due()
        await worker.finish()
        states = await _states(store, channel)
        if not states["pending"] and not states["sending"]:
            return
        clock.advance(seconds=max(0.05, min(lane.wait_s(), 60)))


def _met(sandbox: Sandbox) -> int:
    """How many requests met the permanent fault."""
    (fault,) = sandbox.faults.in_force
    return FOR_EVER - fault.times


@pytest.mark.parametrize("channel", [pytest.param("email", marks=pytest.mark.long), "sms"])
async def test_rate_limiting_loses_nothing_and_causes_few_requests(
    worker: Worker,
    sandbox: Sandbox,
    store: MongoStore,
    lanes: Lanes,
    clock: FixedClock,
    channel: str,
) -> None:
    """600 at 10 a second, with a hint of 1 s each time (X-RateLimit-Reset, Retry-After)."""
    await _offers(store, channel, 600)
    sandbox.fails(channel, 429, times=FOR_EVER, above_per_s=10, retry_after_s=1)

    await _run(worker, store, lanes, channel, clock, until_s=300)

    assert await _states(store, channel) == {"sent": 600}
    assert len({submission.to for submission in sandbox.arrived()}) == len(sandbox.arrived()) == 600
    assert _met(sandbox) < 120
    assert clock.now() < at(200)


async def test_an_operators_mistake_loses_nothing(
    worker: Worker, sandbox: Sandbox, store: MongoStore, lanes: Lanes, clock: FixedClock
) -> None:
    """Our number is refused for two hours: nothing is lost, and there are hardly any requests."""
    await _offers(store, "sms", 100)
    sandbox.fails("sms", 400, code=21606, times=FOR_EVER)

    await _run(worker, store, lanes, "sms", clock, until_s=2 * 3_600)
    assert _met(sandbox) < MAX_IN_FLIGHT + 40
    sandbox.faults.put([])
    await _run(worker, store, lanes, "sms", clock, until_s=3 * 3_600)

    assert await _states(store, "sms") == {"sent": 100}


async def test_an_hour_of_unknown_outcomes_costs_few_emails(
    worker: Worker, sandbox: Sandbox, store: MongoStore, lanes: Lanes, clock: FixedClock
) -> None:
    """SendGrid's front end answers 502 for an hour: one email every five minutes is lost, not all."""
    await _offers(store, "email", 200)
    sandbox.fails("email", 502, form="html", times=FOR_EVER)

    await _run(worker, store, lanes, "email", clock, until_s=3_600)
    lost = (await _states(store, "email"))["failed"]
    sandbox.faults.put([])
    await _run(worker, store, lanes, "email", clock, until_s=2 * 3_600)

    assert lost < MAX_IN_FLIGHT + 25
    assert await _states(store, "email") == {"failed": lost, "sent": 200 - lost}


@pytest.mark.parametrize("form", ["provider", "html"])
async def test_an_email_accepted_with_an_error_is_sent_once(
    worker: Worker, sandbox: Sandbox, store: MongoStore, lanes: Lanes, clock: FixedClock, form: str
) -> None:
    """SendGrid accepted the email, and something answered 502 or 504: it is never sent again."""
    for status in (502, 504):
        await _offers(store, "email", 1)
        sandbox.fails("email", status, form=form, is_accepted=True)
        await _run(worker, store, lanes, "email", clock, until_s=3_600)

    assert await _states(store, "email") == {"failed": 2}
    assert len(sandbox.arrived()) == 2


async def test_a_hanging_provider_does_not_delay_the_other(
    world: World,
    renderer: Renderer,
    lanes: Lanes,
    providers: Settings,
    senders: Mapping[Channel, Sender],
    sandbox: Sandbox,
    store: MongoStore,
) -> None:
    """Forty SMS wait for Twilio; emails that are due later are sent meanwhile."""
    await _offers(store, "sms", 40)
    await _offers(store, "email", 20)
    sandbox.fails("sms", "timeout", times=FOR_EVER)

    async def arrived() -> int:
        return len(sandbox.arrived())

    # 1 s is too short for twenty emails on a busy machine.
    async with open_senders(providers, timeout_s=5 * TIMEOUT_S) as impatient:
        ways = {Channel.EMAIL: senders[Channel.EMAIL], Channel.SMS: impatient[Channel.SMS]}
        worker = new_worker(world, ways, renderer, lanes)
        sending = asyncio.create_task(worker.send_due())
        await eventually(arrived, lambda count: count == 20)
        has_waited_for_sms = sending.done()
        await sending
        await worker.finish()

    assert not has_waited_for_sms
    assert {submission.channel.value for submission in sandbox.arrived()} == {"email"}
    # Those in flight gave up, and the breaker let no others through.
    requests = _met(sandbox)
    assert MAX_IN_FLIGHT <= requests < MAX_IN_FLIGHT + MOST_UNKNOWN
    untouched = {"channel": "sms", "attempts": 0}
    left = await store.database["notifications"].count_documents(untouched)
    assert left > 40 - MAX_IN_FLIGHT - MOST_UNKNOWN


async def test_nothing_is_claimed_during_a_pause(
    worker: Worker, sandbox: Sandbox, store: MongoStore, lanes: Lanes, clock: FixedClock
) -> None:
    """Notifications that become due meanwhile wait unclaimed, and cause no request and no write."""
    await _offers(store, "email", 1)
    sandbox.fails("email", 503, retry_after_s=60)
    await worker.send_due()
    await worker.finish()

    await _offers(store, "email", 30)
    clock.advance(seconds=59)
    await worker.send_due()
    await worker.finish()

    fresh = {"channel": "email", "attempts": 0, "state": "pending"}
    assert await store.database["notifications"].count_documents(fresh) == 30
    clock.advance(seconds=2)
    await _run(worker, store, lanes, "email", clock, until_s=300)
    assert await _states(store, "email") == {"sent": 31}


async def test_a_claim_made_before_a_pause_waits_for_its_end(
    world: World,
    senders: Mapping[Channel, Sender],
    renderer: Renderer,
    lanes: Lanes,
    sandbox: Sandbox,
    store: MongoStore,
) -> None:
    """A claim whose request has not begun waits for the end of a pause."""
    await _offers(store, "email", MAX_IN_FLIGHT)
    sandbox.fails("email", 503, times=FOR_EVER)
    go_on = asyncio.Event()

    class SlowSender:
        """Lets the first request through, and the others once the first has failed."""

        can_look_up = False
        is_first = True

        async def check(self) -> None: ...

        async def send(self, outgoing: object) -> str:
            if not self.is_first:
                raise AssertionError("a request in a pause")
            self.is_first = False
            try:
                return await senders[Channel.EMAIL].send(outgoing)  # type: ignore[arg-type]
            finally:
                asyncio.get_running_loop().call_soon(go_on.set)

        async def look_up(self, outgoing: object) -> tuple[str, ...]:
            return ()

    class HeldAccounts:
        """Returns the first account at once, and the others after the first request's answer."""

        def __init__(self, accounts: object) -> None:
            self._accounts = accounts
            self._requests = 0

        async def get(self, account_id: str) -> object:
            self._requests += 1
            if self._requests > 1:
                await go_on.wait()
            return await self._accounts.get(account_id)  # type: ignore[attr-defined]

    held = _with_accounts(store, HeldAccounts(store.accounts))
    worker = new_worker(replace(world, store=held), {Channel.EMAIL: SlowSender()}, renderer, lanes)
    await worker.send_due()
    await worker.finish()

    assert _met(sandbox) == 1
    assert await _states(store, "email") == {"pending": MAX_IN_FLIGHT}


def _with_accounts(store: MongoStore, accounts: object) -> MongoStore:
    class Patched:
        def __getattr__(self, name: str) -> object:
            return accounts if name == "accounts" else getattr(store, name)

    return Patched()  # type: ignore[return-value]


async def test_one_recipients_trouble_delays_nobody_else(
    worker: Worker, sandbox: Sandbox, store: MongoStore, lanes: Lanes, clock: FixedClock
) -> None:
    """A number in a region that our account may not write to waits alone."""
    sandbox.faults.put([Fault("sms", 400, times=FOR_EVER, code=21408, to="+13035550000")])
    await _offers(store, "sms", 20)

    await worker.send_due()
    await worker.finish()

    assert await _states(store, "sms") == {"sent": 19, "pending": 1}
    assert lanes[Channel.SMS].paused_s() == 0


async def test_a_corrected_key_sends_the_delayed_emails(
    world: World,
    renderer: Renderer,
    lanes: Lanes,
    providers: Settings,
    senders: Mapping[Channel, Sender],
    store: MongoStore,
    sandbox: Sandbox,
    clock: FixedClock,
) -> None:
    """A botched key rotation delays everybody's email and loses nobody's."""
    await _offers(store, "email", 30)
    async with open_senders(replace(providers, sendgrid_api_key="SG.wrong")) as wrong:
        await _run(
            new_worker(world, wrong, renderer, lanes), store, lanes, "email", clock, until_s=600
        )
    assert sandbox.arrived() == []

    right = new_worker(world, senders, renderer, lanes)
    await _run(right, store, lanes, "email", clock, until_s=1_800)

    assert await _states(store, "email") == {"sent": 30}
