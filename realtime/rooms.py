"""All rooms with members on this gateway: routes what arrives, compares heads with the store."""

import asyncio
from collections.abc import Callable

from prometheus_client import Gauge

from marketplace import tasks
from marketplace.live import RECEIVER, LiveItem, Subscriber
from marketplace.ports import Announcement, Signal, SignalName
from realtime.feeds import Feed
from realtime.ports import Transport
from realtime.room import Room

CHECK_HEADS_EVERY_S = 5.0
HEADS_PER_BATCH = 100

_ROOMS = Gauge("parley_rooms", "Rooms with members on this gateway")


class Rooms:
    """All rooms with members on this gateway; a room is subscribed in Redis while it has some."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._rooms: dict[str, Room] = {}
        self._handlers: dict[SignalName, tuple[Callable[[Signal], None], ...]] = {}
        self.subscriber: Subscriber | None = None
        self.on(SignalName.HEAD, self._receive_head)

    def on(self, name: SignalName, handler: Callable[[Signal], None]) -> None:
        """Route signals of this name to a handler."""
        self._handlers[name] = (*self._handlers.get(name, ()), handler)

    def receive(self, item: LiveItem) -> None:
        """Route an announcement to its room, or a signal to its handlers."""
        if type(item) is Announcement:
            room = self._rooms.get(item.room)
            if room is not None:
                room.receive(item)
        elif type(item) is Signal:
            for handler in self._handlers.get(item.name, ()):
                RECEIVER.hand_over(handler, item)  # type: ignore[arg-type] # it takes signals

    def _receive_head(self, signal: Signal) -> None:
        room = self._rooms.get(signal.room)
        if room is not None and signal.position is not None:
            room.reach(signal.position)

    async def enter(self, name: str, make_feed: Callable[[], Feed]) -> Room:
        """The room, subscribed, and kept open until `abandon`.

        It subscribes before the snapshot is read, so that nothing is lost between snapshot and
        stream.
        """
        room = self._open(name)
        room.begin_join(make_feed)
        try:
            await self._subscribe(room)
        except BaseException:
            self.abandon(room)
            raise
        return room

    def abandon(self, room: Room) -> None:
        """End an `enter`: after `settle`, or when the join failed."""
        room.end_join()
        self._close_if_empty(room)

    async def listen(self, name: str, connection_id: str) -> None:
        """Add a connection that gets every push of a room, but does not follow the numbers."""
        room = self._open(name)
        room.opening += 1
        try:
            await self._subscribe(room)
            room.listen(connection_id)
        finally:
            room.opening -= 1
            self._close_if_empty(room)

    def leave(self, name: str, connection_id: str) -> None:
        """Remove a member or a listener; the last one closes the room."""
        room = self._rooms.get(name)
        if room is not None:
            room.forget(connection_id)
            self._close_if_empty(room)

    def limit(self, name: str, connection_id: str, *, is_limited: bool) -> None:
        """From now on, send a member of a room pushes in their limited form, or in full."""
        room = self._rooms.get(name)
        if room is not None and connection_id in room.members:
            room.limit(connection_id, is_limited=is_limited)

    async def check_heads(self) -> None:
        """Compare every room's position with the store's head: finds lost announcements."""
        rooms = [
            room for room in self._rooms.values() if room.feed is not None and room.is_followed
        ]
        for start in range(0, len(rooms), HEADS_PER_BATCH):
            batch = rooms[start : start + HEADS_PER_BATCH]
            positions = [room.position for room in batch]
            heads = await asyncio.gather(
                *(room.feed.head() for room in batch if room.feed is not None),
                return_exceptions=True,
            )
            for room, head, position in zip(batch, heads, positions, strict=True):
                if isinstance(head, int):
                    room.check(head, position)

    def check_heads_soon(self) -> None:
        """Check the heads now, in a background task."""
        tasks.keep(self.check_heads(), "heads of another epoch")

    async def check_heads_for_ever(self) -> None:
        """Check the heads every few seconds."""
        while True:
            await asyncio.sleep(CHECK_HEADS_EVERY_S)
            await self.check_heads()

    def _open(self, name: str) -> Room:
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = Room(name, None, self._transport)
            _ROOMS.set(len(self._rooms))
        return room

    async def _subscribe(self, room: Room) -> None:
        if self.subscriber is not None:
            await room.subscribed(self.subscriber)

    def _close_if_empty(self, room: Room) -> None:
        if room.is_empty and self._rooms.get(room.name) is room:
            room.stop()
            del self._rooms[room.name]
            _ROOMS.set(len(self._rooms))
            if self.subscriber is not None:
                self.subscriber.leave(room.name)
