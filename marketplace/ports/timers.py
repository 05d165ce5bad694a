"""The port for timers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.timers import Timer, TimerKind


class Timers(Protocol):
    """Timers, unique by id.

    `set_many`, `cancel` and `finish` belong into the transaction of their cause or their effect. Of
    a claim that is finished and a concurrent `set_many` or `cancel` of the same timer, exactly one
    happens.
    """

    async def set_many(self, timers: Sequence[Timer]) -> None:
        """Insert or replace by id; an earlier claim of a replaced timer no longer holds."""

    async def cancel(self, timer_ids: Collection[str]) -> None:
        """Remove those of these timers that exist."""

    async def finish(self, claimed: Timer) -> bool:
        """Remove a claimed timer; False if it was finished, set, cancelled or claimed meanwhile."""

    async def get_many(self, timer_ids: Collection[str]) -> dict[str, Timer]:
        """The timers with these ids, by id; missing ones are omitted."""

    async def claim(
        self,
        kind: TimerKind,
        now: datetime,
        limit: int,
        lease_until: datetime,
        *,
        newest_first: bool = False,
    ) -> list[Timer]:
        """Claim due timers of a kind until the lease ends, each for one caller.

        Those come first that have been claimable for longest, or for the shortest time if
        `newest_first`. A timer whose lease has ended is claimed again. Not for use in transactions.
        """

    async def put_off(self, claimed: Timer, until: datetime) -> None:
        """Count a failed attempt and let the timer be claimed again; nothing if it is not held."""

    async def longest_due(self, kind: TimerKind, now: datetime) -> datetime | None:
        """When the timer of a kind fell due that has been due for longest; None if none is due."""
