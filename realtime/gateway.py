"""Connections of this gateway: handshake, the rooms they are in, presence, their end."""

import asyncio
import logging
import math
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter, Gauge

from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation
from marketplace.domain.ids import new_id
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ports import World, account_room
from marketplace.presence import REFRESH_EVERY_S
from marketplace.tokens import Tokens
from realtime.rooms import Room, Rooms, too_many_rooms
from realtime.transport import Transport

LOG = logging.getLogger(__name__)
MAX_ROOMS = 200
MAX_CONNECTIONS_OF_ACCOUNT = 20
MAX_KNOWN_CONVERSATIONS = 100
WARN_BEFORE = timedelta(seconds=60)
CHECK_EXPIRY_EVERY_S = 2.0
# Spread over this long at the end, the apps of a gateway do not all arrive elsewhere at once.
DRAIN_WITHIN_S = 3.0
DRAIN_STEPS = 100

_CONNECTIONS = Gauge("parley_connections", "Connections with a checked token")
_REFUSED = Counter("parley_connections_refused_total", "Handshakes refused", ["code"])


class Connection:
    """One app of one account, connected to this gateway."""

    def __init__(self, connection_id: str, actor: Actor, expires_at: datetime) -> None:
        self.id = connection_id
        self.actor = actor
        self.expires_at = expires_at
        self.is_warned = False
        self.is_gone = False
        self.rooms: set[str] = set()
        # Grows when what its account may see or do has changed: what was asked before may be over.
        self.access_changes = 0
        # Known from the first message on, until the account's access changes.
        self.may_write = False
        # One look-up at a time, so that messages sent before it is known keep their order.
        self.lookup = asyncio.Lock()
        self.lookups = 0
        self._conversations: OrderedDict[str, tuple[Conversation, float]] = OrderedDict()

    def known(self, conversation_id: str, within_s: float = math.inf) -> Conversation | None:
        """A conversation this connection takes part in, as it stood that many seconds ago at most."""
        found = self._conversations.get(conversation_id)
        if found is None or asyncio.get_running_loop().time() - found[1] > within_s:
            return None
        return found[0]

    def know(self, conversation: Conversation) -> None:
        """Remember it; of a hundred the oldest is looked up again."""
        looked_up_at = asyncio.get_running_loop().time()
        self._conversations[conversation.id] = (conversation, looked_up_at)
        if len(self._conversations) > MAX_KNOWN_CONVERSATIONS:
            self._conversations.popitem(last=False)

    def forget_access(self) -> None:
        """Ask anew what the account may do."""
        self.access_changes += 1
        self.may_write = False
        self._conversations.clear()

    def note(self, room: Room) -> None:
        """Note a room this became a member of; what went meanwhile is taken out of it again."""
        if self.is_gone:
            room.members.pop(self.id, None)
        else:
            self.rooms.add(room.name)

    def require_room_left(self, room: str) -> None:
        """Refuse another room when the connection has as many as it may.

        Raises:
            ParleyError: `too_many_rooms`.
        """
        if room not in self.rooms and len(self.rooms) >= MAX_ROOMS:
            raise too_many_rooms(MAX_ROOMS)


