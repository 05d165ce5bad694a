"""Which fault goes with which load, and the outcome of a run."""

import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.chaos import faults
from tests.chaos.account_checker import account_violations
from tests.chaos.accounts import an_inquiry
from tests.chaos.checker import violations
from tests.chaos.deadlines import deadlines
from tests.chaos.effect_checker import effect_violations
from tests.chaos.effects import Done, Requested
from tests.chaos.feed_checker import feed_violations
from tests.chaos.history import (
    Acknowledged,
    Connected,
    FeedPushed,
    History,
    ItemPushed,
    Pushed,
    Sent,
)
from tests.chaos.load import Load
from tests.chaos.market import trading
from tests.chaos.slow_reader import look_away
from tests.chaos.talks import Place, seeded
from tests.chaos.upload_checker import upload_violations
from tests.chaos.uploading import uploading
from tests.chaos.uploads import Began, Uploaded
from tests.journeys.site import GATEWAYS, Site

Fault = Callable[[Site, Load, int], Awaitable[None]]


async def nothing(_: Site, load: Load, rounds: int) -> None:
    """Nothing is killed: apps reconnect at random, and send the same over two gateways at once."""
    await load.acknowledged(10 * rounds * faults.A_WHILE)


# Name → the fault, and its number of rounds in the long version.
SCENARIOS: dict[str, tuple[Fault, int]] = {
    "nothing but bad networks": (nothing, 2),
    "gateways killed in turn": (faults.kill_gateways, 3),
    "gateways drained in turn": (faults.drain_gateways, 2),
    "gateways hang": (faults.hang_gateways, 1),
    "Valkey killed": (faults.kill_valkey, 3),
    "subscriptions cut": (faults.cut_subscriptions, 3),
    "Valkey paused": (faults.pause_valkey, 2),
    "gateways deaf": (faults.deafen, 1),
    "mongod steps down": (faults.step_mongod_down, 3),
    "mongod killed": (faults.kill_mongod, 3),
    "mongod stands still": (faults.stop_mongod, 2),
    "a reader looks away": (look_away, 2),
    "rest killed in turn": (faults.kill_rests, 3),
    "rest stands still": (faults.stop_rests, 1),
    "timers fall due": (faults.kill_around_timers, 2),
    "rest killed during uploads": (faults.kill_receiving_rests, 3),
}
# In these, people also do business over REST, through a separate nginx.
_OF_REST = (faults.kill_rests, faults.stop_rests)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a scenario; the numbers are counted from its history."""

    scenario: str
    did: str
    rounds: int
    took_s: float
    sent: int
    acknowledged: int
    resent: int
    pushes: int
    reconnects: int
    longest_silence_s: float
    violations: tuple[str, ...]


async def play(
    site: Site,
    name: str,
    *,
    rounds: int = 1,
    conversations: int = 10,
    feeds: int = 2,
    traders: int = 6,
    uploaders: int = 6,
    inquiries: int = 2,
) -> tuple[Outcome, History]:
    """Play a scenario with new people, and check its history.

    A history with a violation, or of a run that failed, is written to a file, which the error
    names.
    """
    fault = SCENARIOS[name][0]
    talks = await seeded(site.running.environment, conversations)
    gateways = {gateway: site.running.url(gateway) for gateway in GATEWAYS}
    load = Load(Place((site.url,), gateways, site.http), talks, feeds, seed=len(name))
    for _ in range(inquiries):
        load.inquire(await an_inquiry(site))
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(
                trading(site, load, traders if fault in _OF_REST else 0)
            )
            await stack.enter_async_context(
                uploading(site, load, uploaders if fault is faults.kill_receiving_rests else 0)
            )
            if fault is faults.kill_around_timers:
                load.deadlines = await stack.enter_async_context(deadlines(site, load.history))
            await stack.enter_async_context(load.running())
            await fault(site, load, rounds)
    except BaseException as error:
        error.add_note(f"history: {kept(load.history, name)}")
        raise
    outcome = outcome_of(name, load.history, rounds, (fault.__doc__ or "").strip())
    if outcome.violations:
        kept(load.history, name)
    return outcome, load.history


def outcome_of(name: str, history: History, rounds: int = 1, did: str = "") -> Outcome:
    """Count and check a history."""
    of_all = (
        violations, feed_violations, account_violations, effect_violations, upload_violations
    )  # fmt: skip
    found = [violation for check in of_all for violation in check(history.events)]
    sent = [event.content for event in history.of(Sent)]
    requested = [event.effect for event in history.of(Requested)]
    done = {event.effect for event in history.of(Done)}
    began, uploaded = len(list(history.of(Began))), len(list(history.of(Uploaded)))
    connected = [event.app for event in history.of(Connected)]
    answered_at = [event.at for event in history.of(Acknowledged)]
    events = history.events
    return Outcome(
        scenario=name,
        did=did,
        rounds=rounds,
        took_s=events[-1].at - events[0].at,
        sent=len(set(sent)) + len(set(requested)) + began,
        acknowledged=len({event.entry for event in history.of(Acknowledged)})
        + len(done)
        + uploaded,
        resent=len(sent) - len(set(sent)) + len(requested) - len(set(requested)),
        pushes=sum(1 for event in events if isinstance(event, Pushed | FeedPushed | ItemPushed)),
        reconnects=len(connected) - len(set(connected)),
        longest_silence_s=max((b - a for a, b in pairwise(answered_at)), default=0.0),
        violations=tuple(str(violation) for violation in found),
    )


def kept(history: History, name: str) -> Path:
    """Write a history to a file for analysis."""
    file = Path(tempfile.gettempdir()) / f"parley-chaos-{name.replace(' ', '-')}.jsonl"
    history.dump(file)
    return file
