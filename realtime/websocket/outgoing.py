"""What goes out on a websocket: gathered for a turn of the event loop, bounded, and cut when unread."""

import asyncio

from prometheus_client import Counter

from realtime.websocket.flush_queue import FlushQueue

# What one connection may have waiting in this process: some 2,000 messages of 500 bytes.  A reader
# that far behind is ended and resumes by number.
MAX_WAITING_BYTES = 1_000_000
# From here on a reader is slow: typing and presence, worth nothing late, are left out.
SLOW_FROM_BYTES = 65_536
# How long a slow reader may take nothing at all before its connection is cut.
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


class Outgoing(asyncio.Protocol):
    """The half of a session that writes."""

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
        # Made when somebody waits until the app has read.
        self._drained: asyncio.Event | None = None
        # The time at which an app that does not read is cut off.
        self._cutoff_timer: asyncio.TimerHandle | None = None
        transport.set_write_buffer_limits(high=SLOW_FROM_BYTES)

    def end_slow(self) -> None:
        """End a session that does not take what it is sent."""
        raise NotImplementedError

    def write(self, frame: bytes) -> None:
        """Let a frame go out at the end of this turn of the event loop, with all that come before it.

        A system call costs 10 to 20 µs, and a turn often has several frames for one connection: the
        acknowledgements and pushes of a batch.
        """
        if not self.closed:
            if not self._frames:
                self._flush_queue.add(self)
            self._frames.append(frame)

    def flush(self) -> None:
        """Hand what was written to the kernel, or to the transport's buffer when that is full.

        The bound is looked at before: one large answer may pass it, what comes behind does not.
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
        """Hand over a push; False when it was left out."""
        if self.closed:
            return False
        if self.is_slow and is_ephemeral:
            DROPPED_EPHEMERAL.inc()
            return False
        self.write(frame)
        return True

    async def drained(self) -> None:
        """Wait while more is to be read than by a reader that keeps up, or until the end."""
        while self.is_slow and not self.closed:
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    def pause_writing(self) -> None:
        """More waits than a reader that keeps up ever leaves."""
        self.is_slow = True
        self._watch(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It has caught up."""
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
