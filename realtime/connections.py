"""One app's connection as its gateway knows it, and what the connections of an account share.

Thousands of them are idle, each in its account's room and one more: what few of them need is made
when it is needed.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager

from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation
from realtime.rooms import Room, too_many_rooms

MAX_ROOMS = 200
MAX_CACHED_CONVERSATIONS = 100
# Pages and snapshots of up to half a megabyte: as many as the bound of what may wait for an app.
MAX_READS_AT_A_TIME = 2


class AccountConnections:
    """What the connections of one account share."""

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
        # Grows when what its account may see or do has changed: what was asked before may be over.
        self.access_changes = 0
        # Known from the first message on, until the account's access changes.
        self.may_write = False
        self.pending_lookups = 0
        # Most connections take part in one conversation and look it up once: made when needed.
        self._lookup_lock: asyncio.Lock | None = None
        self._read_slots: asyncio.Semaphore | None = None
        # Rooms on the way in, with how many joins are in flight for each.
        self._joining: dict[str, int] = {}
        self._conversations: dict[str, tuple[Conversation, float]] | None = None

    @property
    def lookup_lock(self) -> asyncio.Lock:
        """One look-up at a time, so that messages sent before it is known keep their order."""
        if self._lookup_lock is None:
            self._lookup_lock = asyncio.Lock()
        return self._lookup_lock

    @property
    def read_slots(self) -> asyncio.Semaphore:
        """So many calls with large answers at a time."""
        if self._read_slots is None:
            self._read_slots = asyncio.Semaphore(MAX_READS_AT_A_TIME)
        return self._read_slots

    def cached_conversation(
        self, conversation_id: str, within_s: float = math.inf
    ) -> Conversation | None:
        """A conversation this connection takes part in, as it stood that many seconds ago at most."""
        found = self._conversations.get(conversation_id) if self._conversations else None
        if found is None or asyncio.get_running_loop().time() - found[1] > within_s:
            return None
        return found[0]

    def cache_conversation(self, conversation: Conversation) -> None:
        """Remember it; of a hundred the oldest is looked up again."""
        if self._conversations is None:
            self._conversations = {}
        looked_up_at = asyncio.get_running_loop().time()
        self._conversations[conversation.id] = (conversation, looked_up_at)
        if len(self._conversations) > MAX_CACHED_CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]

    def forget_access(self) -> None:
        """Ask anew what the account may do."""
        self.access_changes += 1
        self.may_write = False
        self._conversations = None

    def add_room(self, room: Room) -> None:
        """Note a room this became a member of; what went meanwhile is taken out of it again."""
        if self.is_gone:
            room.forget(self.id)
        else:
            self.rooms.add(room.name)

    @contextmanager
    def reserve_room(self, room: str) -> Iterator[None]:
        """Hold one of the connection's places for a room while it is joined.

        Raises:
            ParleyError: `too_many_rooms`, counting those on the way in.
        """
        if room not in self.rooms and room not in self._joining:
            joining = sum(name not in self.rooms for name in self._joining)
            if len(self.rooms) + joining >= MAX_ROOMS:
                raise too_many_rooms(MAX_ROOMS)
        self._joining[room] = self._joining.get(room, 0) + 1
        try:
            yield
        finally:
            self._joining[room] -= 1
            if not self._joining[room]:
                del self._joining[room]
