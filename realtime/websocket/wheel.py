"""Pings and time-outs of all connections by one timer.

A timer for each connection is a handle on the loop's heap for each, pushed and popped all the time;
here one tick a second looks only at the connections that are due in it.
"""

import asyncio
import logging
from typing import Protocol

LOG = logging.getLogger(__name__)
TICK_S = 1.0
SLOTS = 64


class Ticked(Protocol):
    """Something that has a next time to be looked at."""

    def tick(self) -> float | None:
        """Do what is due; return in how many seconds to be looked at again, None for never."""


class Wheel:
    """Slots of one second, turned by one task."""

    def __init__(self) -> None:
        self._slots: list[set[Ticked]] = [set() for _ in range(SLOTS)]
        self._at = 0

    def add(self, ticked: Ticked, delay_s: float) -> None:
        """Look at it after so many seconds, at least one turn and at most 63."""
        slots_ahead = min(SLOTS - 1, max(1, round(delay_s / TICK_S)))
        self._slots[(self._at + slots_ahead) % SLOTS].add(ticked)

    def remove(self, ticked: Ticked) -> None:
        """Do not look at it again, and keep no reference to it."""
        for slot in self._slots:
            slot.discard(ticked)

    def turn(self) -> None:
        """One tick: look at everything in the next slot."""
        self._at = (self._at + 1) % SLOTS
        due, self._slots[self._at] = self._slots[self._at], set()
        for ticked in due:
            try:
                next_s = ticked.tick()
            except Exception:  # one connection's fault is not to end the pings of all
                LOG.exception("a tick failed")
                continue
            if next_s is not None:
                self.add(ticked, next_s)

    async def turn_for_ever(self) -> None:
        """Turn once a second."""
        while True:
            await asyncio.sleep(TICK_S)
            self.turn()
