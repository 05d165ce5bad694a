"""Outgoing frames of a websocket: batched per turn of the event loop, and bounded.

A connection whose client does not read is closed.
"""

import asyncio
from abc import ABC, abstractmethod

from prometheus_client import Counter

from realtime.transport.websocket.flush_queue import FlushQueue

# The most that may wait for one connection in this process: some 2,000 messages of 500 bytes. A
# reader that is further behind is disconnected, and resumes by number.
MAX_WAITING_BYTES = 1_000_000
# A reader is slow from here on: typing and presence, worthless when late, are dropped.
SLOW_FROM_BYTES = 65_536
# How long a slow reader may read nothing at all before it is disconnected.
STALLED_AFTER_S = 10.0

_DROPPED = Counter(
    "parley_pushes_dropped_total",
    "Typing and presence pushes dropped for a slow reader",
    ["reason"],
)
CLOSED_SLOW = Counter(
    "parley_slow_readers_closed_total", "Connections closed because the client did not read"
)
DROPPED_EPHEMERAL = _DROPPED.labels("slow_reader")


class Outgoing(asyncio.Protocol, ABC):
    """The writing half of a session."""

    __slots__ = (
        "_cutoff_timer",
        "_drained",
        "_flush_queue",
        "_frames",
        "_transport",
        "closed",
        "is_slow",
    )

    def __init__(self, transport: asyncio.Transport, flush_queue: FlushQueue) -> None:
        self.closed = self.is_slow = False
        self._transport = transport
        self._flush_queue = flush_queue
        self._frames: list[bytes] = []
        # Created when something waits until the app has read.
        self._drained: asyncio.Event | None = None
        # Closes the connection of an app that does not read.
        self._cutoff_timer: asyncio.TimerHandle | None = None
        transport.set_write_buffer_limits(high=SLOW_FROM_BYTES)

    @abstractmethod
    def end_slow(self) -> None:
        """End a session whose client does not read."""

    def write(self, frame: bytes) -> None:
        """Buffer a frame until the end of this turn of the event loop, after all earlier ones.

        A system call costs 10 to 20 µs, and a turn often has several frames for one connection: the
        acknowledgements and pushes of a batch.
        """
        if not self.closed:
            if not self._frames:
                self._flush_queue.add(self)
            self._frames.append(frame)

    def flush(self) -> None:
        """Write the buffered frames to the kernel, or to the transport's buffer when that is full.

        The limit is checked before the write: one large answer may exceed it, a frame after that
        ends the session.
        """
        frames = self._frames
        if not frames:
            return
        if self.is_slow and self._transport.get_write_buffer_size() > MAX_WAITING_BYTES:
            self.end_slow()
            return
        self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        frames.clear()

    def push(self, frame: bytes, is_ephemeral: bool) -> bool:
        """Buffer a push; False when it was dropped."""
        if self.closed:
            return False
        if self.is_slow and is_ephemeral:
            DROPPED_EPHEMERAL.inc()
            return False
        self.write(frame)
        return True

    async def drained(self) -> None:
        """Wait while the app has fallen behind in reading, or until the session ends."""
        while self.is_slow and not self.closed:
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    def pause_writing(self) -> None:
        """The reader is slow: more is waiting than it would leave if it kept up."""
        self.is_slow = True
        self._watch(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self.is_slow = False
        self._release_waiters()
        if not self.closed:
            self._cancel_cutoff()

    def _release_waiters(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def _cancel_cutoff(self) -> None:
        if self._cutoff_timer is not None:
            self._cutoff_timer.cancel()
            self._cutoff_timer = None

    def _watch(self, waiting_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        self._cutoff_timer = loop.call_later(STALLED_AFTER_S, self._check_stalled, waiting_bytes)

    def _check_stalled(self, waiting_bytes: int) -> None:
        now_waiting = self._transport.get_write_buffer_size()
        if now_waiting >= waiting_bytes:
            self.end_slow()
        else:
            self._watch(now_waiting)
