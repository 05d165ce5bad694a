"""Timers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.domain.timers import Timer, TimerKind
from marketplace.ids import new_id
from tests.memory.tables import Tables


class Timers:
    """Timers, unique by id."""

    def __init__(self, tables: Tables) -> None:
        self._timers = tables.timers

    async def set_many(self, timers: Sequence[Timer]) -> None:
        """Insert or replace by id."""
        for timer in timers:
            self._timers[timer.id] = timer

    async def cancel(self, timer_ids: Collection[str]) -> None:
        """Remove those that exist."""
        for timer_id in timer_ids:
            self._timers.pop(timer_id, None)

    async def finish(self, claimed: Timer) -> bool:
        """Remove while the claim holds."""
        if not self._is_held(claimed):
            return False
        del self._timers[claimed.id]
        return True

    async def get_many(self, timer_ids: Collection[str]) -> dict[str, Timer]:
        """By ids; unknown ids are left out."""
        return {id_: self._timers[id_] for id_ in timer_ids if id_ in self._timers}

    async def claim(
        self,
        kind: TimerKind,
        now: datetime,
        limit: int,
        lease_until: datetime,
        *,
        newest_first: bool = False,
    ) -> list[Timer]:
        """Claim due timers, by the time from which they could be claimed."""
        due = [
            timer
            for timer in self._timers.values()
            if timer.kind is kind and timer.claimable_at <= now
        ]
        due.sort(key=lambda timer: timer.claimable_at, reverse=newest_first)
        lease = new_id()
        claimed = [replace(timer, lease=lease, claimable_at=lease_until) for timer in due[:limit]]
        self._timers.update({timer.id: timer for timer in claimed})
        return sorted(claimed, key=lambda timer: timer.due_at)

    async def put_off(self, claimed: Timer, until: datetime) -> None:
        """Count a failed attempt and let the timer be claimed again."""
        if self._is_held(claimed):
            failures = self._timers[claimed.id].failures + 1
            later = replace(claimed, lease=None, claimable_at=until, failures=failures)
            self._timers[claimed.id] = later

    async def longest_due(self, kind: TimerKind, now: datetime) -> datetime | None:
        """When the timer fell due that has been due for longest."""
        due = (timer.due_at for timer in self._timers.values() if timer.kind is kind)
        return min((due_at for due_at in due if due_at <= now), default=None)

    def _is_held(self, claimed: Timer) -> bool:
        known = self._timers.get(claimed.id)
        return known is not None and known.lease is not None and known.lease == claimed.lease
