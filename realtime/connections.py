"""One app's connection as its gateway sees it, and what the connections of an account share.

Thousands of connections are idle, each in its account's room and one more. Attributes that few of
them need are created on first use.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from marketplace.domain.accounts import Actor
from marketplace.errors import Code, ParleyError
from marketplace.ports import World
from realtime.access import Access
from realtime.room import Room

MAX_ROOMS = 200
# Pages and snapshots have up to half a megabyte: two fill the bound on what may wait for an app.
MAX_READS_AT_A_TIME = 2


class CallRate:
    """The rate of one person's calls, as the time until which they are accounted for."""

    __slots__ = ("calls_paid_until",)

    def __init__(self) -> None:
        self.calls_paid_until = 0.0


class AccountConnections(CallRate):
    """The connections that act as one account; members of its team have rates of their own.

    So one person's calls and connections take nothing from the others.
    """

    __slots__ = ("_members", "connections")

    def __init__(self) -> None:
        super().__init__()
        self.connections: list[Connection] = []
        self._members: dict[str, CallRate] | None = None

    def rate_of(self, member_id: str | None) -> CallRate:
        """The rate of a member, or of the account itself."""
        if member_id is None:
            return self
        if self._members is None:
            self._members = {}
        return self._members.setdefault(member_id, CallRate())

    def count_of(self, member_id: str | None) -> int:
        """How many connections a member has, or the account itself."""
        return sum(connection.actor.member_id == member_id for connection in self.connections)


class Connection:
    """One app of one account, connected to this gateway; `expires_at` is a POSIX time."""

    __slots__ = (
        "_joining",
        "_read_slots",
        "access",
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
        "network",
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
        world: World,
        *,
        session_id: str = "",
        network: str = "",
        account: CallRate | None = None,
    ) -> None:
        self.id = connection_id
        self.actor = actor
        self.expires_at = expires_at
        self.session_id = session_id
        self.network = network
        self.account = account or CallRate()
        self.is_warned = self.is_leaving = self.is_ending = self.is_gone = False
        self.calls_in_flight = 0
        self.calls_paid_until = self.typing_paid_until = self.refusals_paid_until = 0.0
        self.rooms: set[str] = set()
        self.access = Access(world, actor)
        # Created when needed.
        self._read_slots: asyncio.Semaphore | None = None
        # Rooms being joined, with the number of joins in flight for each.
        self._joining: dict[str, int] = {}

    @property
    def read_slots(self) -> asyncio.Semaphore:
        """Bounds concurrent calls with large answers."""
        if self._read_slots is None:
            self._read_slots = asyncio.Semaphore(MAX_READS_AT_A_TIME)
        return self._read_slots

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
            if not self._joining:
                self._joining.clear()  # frees 120 bytes of each idle connection
