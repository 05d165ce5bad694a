"""Pings and time-outs of all connections with one timer.

A timer for each connection would be a handle on the loop's heap for each, pushed and popped all the
time; here one tick a second visits only the connections that are due.
"""

import asyncio
from typing import Protocol

from marketplace.logs import get_logger

LOG = get_logger(__name__)
TICK_S = 1.0
SLOTS = 64


class Ticked(Protocol):
    """Something that is due at certain times."""

    def tick(self) -> float | None:
        """Do what is due; return the seconds until the next tick, None for never."""


class Wheel:
    """Slots of one second, advanced by one task."""

    def __init__(self) -> None:
        self._slots: list[set[Ticked]] = [set() for _ in range(SLOTS)]
        self._at = 0

    def add(self, ticked: Ticked, delay_s: float) -> None:
        """Tick it after this many seconds: at least one turn, at most 63."""
        slots_ahead = min(SLOTS - 1, max(1, round(delay_s / TICK_S)))
        self._slots[(self._at + slots_ahead) % SLOTS].add(ticked)

    def remove(self, ticked: Ticked) -> None:
        """Tick it no more, and keep no reference to it."""
        for slot in self._slots:
            slot.discard(ticked)

    def turn(self) -> None:
        """Advance by one slot: tick everything in it."""
        self._at = (self._at + 1) % SLOTS
        due, self._slots[self._at] = self._slots[self._at], set()
        for ticked in due:
            try:
                next_s = ticked.tick()
            except Exception:  # one failing connection must not stop the pings of all
                LOG.exception("a tick failed")
                continue
            if next_s is not None:
                self.add(ticked, next_s)

    async def turn_for_ever(self) -> None:
        """Turn once a second."""
        while True:
            await asyncio.sleep(TICK_S)
            self.turn()
