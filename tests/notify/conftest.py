"""A real sandbox of the providers, and a world over the real store with a clock that tests advance.

- `sandbox` SendGrid's and Twilio's APIs on a free port: `deliveries`, `faults`
- `providers` the settings with the sandbox's address and credentials
- `world` the MongoDB store; presence and announcements in memory
- `sending` attempts through the official clients, with a pause of 10 s and no jitter
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from embedded.sandbox.deliveries import Deliveries, Submission
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.messages import MessageForm
from embedded.sandbox.server import Account, make_application, start
from marketplace.domain.conversations import Channel
from marketplace.ports import World
from marketplace.settings import Settings, from_environment
from marketplace.storage import MongoStore
from notify.handler import Handler
from notify.lane import Lane
from notify.outcomes import RetryPolicy
from notify.rendering import Renderer
from notify.sender import Sender
from notify.senders import open_senders
from notify.sending import Sending
from notify.worker import Worker
from tests import memory
from tests.builders import FixedClock

ACCOUNT = Account(
    sendgrid_api_key="SG.sandbox.key",
    twilio_account_sid="AC" + "0123456789abcdef" * 2,
    twilio_auth_token="0f" * 16,
    twilio_from_number="+15005550006",
)
# Enough for a busy machine to answer on the loopback interface, short enough to wait for.
TIMEOUT_S = 1.0
RETRY_POLICY = RetryPolicy(first_pause_s=10, jitter=lambda: 1.0)
Lanes = Mapping[Channel, Lane]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    url: str
    deliveries: Deliveries
    faults: Faults

    def arrived(self) -> list[Submission]:
        """The submissions that arrived, oldest first."""
        return [delivery.submission for delivery in self.deliveries.oldest_first()]

    def fails(self, channel: str, status: int | str, **more: Any) -> None:
        """Make the next send on the channel meet this fault."""
        self.faults.put([Fault(channel, status, **more)])

    def has_sms(self, to: str, text: str) -> None:
        """Record an SMS with this text, from our number, as accepted now."""
        form = MessageForm(to, ACCOUNT.twilio_from_number, text, ())
        self.deliveries.add([form.submission()])


@pytest.fixture
def clock() -> FixedClock:
    """The clock of the world and of the sandbox."""
    return FixedClock()


@pytest_asyncio.fixture
async def sandbox(clock: FixedClock) -> AsyncIterator[Sandbox]:
    """A sandbox on a free port."""
    deliveries, faults = Deliveries(clock=clock.now), Faults()
    runner = await start(make_application(ACCOUNT, deliveries, faults), "127.0.0.1", 0)
    host, port = runner.addresses[0][:2]
    yield Sandbox(f"http://{host}:{port}", deliveries, faults)
    await runner.cleanup()


@pytest.fixture
def providers(sandbox: Sandbox) -> Settings:
    """Settings that point to the sandbox."""
    return replace(
        from_environment({"PARLEY_TOKEN_SECRET": "s" * 32}),
        sendgrid_api_key=ACCOUNT.sendgrid_api_key,
        sendgrid_api_url=sandbox.url,
        twilio_account_sid=ACCOUNT.twilio_account_sid,
        twilio_auth_token=ACCOUNT.twilio_auth_token,
        twilio_api_url=sandbox.url,
        twilio_from_number=ACCOUNT.twilio_from_number,
    )


@pytest_asyncio.fixture
async def senders(providers: Settings) -> AsyncIterator[Mapping[Channel, Sender]]:
    """Both senders, through the official clients, with a time-out of one second."""
    async with open_senders(providers, timeout_s=TIMEOUT_S) as opened:
        yield opened


@pytest.fixture
def live() -> memory.Live:
    """Records announcements."""
    return memory.Live()


@pytest.fixture
def world(store: MongoStore, clock: FixedClock, live: memory.Live) -> World:
    """The MongoDB store, with everything else in memory."""
    return replace(memory.a_world(clock=clock, live=live), store=store)


@pytest.fixture
def renderer() -> Renderer:
    """The templates, with links to parley.example."""
    return Renderer("https://parley.example")


def new_lanes(clock: FixedClock) -> Lanes:
    """A process's lanes, on the clock that tests advance."""
    channels = (Channel.EMAIL, Channel.SMS)
    return {
        channel: Lane(channel, retry_policy=RETRY_POLICY, now_s=lambda: clock.now().timestamp())
        for channel in channels
    }


@pytest.fixture
def lanes(clock: FixedClock) -> Lanes:
    """The lanes that `sending` and `worker` share."""
    return new_lanes(clock)


@pytest.fixture
def sending(
    world: World, senders: Mapping[Channel, Sender], renderer: Renderer, lanes: Lanes
) -> Sending:
    """Sends through the sandbox."""
    return Sending(world, senders, renderer, lanes, retry_policy=RETRY_POLICY)


@pytest_asyncio.fixture
async def worker(world: World, sending: Sending, lanes: Lanes) -> AsyncIterator[Worker]:
    """A worker that does not run: tests call `send_due` and `finish`."""
    opened = Worker(world, sending.attempt, tuple(lanes.values()))
    yield opened
    await opened.finish()


def new_worker(
    world: World, senders: Mapping[Channel, Sender], renderer: Renderer, lanes: Lanes
) -> Worker:
    """Another process's worker, with its own `Sending`."""
    sending = Sending(world, senders, renderer, lanes, retry_policy=RETRY_POLICY)
    return Worker(world, sending.attempt, tuple(lanes.values()))


@pytest.fixture
def handler(world: World, worker: Worker) -> Handler:
    """A handler of events over the world's store."""
    return Handler(world, worker.wake)
