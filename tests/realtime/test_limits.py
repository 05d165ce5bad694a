"""The limits on calls per connection and per account, and what happens to callers that ignore them."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import pytest

from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime import __main__ as realtime
from realtime import connections
from realtime.limits import (
    ACCOUNT_CALLS_AT_ONCE,
    CALLS_AT_ONCE,
    CALLS_PER_S,
    CONNECTIONS_OF_ADDRESS,
    HANDSHAKES_AT_ONCE,
    IGNORED_FACTOR,
    IGNORED_FOR_S,
    TYPING_AT_ONCE,
    CallLimits,
    HandshakeLimits,
)
from tests.builders import Stopwatch
from tests.realtime.apps import Talk, a_talk
from tests.realtime.conftest import Connect
from tests.realtime.gateways import gateway
from tests.realtime.transport.websocket.raw import call, connect_packet, connected, websocket


@dataclass
class Account:
    """As much of an account as the limits use."""

    calls_paid_until: float = 0.0


@dataclass
class Caller:
    """As much of a connection as the limits use."""

    account: Account = field(default_factory=Account)
    calls_paid_until: float = 0.0
    typing_paid_until: float = 0.0
    refusals_paid_until: float = 0.0


def taken(
    limits: CallLimits, caller: Caller, tries: int, now: float, is_typing: bool = False
) -> int:
    """Return how many of these calls, made at one moment, are accepted."""
    return sum(limits.take(caller, is_typing, now) == 0.0 for _ in range(tries))


def test_typing_has_its_own_rate_limit() -> None:
    """A burst, then a rate; an app that exceeds the limit on typing can still send, and vice versa."""
    limits, caller = CallLimits(1.0), Caller()

    assert taken(limits, caller, 1_000, 50.0, is_typing=True) == TYPING_AT_ONCE
    assert taken(limits, caller, 1_000, 50.0) == CALLS_AT_ONCE
    assert taken(limits, caller, 1_000, 51.0) == CALLS_PER_S
    assert 0 < limits.take(caller, False, 51.0) <= 1 / CALLS_PER_S


def test_the_connections_of_an_account_share_its_rate() -> None:
    """All connections of an account share its rate; a refused call uses up nobody's allowance."""
    limits, account = CallLimits(1.0), Account()
    apps = [Caller(account) for _ in range(5)]

    assert sum(taken(limits, app, 1_000, 50.0) for app in apps) == ACCOUNT_CALLS_AT_ONCE
    assert taken(limits, Caller(), 1_000, 50.0) == CALLS_AT_ONCE


def test_a_caller_far_above_the_limit_for_ten_seconds_is_closed() -> None:
    """A burst of refusals is not enough, nor is calling slightly too often forever."""
    limits, eager, deaf = CallLimits(1.0), Caller(), Caller()
    per_s = CALLS_PER_S * IGNORED_FACTOR
    for second in range(60):
        assert not any(limits.ignores_refusals(eager, float(second)) for _ in range(per_s))

    ended_at = next(
        second
        for second in range(60)
        if sum(limits.ignores_refusals(deaf, float(second)) for _ in range(2 * per_s))
    )
    assert ended_at == IGNORED_FOR_S - 1


def refusal_of(limits: HandshakeLimits, network: str) -> Code | None:
    """The code that a handshake from a network is refused with, if any."""
    try:
        limits.take(network)
    except ParleyError as error:
        return error.code
    return None


def test_connections_of_an_address_are_limited() -> None:
    """An address's connections are limited, however slowly opened; one that ends frees a place."""
    stopwatch = Stopwatch()
    limits = HandshakeLimits(1.0, stopwatch)
    for _ in range(CONNECTIONS_OF_ADDRESS):
        stopwatch.at_s += 1
        assert refusal_of(limits, "here") is None

    stopwatch.at_s += 1
    assert refusal_of(limits, "here") is Code.TOO_MANY_CONNECTIONS
    assert refusal_of(limits, "there") is None
    limits.release("here")
    assert refusal_of(limits, "here") is None


def test_the_rate_of_handshakes_of_an_address_is_limited() -> None:
    """A flood of handshakes is refused before anything is looked up for it."""
    limits = HandshakeLimits(1.0, Stopwatch())
    outcomes = []
    for _ in range(HANDSHAKES_AT_ONCE + 10):
        outcomes.append(refusal_of(limits, "here"))
        if outcomes[-1] is None:
            limits.release("here")

    assert outcomes == [None] * HANDSHAKES_AT_ONCE + [Code.RATE_LIMITED] * 10


