"""A store with numbers, and a transport that records what a room delivers."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from marketplace.errors import TemporaryError
from marketplace.ports import Announcement

ROOM = "conversation:c"


def entry(number: int) -> Announcement:
    """An announcement with this number."""
    return Announcement(ROOM, "message.sent", {"sequence": number}, number)


@dataclass
class Transport:
    """Records what each connection gets."""

    got: dict[str, list[int]] = field(default_factory=dict)
    limited: dict[str, list[int]] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, connection_ids: Iterable[str], name: str, data: dict[str, Any]) -> int:
        """Record the push for each connection."""
        ids = list(connection_ids)
        if name == "gap":
            self.gaps.append(data)
        for connection_id in ids:
            self.got.setdefault(connection_id, []).append(data.get("sequence", 0))
            if data.get("is_limited"):
                self.limited.setdefault(connection_id, []).append(data["sequence"])
        self.arrived.set()
        return len(ids)

    def end(self, connection_id: str, reason: str) -> None:
        """Never called: no test here ends a connection."""

    async def drained(self, connection_id: str) -> None:
        """Every connection reads at once."""

    async def until(self, connection_id: str, numbers: list[int]) -> None:
        """Wait until a connection has got exactly these numbers."""
        async with asyncio.timeout(5):
            while self.got.get(connection_id, []) != numbers:
                self.arrived.clear()
                await self.arrived.wait()


@dataclass
class Feed:
    """A store with numbers up to `last`, which counts how often it is read."""

    last: int = 0
    room: str = ROOM
    reads: list[int] = field(default_factory=list)
    fails: int = 0
    epoch: str = "0"
    gate: asyncio.Event | None = None

    async def head(self) -> int:
        """Return the last number."""
        return self.last

    async def after(self, position: int) -> list[Announcement]:
        """Return the announcements after a number."""
        self.reads.append(position)
        if self.fails:
            self.fails -= 1
            raise TemporaryError("MongoDB: AutoReconnect")
        found = [entry(number) for number in range(position + 1, self.last + 1)][:200]
        if self.gate is not None:
            await self.gate.wait()
        return found

    def limited(self, announcement: Announcement) -> Announcement:
        """Mark the announcement as limited."""
        return replace(announcement, data={**announcement.data, "is_limited": True})
