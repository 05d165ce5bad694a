"""One app's connection as its gateway sees it, and what the connections of an account share.

Thousands of connections are idle, each in its account's room and one more. Attributes that few of
them need are created on first use.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager

from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation
from marketplace.errors import Code, ParleyError
from realtime.room import Room

MAX_ROOMS = 200
MAX_CACHED_CONVERSATIONS = 100
# Pages and snapshots have up to half a megabyte: two fill the bound on what may wait for an app.
MAX_READS_AT_A_TIME = 2


class AccountConnections:
    """The connections of one account, and the state that they share."""

    __slots__ = ("calls_paid_until", "connections")

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.calls_paid_until = 0.0


class Connection:
    """One app of one account, connected to this gateway; `expires_at` is a POSIX time."""

    __slots__ = (
        "_conversations",
        "_joining",
        "_lookup_lock",
        "_read_slots",
        "access_changes",
        "account",
        "actor",
        "calls_in_flight",
        "calls_paid_until",
        "expires_at",
        "id",
        "is_ending",
        "is_gone",
        "is_leaving",
        "is_warned",
        "may_write",
        "network",
        "pending_lookups",
        "refusals_paid_until",
        "rooms",
        "session_id",
        "typing_paid_until",
    )

    def __init__(
        self,
        connection_id: str,
        actor: Actor,
        expires_at: float,
        *,
        session_id: str = "",
        network: str = "",
        account: AccountConnections | None = None,
    ) -> None:
        self.id = connection_id
        self.actor = actor
        self.expires_at = expires_at
        self.session_id = session_id
        self.network = network
        self.account = account or AccountConnections()
        self.is_warned = self.is_leaving = self.is_ending = self.is_gone = False
        self.calls_in_flight = 0
        self.calls_paid_until = self.typing_paid_until = self.refusals_paid_until = 0.0
        self.rooms: set[str] = set()
        # Incremented whenever the account's access changes: an answer from before may be stale.
        self.access_changes = 0
        # Set by the first message, until the account's access changes.
        self.may_write = False
        self.pending_lookups = 0
        # Created when needed: most connections join one conversation and look it up once.
        self._lookup_lock: asyncio.Lock | None = None
        self._read_slots: asyncio.Semaphore | None = None
        # Rooms being joined, with the number of joins in flight for each.
        self._joining: dict[str, int] = {}
        self._conversations: dict[str, tuple[Conversation, float]] | None = None

    @property
    def lookup_lock(self) -> asyncio.Lock:
        """One lookup at a time, so that messages sent before it completes keep their order."""
        if self._lookup_lock is None:
            self._lookup_lock = asyncio.Lock()
        return self._lookup_lock

    @property
    def read_slots(self) -> asyncio.Semaphore:
        """Bounds concurrent calls with large answers."""
        if self._read_slots is None:
            self._read_slots = asyncio.Semaphore(MAX_READS_AT_A_TIME)
        return self._read_slots

    def cached_conversation(
        self, conversation_id: str, within_s: float = math.inf
    ) -> Conversation | None:
        """A conversation of this connection's account, looked up at most `within_s` seconds ago."""
        cached = self._conversations.get(conversation_id) if self._conversations else None
        if cached is None or asyncio.get_running_loop().time() - cached[1] > within_s:
            return None
        return cached[0]

    def cache_conversation(self, conversation: Conversation) -> None:
        """Cache a conversation; beyond a hundred, the oldest is evicted."""
        if self._conversations is None:
            self._conversations = {}
        looked_up_at = asyncio.get_running_loop().time()
        self._conversations[conversation.id] = (conversation, looked_up_at)
        if len(self._conversations) > MAX_CACHED_CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]

    def forget_access(self) -> None:
        """Discard what is cached about what the account may see and do."""
        self.access_changes += 1
        self.may_write = False
        self._conversations = None

    def add_room(self, room: Room) -> None:
        """Record a room that this has joined, or leave it if the connection has gone meanwhile."""
        if self.is_gone:
            room.forget(self.id)
        else:
            self.rooms.add(room.name)

    @contextmanager
    def reserve_room(self, room: str) -> Iterator[None]:
        """Reserve one of the connection's rooms while the join runs.

        Raises:
            ParleyError: `too_many_rooms`; joins in progress count.
        """
        if room not in self.rooms and room not in self._joining:
            joining = sum(name not in self.rooms for name in self._joining)
            if len(self.rooms) + joining >= MAX_ROOMS:
                raise ParleyError(
                    Code.TOO_MANY_ROOMS,
                    f"This connection is already in {MAX_ROOMS} rooms, the maximum. "
                    "Leave one first.",
                )
        self._joining[room] = self._joining.get(room, 0) + 1
        try:
            yield
        finally:
            self._joining[room] -= 1
            if not self._joining[room]:
                del self._joining[room]
