"""Reads what waits, and claims the timers that are due."""

from datetime import timedelta

from marketplace.domain.matches import Match
from marketplace.domain.rfis import Rfi
from marketplace.domain.timers import Timer, TimerKind
from tests.marketplace.actions.stage import Stage

LEASE = timedelta(seconds=45)


async def timers(stage: Stage, *timer_ids: str) -> dict[str, Timer]:
    """Those of these timers that are set."""
    return await stage.store.timers.get_many(timer_ids)


async def claim(stage: Stage, kind: TimerKind) -> list[Timer]:
    """Claim what is due now."""
    now = stage.clock.now()
    return await stage.store.timers.claim(kind, now, 100, now + LEASE)


async def rfi_of(stage: Stage, rfi_id: str) -> Rfi:
    """The RFI as it is stored."""
    found = await stage.store.rfis.get(rfi_id)
    assert found is not None
    return found


async def match_of(stage: Stage, match_id: str) -> Match:
    """The match as it is stored."""
    found = await stage.store.matches.get(match_id)
    assert found is not None
    return found