class Gateway:
    """All connections of this process."""

    def __init__(
        self,
        world: World,
        tokens: Tokens,
        rooms: Rooms,
        transport: Transport,
        limit_scale: float,
    ) -> None:
        self._world = world
        self._tokens = tokens
        self._rooms = rooms
        self._transport = transport
        self._limit_scale = limit_scale
        self._connections: dict[str, Connection] = {}
        self._of_account: dict[str, set[str]] = {}
        self.is_draining = False
        self._empty = asyncio.Event()
        self._empty.set()

    async def connect(self, connection_id: str, auth: object) -> None:
        """Check a handshake and take the connection into its account's room.

        Raises:
            ParleyError: `unauthenticated`, `token_expired`, `too_many_connections`, `draining`.
        """
        try:
            await self._connect(connection_id, auth)
        except ParleyError as error:
            _REFUSED.labels(error.code).inc()
            raise

    async def disconnect(self, connection_id: str) -> None:
        """Forget a connection and take it out of its rooms."""
        connection = self._connections.pop(connection_id, None)
        if connection is None:
            return
        connection.is_gone = True
        if not self._connections:
            self._empty.set()
        _CONNECTIONS.set(len(self._connections))
        account_id = connection.actor.account_id
        others = self._of_account[account_id]
        others.discard(connection_id)
        for room in list(connection.rooms):
            await self._rooms.leave(room, connection_id)
        if not others:
            self._of_account.pop(account_id, None)
            await self._say_disconnected(account_id)

    def connection(self, connection_id: str) -> Connection | None:
        """A live connection."""
        return self._connections.get(connection_id)

    def connections(self, account_id: str | None = None) -> list[Connection]:
        """All live connections, or those of an account."""
        if account_id is None:
            return list(self._connections.values())
        return [self._connections[each] for each in self._of_account.get(account_id, ())]

    async def tend_for_ever(self) -> None:
        """Keep presence alive and end connections whose token is over."""
        said_at = 0.0
        while True:
            now = self._world.clock.now()
            for connection in list(self._connections.values()):
                self._check_expiry(connection, now)
            loop_time = asyncio.get_running_loop().time()
            if loop_time - said_at >= REFRESH_EVERY_S:
                said_at = loop_time
                await self._say_connected()
            await asyncio.sleep(CHECK_EXPIRY_EVERY_S)

    async def drain(self) -> None:
        """Take nobody new, and send the apps to other gateways, spread over a few seconds."""
        self.is_draining = True
        leaving = list(self._connections)
        together = -(-len(leaving) // DRAIN_STEPS)
        for number, connection_id in enumerate(leaving, start=1):
            self._transport.end(connection_id, "draining")
            if number % together == 0:
                await asyncio.sleep(DRAIN_WITHIN_S / DRAIN_STEPS)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), DRAIN_WITHIN_S)

    async def _connect(self, connection_id: str, auth: object) -> None:
        if self.is_draining:
            raise ParleyError(Code.DRAINING, "Connect again; another gateway takes you.")
        token: Any = auth.get("token") if isinstance(auth, dict) else None
        access = self._tokens.check(token)
        try:
            session = await self._world.store.sessions.get(access.session_id)
        except TemporaryError as error:
            raise ParleyError(Code.UNAVAILABLE, "Try again shortly.") from error
        if session is None:
            raise ParleyError(Code.UNAUTHENTICATED, "This log-in has ended; log in again.")
        mine = self._of_account.get(access.account_id, set())
        if len(mine) >= MAX_CONNECTIONS_OF_ACCOUNT * self._limit_scale:
            raise ParleyError(
                Code.TOO_MANY_CONNECTIONS, "Close another window or app of this account first."
            )
        actor = Actor(access.account_id, access.role, correlation_id=new_id())
        connection = Connection(connection_id, actor, access.expires_at)
        self._connections[connection_id] = connection
        self._empty.clear()
        self._of_account.setdefault(access.account_id, set()).add(connection_id)
        _CONNECTIONS.set(len(self._connections))
        room_name = account_room(access.account_id)
        room = await self._rooms.enter(room_name, None)
        try:
            room.settle(connection_id, 0)
            connection.note(room)
        finally:
            await self._rooms.abandon(room)
        await self._say_connected(access.account_id)

    def _check_expiry(self, connection: Connection, now: datetime) -> None:
        if connection.expires_at <= now:
            self._transport.end(connection.id, "token expired")
        elif not connection.is_warned and connection.expires_at - now <= WARN_BEFORE:
            connection.is_warned = True
            left_s = int((connection.expires_at - now).total_seconds())
            self._transport.push([connection.id], "session.expiring", {"expires_in_s": left_s})

    async def _say_connected(self, *account_ids: str) -> None:
        for account_id in account_ids or list(self._of_account):
            try:
                await self._world.presence.connected(account_id)
            except TemporaryError as error:
                LOG.warning("presence is not told", extra={"why": str(error)})
                return

    async def _say_disconnected(self, account_id: str) -> None:
        try:
            await self._world.presence.disconnected(account_id)
        except TemporaryError as error:
            LOG.warning("presence is not told", extra={"why": str(error)})
