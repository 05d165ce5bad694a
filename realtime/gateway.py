"""Connections of this gateway: handshake, the rooms they are in, presence, their end."""

import asyncio
import logging
import math
from typing import Any

from prometheus_client import Counter, Gauge

from marketplace.addresses import network_of
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation
from marketplace.domain.ids import new_id
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ports import SESSION_ENDED, Announcement, World, account_room
from marketplace.presence import REFRESH_EVERY_S
from marketplace.tokens import Access, Tokens
from realtime.admission import Admission
from realtime.limits import CONNECTIONS_OF_ACCOUNT, HandshakeLimits
from realtime.rooms import Room, Rooms, too_many_rooms
from realtime.transport import Transport

LOG = logging.getLogger(__name__)
MAX_ROOMS = 200
MAX_KNOWN_CONVERSATIONS = 100
WARN_BEFORE_S = 60.0
CHECK_EXPIRY_EVERY_S = 2.0
# Redis tells at once when a log-in has ended; this finds those that it did not tell of.
CHECK_SESSIONS_EVERY_S = 30.0
ASKED_TOGETHER = 500
# A handshake takes some 300 µs of this process: two thousand are through in under a second.
HANDSHAKES_AT_A_TIME = 200
HANDSHAKES_WAITING = 2_000

_CONNECTIONS = Gauge("parley_connections", "Connections with a checked token")
_REFUSED = Counter("parley_connections_refused_total", "Handshakes refused", ["code"])
_ENDED = Counter("parley_connections_ended_total", "Connections that the gateway ended", ["code"])
# Why the gateway ends connections, as the close frame says it.
_REASONS = {
    Code.TOKEN_EXPIRED: "token expired",
    Code.UNAUTHENTICATED: "log-in ended",
    Code.RATE_LIMITED: "too many calls",
    Code.DRAINING: "draining",
}


class AccountHere:
    """What the connections of one account share."""

    __slots__ = ("calls_paid_until", "connections")

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.calls_paid_until = 0.0


