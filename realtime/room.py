"""One room: delivers every push to its members once, in order and without gaps.

A push with a position is delivered when it is the next one. When a later one arrives first, or a
higher head is announced, the missing ones are read from the store, once for the room and not for
each member. Members that joined meanwhile are tracked by a position of their own: their snapshot
went up to N, so they get N + 1 and later, also what was delivered while they read the snapshot.

Listeners are in the room without having joined by number: every connection listens to the room of
its account. They get each push as it is announced, and nothing is repaired for them.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable

from prometheus_client import Counter

from marketplace import tasks, tracing
from marketplace.backoff import Backoff
from marketplace.errors import TemporaryError
from marketplace.live import Subscriber
from marketplace.logs import get_logger
from marketplace.ports import Announcement
from marketplace.tracing import Kind, Span
from realtime.feeds import Feed
from realtime.latency import observe_fan_out
from realtime.ports import Transport

LOG = get_logger(__name__)
# Two gateways that write to one room publish concurrently, so 8 may arrive before 7. Most such gaps
# close within a few milliseconds without reading the store.
GAP_CLOSES_WITHIN_S = 0.02
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
# Pushes buffered behind a gap while it is read; any beyond that are read from the store as well.
MAX_AHEAD = 500
# Pushes kept while snapshots are read. A snapshot that is older than these has to be read again.
MAX_RECENT = 200
# If the store does not fill a gap in this time, the members get a `gap` and can show it.
GAP_PUSHED_AFTER_S = 5.0
# A head below what was delivered means that the store was restored from a backup, or that a new
# primary does not know yet what a majority has; the latter has caught up by the next check.
LOWER_HEADS = 2

_HOLES = Counter(
    "parley_room_holes_total", "Times that missing numbers of a room were read from the store"
)
_FILLED = Counter(
    "parley_room_hole_pushes_total", "Pushes that came from the store instead of Redis"
)
_DELIVERED = Counter("parley_pushes_delivered_total", "Pushes handed to connections")


class Room:
    """One room with members on this gateway."""

    # There is one per connection, its account's: without a `__dict__` it is half as large.
    __slots__ = (
        "_ahead",
        "_announced_head",
        "_behind",
        "_epoch",
        "_filling",
        "_is_subscribed",
        "_joining",
        "_lower_heads",
        "_recent",
        "_subscribing",
        "_transport",
        "feed",
        "limited",
        "listeners",
        "members",
        "name",
        "opening",
        "position",
    )

    def __init__(self, name: str, feed: Feed | None, transport: Transport) -> None:
        self.name = name
        self.feed = feed
        self._transport = transport
        # connection → the highest position it has.
        self.members: dict[str, int] = {}
        # Connections that do not follow the numbers; None in rooms without any.
        self.listeners: set[str] | None = None
        # Members that get the limited form of a push; None in rooms without such members.
        self.limited: set[str] | None = None
        # How many are joining by number, and how many as listeners.
        self._joining = self.opening = 0
        self.position = 0
        # The epoch that the position belongs to.
        self._epoch = feed.epoch if feed is not None else ""
        self._lower_heads = 0
        self._announced_head = 0
        self._ahead: dict[int, Announcement] = {}
        # What was delivered while snapshots were read; None when none is being read.
        self._recent: deque[Announcement] | None = None
        # Connection → what it misses between its snapshot and the room's position; usually None.
        self._behind: dict[str, list[Announcement]] | None = None
        self._filling: asyncio.Task[None] | None = None
        # A task is 900 bytes: only a room that waits for its subscription has this one.
        self._subscribing: asyncio.Task[None] | None = None
        self._is_subscribed = False

    def receive(self, announcement: Announcement) -> None:
        """Handle an announcement from Redis."""
        position = announcement.position
        if self.listeners:
            self._push(self.listeners, announcement)
        if position is None:
            if self.members:
                self._push(self.members, announcement)
            return
        if position <= self.position or not self.is_followed:
            return
        if position == self.position + 1:
            self._deliver(announcement)
            self._deliver_ahead()
        elif len(self._ahead) < MAX_AHEAD:
            self._ahead[position] = announcement
        self.reach(position)

    def reach(self, head: int) -> None:
        """Note the highest known position; what is missing up to it is read from the store."""
        self._announced_head = max(self._announced_head, head)
        if self._announced_head > self.position:
            self._fill_soon()

    def check(self, head: int, position_before: int) -> None:
        """Compare with the store's head; `position_before` was read before the store was queried.

        In another epoch, or when the head stays lower than what was delivered, the room starts
        over.
        """
        is_lower = head < position_before
        self._lower_heads = self._lower_heads + 1 if is_lower else 0
        if (
            self.feed is not None and self.feed.epoch != self._epoch
        ) or self._lower_heads >= LOWER_HEADS:
            self._start_over(head)
        else:
            self.reach(head)

    def _start_over(self, head: int) -> None:
        """Continue from a head, and tell the members that their history does not lead up to it."""
        if self.feed is None:
            return
        self._continue_from(self.feed, head)
        for connection_id in self.members:
            self.members[connection_id] = head
        self._push_gap(self.feed, head, is_snapshot=True)

    def _continue_from(self, feed: Feed, position: int) -> None:
        if self._filling is not None:
            self._filling.cancel()
            self._filling = None
        self._epoch, self._lower_heads = feed.epoch, 0
        self.position = self._announced_head = position
        self._ahead.clear()
        self._behind = None
        if self._recent is not None:
            self._recent.clear()

    def _push_gap(self, feed: Feed, head: int, *, is_snapshot: bool) -> None:
        gap = {"room": self.name, "head": head, "epoch": feed.epoch, "is_snapshot": is_snapshot}
        self._push(self.members, Announcement(self.name, "gap", gap))

    async def subscribed(self, subscriber: Subscriber) -> None:
        """Wait for the subscription, which all joins share and which outlives each of them."""
        if self._is_subscribed:
            return
        if self._subscribing is None:
            self._subscribing = tasks.held(subscriber.join(self.name), "room")
            self._subscribing.add_done_callback(self._note_subscribed)
        await asyncio.shield(self._subscribing)

    def _note_subscribed(self, _: "asyncio.Task[None]") -> None:
        self._subscribing, self._is_subscribed = None, True

    def listen(self, connection_id: str) -> None:
        """Add a connection that gets every push, but does not follow the numbers."""
        if self.listeners is None:
            self.listeners = set()
        self.listeners.add(connection_id)

    def begin_join(self, make_feed: Callable[[], Feed]) -> None:
        """Keep the room open, and the pushes that the snapshot may not have, until `end_join`."""
        if not self.is_followed:
            # Nobody has followed the numbers so far, though there may be listeners.
            self.feed = make_feed()
            self._continue_from(self.feed, 0)
        self._joining += 1
        if self._recent is None:
            self._recent = deque(maxlen=MAX_RECENT)

    def end_join(self) -> None:
        """End a `begin_join`: after `settle`, or when the join failed."""
        self._joining -= 1
        if self._joining == 0:
            self._recent = None

    @property
    def is_followed(self) -> bool:
        """Whether somebody follows the numbers, or is about to."""
        return bool(self.members or self._joining)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in the room, and nobody joins it."""
        return not (self.is_followed or self.listeners or self.opening)

    def settle(self, connection_id: str, position: int, *, is_limited: bool = False) -> bool:
        """Add a member whose snapshot goes up to `position`.

        The member first gets what the room has delivered since then, in the next turn of the loop:
        the caller writes its acknowledgement in this turn. With `is_limited` it gets each push in
        the limited form of the room's feed. Returns False when the room has moved on too far: the
        caller has to read the snapshot again.
        """
        is_listener = self.listeners is not None and connection_id in self.listeners
        if is_listener and position < self._announced_head:
            return False  # it was pushed already, so it must be in the snapshot
        if not self.members and position > self.position:
            # What arrived before the first member is in the snapshot, or is delivered after it.
            self.position = position
            self._ahead = {at: pushed for at, pushed in self._ahead.items() if at > position}
        missed = self._delivered_after(position)
        if missed is None:
            return False
        self.members[connection_id] = position
        if self.listeners is not None:
            self.listeners.discard(connection_id)
        self.limit(connection_id, is_limited=is_limited)
        if missed:
            self._behind = {**(self._behind or {}), connection_id: missed}
            asyncio.get_running_loop().call_soon(self._catch_up)
        if self._announced_head > self.position:
            self._fill_soon()
        return True

    def _delivered_after(self, position: int) -> list[Announcement] | None:
        """What was delivered after a position; None if some of it is not kept."""
        if position >= self.position:
            return []
        recent = list(self._recent or ())
        missed = [
            announcement for announcement in recent if (announcement.position or 0) > position
        ]
        return missed if len(missed) == self.position - position else None

    def _catch_up(self) -> None:
        """Push to the members that joined behind the room's position what they miss."""
        behind, self._behind = self._behind or {}, None
        for connection_id, missed in behind.items():
            for announcement in missed:
                position = announcement.position or 0
                if self.members.get(connection_id, position) < position:
                    self.members[connection_id] = position
                    self._push([connection_id], announcement)

    def limit(self, connection_id: str, *, is_limited: bool) -> None:
        """From now on, send a member pushes in their limited form, or in full."""
        if is_limited:
            self.limited = (self.limited or set()) | {connection_id}
        elif self.limited is not None:
            self.limited.discard(connection_id)

    def forget(self, connection_id: str) -> None:
        """Remove a member or a listener."""
        self.members.pop(connection_id, None)
        if self.listeners is not None:
            self.listeners.discard(connection_id)
        self.limit(connection_id, is_limited=False)

    def stop(self) -> None:
        """Cancel the room's tasks: it has no members left."""
        for task in (self._filling, self._subscribing):
            if task is not None:
                task.cancel()

    def _deliver(self, announcement: Announcement) -> None:
        if self._behind is not None:
            self._catch_up()
        if self._recent is not None:
            self._recent.append(announcement)
        position = announcement.position or 0
        self.position = position
        due = [member_id for member_id, seen in self.members.items() if seen < position]
        for member_id in due:
            self.members[member_id] = position
        self._push(due, announcement)
        observe_fan_out(announcement.data)

    def _deliver_ahead(self) -> None:
        while (following := self._ahead.pop(self.position + 1, None)) is not None:
            self._deliver(following)
        if self._ahead:
            self._ahead = {at: pushed for at, pushed in self._ahead.items() if at > self.position}

    def _push(self, connection_ids: Iterable[str], announcement: Announcement) -> None:
        if announcement.traceparent is None:
            self._hand_over(connection_ids, announcement)
            return
        with _span_of(announcement.traceparent, announcement):
            self._hand_over(connection_ids, announcement)

    def _hand_over(self, connection_ids: Iterable[str], announcement: Announcement) -> None:
        if self.limited and self.feed is not None:
            limited_ids = [id_ for id_ in connection_ids if id_ in self.limited]
            connection_ids = [id_ for id_ in connection_ids if id_ not in self.limited]
            limited = self.feed.limited(announcement)
            _DELIVERED.inc(self._transport.push(limited_ids, limited.name, limited.data))
        count = self._transport.push(connection_ids, announcement.name, announcement.data)
        _DELIVERED.inc(count)

    def _fill_soon(self) -> None:
        if self._filling is None or self._filling.done():
            self._filling = tasks.keep(self._fill(), "gap")

    async def _fill(self) -> None:
        """Read from the store until the announced head is reached."""
        await asyncio.sleep(GAP_CLOSES_WITHIN_S)
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        push_gap_at = asyncio.get_running_loop().time() + GAP_PUSHED_AFTER_S
        while self.feed is not None and self.position < self._announced_head and self.members:
            position = self.position
            try:
                missing = await self.feed.after(position)
            except TemporaryError as error:
                LOG.warning("could not fill a gap; retrying", room=self.name, why=str(error))
                if asyncio.get_running_loop().time() >= push_gap_at:
                    push_gap_at = math.inf
                    self._push_gap(self.feed, self._announced_head, is_snapshot=False)
                await backoff.wait()
                continue
            _HOLES.inc()
            if not missing:
                # Announced but not readable yet: the next head or heartbeat starts another attempt.
                self._announced_head = self.position
                return
            if missing[0].position != position + 1:
                # The store has lost what was in between: no member can catch up push by push.
                LOG.error("the stored feed has a gap", room=self.name, position=position + 1)
                self._start_over(missing[-1].position or 0)
                return
            for announcement in missing:
                if announcement.position == self.position + 1:
                    self._deliver(announcement)
                    _FILLED.inc()
            self._deliver_ahead()


def _span_of(parent: str, announcement: Announcement) -> Span:
    """The span of a push to the members here, with the id of their room unless it is a person's."""
    kind, _, room_id = announcement.room.partition(":")
    span = tracing.continued(
        parent,
        f"push {announcement.name}",
        Kind.PRODUCER,
        {"parley.push": announcement.name, "parley.room": kind},
    )
    span.set_ids({f"{kind}_id": room_id})
    return span