async def test_a_call_beyond_the_limit_is_refused_with_a_retry_time(
    connect: Connect, talk: Talk, settings: Settings
) -> None:
    """Any call counts, even with an unknown name; after the wait the connection works as before."""
    strict = replace(settings, limit_scale=0.1)
    async with gateway(strict, "realtime-strict") as here:
        app = await connect(here, talk.customer)
        bystander = await connect(here, talk.vendor)
        answers = await asyncio.gather(
            *(app.call(name, talk.named()) for name in ["fetch", "leave_conversation"] * 40)
        )
        errors = [answer["error"] for answer in answers if not answer["ok"]]
        refused = [error for error in errors if error["code"] == "rate_limited"]

        assert len(answers) - len(refused) in range(30, 40)  # some allowance returned meanwhile
        assert all(error["temporary"] and error["retry_after_ms"] > 0 for error in refused)
        assert (await bystander.ok("join_conversation", talk.named()))["head"] == 0
        await asyncio.sleep(refused[-1]["retry_after_ms"] / 1_000)
        assert (await app.ok("join_conversation", talk.named()))["head"] == 0


async def test_a_caller_that_ignores_refusals_is_closed_with_a_reason(
    connect: Connect, talk: Talk, settings: Settings
) -> None:
    """A caller that ignores refusals is closed with a reason, and nobody else is."""
    strict = replace(settings, limit_scale=0.02)
    async with gateway(strict, "realtime-strict") as here:
        deaf = await connect(here, talk.customer)
        listening = await connect(here, talk.vendor)
        while not deaf.named("disconnect"):
            for _ in range(20):
                await deaf.client.emit("fetch_entries", talk.named(after_sequence=0))
            await asyncio.sleep(0)

        await deaf.until(lambda: bool(deaf.named("connection.closing")))
        assert deaf.named("connection.closing") == [{"code": "rate_limited"}]
        assert (await listening.ok("join_conversation", talk.named()))["head"] == 0


async def test_joins_in_flight_count_towards_the_limit_of_rooms(
    settings: Settings, module_store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 300 joins at once 199 succeed, besides the account's room; a failed one frees its place."""
    monkeypatch.setattr(connections, "MAX_READS_AT_A_TIME", 300)
    monkeypatch.setattr(realtime, "DEADLINE_S", 120.0)  # for slow machines
    talk = await a_talk(module_store, settings)
    talks = [replace(talk.conversation, id=new_id(), match_id=new_id()) for _ in range(300)]
    await asyncio.gather(*map(module_store.conversations.add, talks))
    missing = [
        call(number, "join_conversation", {"conversation_id": new_id()}) for number in range(300)
    ]
    joins = [
        call(number, "join_conversation", {"conversation_id": conversation.id})
        for number, conversation in enumerate(talks, 1_000)
    ]
    async with (
        gateway(replace(settings, limit_scale=1_000.0), "realtime-5") as running,
        connected(running.url, talk.customer) as raw,
    ):
        raw.send(*missing)
        refused = Counter(answer["error"]["code"] for answer in await raw.answers(range(300)))
        raw.send(*joins)
        answers = await raw.answers(range(1_000, 1_300))
        joined = running.parts.announcer.receive.__self__._rooms  # type: ignore[union-attr]
        names = [name for name in joined if name.startswith("conversation:")]

    assert refused.keys() <= {"not_found", "too_many_rooms"}
    codes = Counter("ok" if answer["ok"] else answer["error"]["code"] for answer in answers)
    assert codes == {"ok": 199, "too_many_rooms": 101}
    assert len(names) == 199


async def test_handshakes_in_flight_count_towards_the_limit_of_an_account(
    settings: Settings, module_store: MongoStore
) -> None:
    """Of sixty handshakes of an account at once, twenty succeed."""
    talk = await a_talk(module_store, settings)
    async with gateway(settings, "realtime-5") as running, AsyncExitStack() as open_:
        sockets = [await open_.enter_async_context(websocket(running.url)) for _ in range(60)]
        for raw in sockets:
            raw.send(connect_packet(talk.customer))
        answers = await asyncio.gather(*(raw.until("40{", "44{") for raw in sockets))

    assert Counter(answer[:2] for answer in answers) == {"40": 20, "44": 40}
