"""One process's subscriptions, and the check that they still receive."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from marketplace import tasks
from marketplace.backoff import Backoff
from marketplace.live.connection import RedisConnection
from marketplace.live.contexts import Decoder
from marketplace.live.receiving import RECEIVER, Receive
from marketplace.live.wire import ORIGIN_LENGTH, connect
from marketplace.logs import get_logger

LOG = get_logger(__name__)
CANARY_EVERY_S = 2.0
# A healthy round trip takes a millisecond; three missed canaries in a row are no accident.
CANARY_TIMEOUT_S = 7.0
CONFIRM_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 1.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0
# As many channels per command as Redis handles without delaying other clients for long.
ROOMS_PER_COMMAND = 1_000

_RECEIVED = Counter("parley_live_messages_received_total", "Messages received from Redis")
_RESUBSCRIBED = Counter(
    "parley_live_resubscriptions_total", "Times that all subscriptions were renewed"
)
_RECEIVING = Gauge(
    "parley_live_is_hearing", "1 while the gateway receives its own canary through Redis"
)


class Subscriber:
    """A process's subscriptions.

    `receive` gets every item of the joined rooms, except those from this process's own `origin`,
    which its announcer has already handed over. `missed` is called after a lost connection, once
    the rooms are subscribed again: whatever was published in between is lost.
    """

    def __init__(
        self,
        redis_url: str,
        process_name: str,
        origin: str,
        receive: Receive,
        missed: Callable[[], Awaitable[None]],
    ) -> None:
        # The listener waits indefinitely for the next item, so it has no socket time-out. It does
        # not retry: redis-py would resubscribe on its own, and nobody would recover what was
        # missed.
        self._redis = Redis.from_url(
            redis_url,
            socket_connect_timeout=2,
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )
        self._publisher = connect(redis_url)
        self._receive = receive
        self._missed = missed
        self._origin = origin.encode()
        self._decoder = Decoder()
        self._canary = f"canary:{process_name}"
        self._rooms: set[str] = set()
        # An event is 760 bytes: only rooms that Redis has not confirmed have one.
        self._confirming: dict[str, asyncio.Event] = {}
        self._listener: RedisConnection | None = None
        self._canary_at = 0.0
        self._listening_since = 0.0
        self._may_have_missed = False
        self._unconfirmed: set[str] = set()
        # The commands that are still to be sent, by room.
        self._pending_commands: dict[str, str] = {}
        self._sending: asyncio.Task[None] | None = None

    def start(self, background: tasks.Background) -> None:
        """Connect and start listening, as part of a process's background work."""
        self._canary_at = asyncio.get_running_loop().time()
        background.start("live listener", self._listen_for_ever())
        background.start("live canary", self._publish_canary_for_ever())

    async def close(self) -> None:
        """Close the connections; the background work has ended by now."""
        if self._sending is not None:
            await tasks.end([self._sending])
        if self._listener is not None:
            await self._listener.close()
        await self._redis.aclose()
        await self._publisher.aclose()

    @property
    def is_receiving(self) -> bool:
        """Whether a canary came back recently; if False, pushes may be getting lost."""
        return asyncio.get_running_loop().time() - self._canary_at < CANARY_TIMEOUT_S

    async def join(self, room: str) -> None:
        """Subscribe to a room; return once Redis has confirmed it, or after 5 s without Redis.

        Without Redis the room still works: its numbers are checked against the store.
        """
        if room not in self._rooms:
            self._rooms.add(room)
            self._confirming[room] = asyncio.Event()
            self._queue_command(room, "SSUBSCRIBE")
        confirmed = self._confirming.get(room)
        if confirmed is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                    await confirmed.wait()

    def leave(self, room: str) -> None:
        """Unsubscribe from a room."""
        self._unconfirmed.discard(room)
        self._confirming.pop(room, None)
        if room in self._rooms:
            self._rooms.discard(room)
            self._queue_command(room, "SUNSUBSCRIBE")

    def _queue_command(self, room: str, command: str) -> None:
        """Send the command with the others of this loop iteration: a herd needs few commands."""
        self._pending_commands[room] = command
        if self._sending is None or self._sending.done():
            self._sending = tasks.keep(self._send_commands(), "live commands")

    async def _send_commands(self) -> None:
        # Without a connection nothing is sent: a new connection subscribes to all rooms.
        while self._pending_commands and (listener := self._listener) is not None:
            commands, self._pending_commands = self._pending_commands, {}
            for command in ("SUNSUBSCRIBE", "SSUBSCRIBE"):
                rooms = [room for room, pending in commands.items() if pending == command]
                with contextlib.suppress(RedisError, OSError, TimeoutError):
                    await listener.send(_commands(command, rooms))
        self._pending_commands.clear()

    async def _listen_for_ever(self) -> None:
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            try:
                listener = await self._resubscribe()
                backoff.reset()
                await self._listen(listener)
            except (RedisError, OSError, TimeoutError) as error:
                LOG.warning("Redis is unreachable", why=str(error))
            except Exception:
                # A listener that ended would leave the process without announcements permanently.
                LOG.exception("the listener failed; it will reconnect")
            await backoff.wait()

    async def _resubscribe(self) -> RedisConnection:
        """Open a new connection and subscribe to all rooms.

        The connection is not published before it is open: a command would connect it a second time,
        and the subscriptions of the first would be lost. Rooms joined in the meantime are
        subscribed with the rest.
        """
        former, self._listener = self._listener, None
        if former is not None:
            await former.close()
        for room in self._rooms:
            self._confirming.setdefault(room, asyncio.Event())
        listener = RedisConnection(self._redis)
        await listener.open()
        self._listener = listener
        self._unconfirmed, self._may_have_missed = set(self._rooms), bool(self._rooms)
        await listener.send(_commands("SSUBSCRIBE", [self._canary, *self._rooms]))
        self._listening_since = asyncio.get_running_loop().time()
        _RESUBSCRIBED.inc()
        return listener

    async def _listen(self, listener: RedisConnection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._may_have_missed and not self._unconfirmed:
                # Only once Redis has confirmed all: from now on every announcement is received.
                self._may_have_missed = False
                await self._report_missed()
            for kind, channel, data in await listener.replies(READ_TIMEOUT_S):
                if kind == b"smessage":
                    self._receive_message(channel.decode(), data)
                elif kind == b"ssubscribe":
                    self._confirm(channel.decode())
            # A new connection gets the same time; it does not make `is_receiving` true.
            if loop.time() - max(self._canary_at, self._listening_since) > CANARY_TIMEOUT_S:
                _RECEIVING.set(0)
                raise ConnectionError("the canary was not received")

    async def _report_missed(self) -> None:
        try:
            await self._missed()
        except Exception:  # the gateway's next check of the heads finds what was missed
            LOG.exception("could not check for missed announcements")

    def _confirm(self, room: str) -> None:
        self._unconfirmed.discard(room)
        confirmed = self._confirming.pop(room, None)
        if confirmed is not None:
            confirmed.set()

    def _receive_message(self, channel: str, message: bytes) -> None:
        if channel == self._canary:
            self._canary_at = asyncio.get_running_loop().time()
            _RECEIVING.set(1)
            return
        _RECEIVED.inc()
        if message[:ORIGIN_LENGTH] == self._origin:
            return
        for item in self._decoder.read(channel, message):
            RECEIVER.hand_over(self._receive, item)

    async def _publish_canary_for_ever(self) -> None:
        while True:
            try:
                await self._publisher.spublish(self._canary, b"")
            except (RedisError, OSError, TimeoutError):
                pass  # the listener logs it
            except Exception:
                LOG.exception("could not publish the canary; it will be published again")
            await asyncio.sleep(CANARY_EVERY_S)


def _commands(command: str, rooms: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(rooms), ROOMS_PER_COMMAND):
        yield (command, *rooms[start : start + ROOMS_PER_COMMAND])