class Connection:
    """One app of one account, connected to this gateway; `expires_at` is a POSIX time."""

    __slots__ = (
        "_conversations",
        "_lookup",
        "access_changes",
        "account",
        "actor",
        "calls_paid_until",
        "expires_at",
        "id",
        "is_ending",
        "is_gone",
        "is_leaving",
        "is_warned",
        "lookups",
        "may_write",
        "network",
        "refusals_paid_until",
        "rooms",
        "session_id",
        "typing_paid_until",
        "under_way",
    )

    def __init__(
        self,
        connection_id: str,
        actor: Actor,
        expires_at: float,
        *,
        session_id: str = "",
        network: str = "",
        account: AccountHere | None = None,
    ) -> None:
        self.id = connection_id
        self.actor = actor
        self.expires_at = expires_at
        self.session_id = session_id
        self.network = network
        self.account = account or AccountHere()
        self.is_warned = self.is_leaving = self.is_ending = self.is_gone = False
        self.under_way = 0
        self.calls_paid_until = self.typing_paid_until = self.refusals_paid_until = 0.0
        self.rooms: set[str] = set()
        # Grows when what its account may see or do has changed: what was asked before may be over.
        self.access_changes = 0
        # Known from the first message on, until the account's access changes.
        self.may_write = False
        self.lookups = 0
        # Most connections take part in one conversation and look it up once: made when needed.
        self._lookup: asyncio.Lock | None = None
        self._conversations: dict[str, tuple[Conversation, float]] | None = None

    @property
    def lookup(self) -> asyncio.Lock:
        """One look-up at a time, so that messages sent before it is known keep their order."""
        if self._lookup is None:
            self._lookup = asyncio.Lock()
        return self._lookup

    def known(self, conversation_id: str, within_s: float = math.inf) -> Conversation | None:
        """A conversation this connection takes part in, as it stood that many seconds ago at most."""
        found = self._conversations.get(conversation_id) if self._conversations else None
        if found is None or asyncio.get_running_loop().time() - found[1] > within_s:
            return None
        return found[0]

    def know(self, conversation: Conversation) -> None:
        """Remember it; of a hundred the oldest is looked up again."""
        if self._conversations is None:
            self._conversations = {}
        looked_up_at = asyncio.get_running_loop().time()
        self._conversations[conversation.id] = (conversation, looked_up_at)
        if len(self._conversations) > MAX_KNOWN_CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]

    def forget_access(self) -> None:
        """Ask anew what the account may do."""
        self.access_changes += 1
        self.may_write = False
        self._conversations = None

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
        self._most_of_account = CONNECTIONS_OF_ACCOUNT * limit_scale
        self._handshakes = HandshakeLimits(limit_scale)
        self._admission = Admission(HANDSHAKES_AT_A_TIME, HANDSHAKES_WAITING)
        self._connections: dict[str, Connection] = {}
        self._accounts: dict[str, AccountHere] = {}
        self.is_draining = False
        rooms.on(SESSION_ENDED, self._session_ended)

    async def connect(self, connection_id: str, auth: object, address: str) -> None:
        """Check a handshake and take the connection into its account's room.

        Raises:
            ParleyError: `unauthenticated`, `token_expired`, `too_many_connections`, `draining`,
                `rate_limited`, `unavailable`.
        """
        try:
            self._refuse_while_draining()
            network = network_of(address)
            self._handshakes.take(network)
            try:
                async with self._admission:
                    access = await self._check(auth)
                    connection = self._add(connection_id, access, network)
                    await self._enter_own_room(connection)
            except BaseException:
                if connection_id in self._connections:
                    await self.disconnect(connection_id)
                else:
                    self._handshakes.release(network)
                raise
            await self._say_connected(access.account_id)
        except ParleyError as error:
            _REFUSED.labels(error.code).inc()
            raise

    async def disconnect(self, connection_id: str) -> None:
        """Forget a connection and take it out of its rooms."""
        connection = self._connections.pop(connection_id, None)
        if connection is None:
            return
        connection.is_gone = True
        self._handshakes.release(connection.network)
        _CONNECTIONS.set(len(self._connections))
        account_id = connection.actor.account_id
        connection.account.connections.remove(connection)
        is_last = not connection.account.connections
        if is_last:
            self._accounts.pop(account_id, None)
        for room in list(connection.rooms):
            await self._rooms.leave(room, connection_id)
        if is_last and account_id not in self._accounts:
            await self._say_disconnected(account_id)

    def connection(self, connection_id: str) -> Connection | None:
        """A live connection."""
        return self._connections.get(connection_id)

    def end(self, connection: Connection, code: Code) -> None:
        """Tell a connection why, and close it in a way that the app comes back from."""
        if connection.is_ending:
            return
        connection.is_ending = connection.is_leaving = True
        _ENDED.labels(code).inc()
        self._transport.push([connection.id], "connection.closing", {"code": code})
        self._transport.end(connection.id, _REASONS[code])

    def connections(self, account_id: str | None = None) -> list[Connection]:
        """All live connections, or those of an account."""
        if account_id is None:
            return list(self._connections.values())
        account = self._accounts.get(account_id)
        return list(account.connections) if account else []

    async def tend_for_ever(self) -> None:
        """Keep presence alive, and end connections whose token is over or whose log-in has ended."""
        # Each by itself: neither Redis nor MongoDB in trouble holds up the others.
        async with asyncio.TaskGroup() as tending:
            tending.create_task(self._say_connected_for_ever())
            tending.create_task(self._check_sessions_for_ever())
            while True:
                self._check_expiry()
                await asyncio.sleep(CHECK_EXPIRY_EVERY_S)

    async def _say_connected_for_ever(self) -> None:
        while True:
            await self._say_all_connected()
            await asyncio.sleep(REFRESH_EVERY_S)

    async def _check_sessions_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SESSIONS_EVERY_S)
            await self.check_sessions()

    async def check_sessions(self) -> None:
        """End the connections whose log-in has ended."""
        everybody = self.connections()
        for start in range(0, len(everybody), ASKED_TOGETHER):
            some = everybody[start : start + ASKED_TOGETHER]
            try:
                alive = await self._world.store.sessions.alive([each.session_id for each in some])
            except TemporaryError as error:
                LOG.warning("log-ins are not checked", extra={"why": str(error)})
                return
            for each in some:
                if each.session_id not in alive and not each.is_gone:
                    self.end(each, Code.UNAUTHENTICATED)

    def _add(self, connection_id: str, access: Access, network: str) -> Connection:
        account = self._accounts.setdefault(access.account_id, AccountHere())
        actor = Actor(access.account_id, access.role, correlation_id=new_id())
        connection = Connection(
            connection_id,
            actor,
            access.expires_at.timestamp(),
            session_id=access.session_id,
            network=network,
            account=account,
        )
        account.connections.append(connection)
        self._connections[connection_id] = connection
        _CONNECTIONS.set(len(self._connections))
        return connection

    async def _check(self, auth: object) -> Access:
        """What the token says, if its log-in goes on and there is a place for the connection."""
        token: Any = auth.get("token") if isinstance(auth, dict) else None
        access = self._tokens.check(token)
        try:
            alive = await self._world.store.sessions.alive([access.session_id])
        except TemporaryError as error:
            raise ParleyError(Code.UNAVAILABLE, "Try again shortly.") from error
        if access.session_id not in alive:
            raise ParleyError(Code.UNAUTHENTICATED, "This log-in has ended; log in again.")
        self._refuse_while_draining()
        account = self._accounts.get(access.account_id)
        if account is not None and len(account.connections) >= self._most_of_account:
            raise ParleyError(
                Code.TOO_MANY_CONNECTIONS, "Close another window or app of this account first."
            )
        return access

    def _refuse_while_draining(self) -> None:
        if self.is_draining:
            raise ParleyError(Code.DRAINING, "Connect again; another gateway takes you.")

    async def _enter_own_room(self, connection: Connection) -> None:
        room = await self._rooms.enter(account_room(connection.actor.account_id), None)
        try:
            room.settle(connection.id, 0)
            connection.note(room)
        finally:
            await self._rooms.abandon(room)

    def _check_expiry(self) -> None:
        now = self._world.clock.now().timestamp()
        for connection in self.connections():
            left_s = connection.expires_at - now
            if left_s <= 0:
                self.end(connection, Code.TOKEN_EXPIRED)
            elif left_s <= WARN_BEFORE_S and not connection.is_warned:
                connection.is_warned = True
                told = {"expires_in_s": int(left_s)}
                self._transport.push([connection.id], "session.expiring", told)

    def _session_ended(self, announcement: Announcement) -> None:
        _, _, account_id = announcement.room.partition(":")
        for connection in self.connections(account_id):
            if connection.session_id == announcement.data.get("session_id"):
                self.end(connection, Code.UNAUTHENTICATED)

    async def _say_all_connected(self) -> None:
        everybody = list(self._accounts)
        for start in range(0, len(everybody), ASKED_TOGETHER):
            some = everybody[start : start + ASKED_TOGETHER]
            await self._say_connected(*(each for each in some if each in self._accounts))

    async def _say_connected(self, *account_ids: str) -> None:
        try:
            await self._world.presence.connected(*account_ids)
        except TemporaryError as error:
            LOG.warning("presence is not told", extra={"why": str(error)})

    async def _say_disconnected(self, account_id: str) -> None:
        try:
            await self._world.presence.disconnected(account_id)
        except TemporaryError as error:
            LOG.warning("presence is not told", extra={"why": str(error)})
