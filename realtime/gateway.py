"""All connections of this gateway: handshake, own room, presence, termination."""

import asyncio
from typing import Any

from prometheus_client import Counter, Gauge

from marketplace import tasks
from marketplace.addresses import network_of
from marketplace.domain.accounts import Actor
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ids import new_id
from marketplace.logs import get_logger
from marketplace.ports import Signal, SignalName, World, account_room
from marketplace.presence import REFRESH_EVERY_S
from marketplace.schemas.errors import unavailable
from marketplace.tokens import Access, Tokens
from realtime.admission import Admission
from realtime.connections import AccountConnections, Connection
from realtime.limits import CONNECTIONS_OF_ACCOUNT, HandshakeLimits
from realtime.ports import Transport
from realtime.rooms import Rooms

LOG = get_logger(__name__)
WARN_BEFORE_S = 60.0
CHECK_EXPIRY_EVERY_S = 2.0
# The end of a log-in is announced over Redis at once; this finds those whose announcement was lost.
CHECK_SESSIONS_EVERY_S = 30.0
SESSIONS_PER_QUERY = 500
# A handshake takes some 300 µs of this process: two thousand are done in under a second.
HANDSHAKES_AT_A_TIME = 200
HANDSHAKES_WAITING = 2_000

_CONNECTIONS = Gauge("parley_connections", "Open connections with a verified access token")
_REFUSED = Counter("parley_connections_refused_total", "Refused handshakes", ["code"])
_ENDED = Counter("parley_connections_ended_total", "Connections closed by the gateway", ["code"])
# The reason in the close frame when the gateway ends a connection.
_REASONS = {
    Code.TOKEN_EXPIRED: "token expired",
    Code.UNAUTHENTICATED: "log-in ended",
    Code.RATE_LIMITED: "too many calls",
    Code.DRAINING: "draining",
}


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
        self._max_per_account = CONNECTIONS_OF_ACCOUNT * limit_scale
        self._handshakes = HandshakeLimits(limit_scale)
        self._admission = Admission(HANDSHAKES_AT_A_TIME, HANDSHAKES_WAITING)
        self._connections: dict[str, Connection] = {}
        self._accounts: dict[str, AccountConnections] = {}
        self.is_draining = False
        rooms.on(SignalName.SESSION_ENDED, self._session_ended)

    async def connect(self, connection_id: str, auth: object, address: str) -> None:
        """Check a handshake and add the connection to its account's room.

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
            await self._report_connected(access.acting_id)
        except ParleyError as error:
            _REFUSED.labels(error.code).inc()
            raise

    async def disconnect(self, connection_id: str) -> None:
        """Forget a connection and remove it from its rooms."""
        connection = self._connections.pop(connection_id, None)
        if connection is None:
            return
        connection.is_gone = True
        self._handshakes.release(connection.network)
        _CONNECTIONS.set(len(self._connections))
        account_id = connection.actor.account_id
        account = self._accounts[account_id]
        account.connections.remove(connection)
        is_last = not account.connections
        if is_last:
            self._accounts.pop(account_id, None)
        for room in list(connection.rooms):
            self._rooms.leave(room, connection_id)
        if is_last and account_id not in self._accounts:
            await self._report_disconnected(account_id)

    def require(self, connection_id: str | None) -> Connection:
        """The live connection with this id.

        A POST may arrive after a draining connection has ended and before its session has. An app
        that then got `unauthenticated` would discard its log-in.

        Raises:
            ParleyError: `draining`; `unauthenticated` for anything else that has no connection.
        """
        connection = None if connection_id is None else self._connections.get(connection_id)
        if connection is None:
            self._refuse_while_draining()
            raise ParleyError(Code.UNAUTHENTICATED, "Connect with an access token first.")
        return connection

    def end(self, connection: Connection, code: Code) -> None:
        """Push the reason to a connection and close it in a way that makes the app reconnect."""
        if connection.is_ending:
            return
        connection.is_ending = connection.is_leaving = True
        _ENDED.labels(code).inc()
        self._transport.push([connection.id], "connection.closing", {"code": code})
        self._transport.end(connection.id, _REASONS[code])

    async def drained(self, connection: Connection) -> None:
        """Wait while the app has fallen behind in reading what it was sent.

        Raises:
            ParleyError: `draining`, when the connection ends meanwhile.
        """
        await self._transport.drained(connection.id)
        if connection.is_gone or connection.is_ending:
            raise ParleyError(Code.DRAINING, "The connection has ended. Reconnect.")

    def connections(self, account_id: str | None = None) -> list[Connection]:
        """All live connections, or those of an account."""
        if account_id is None:
            return list(self._connections.values())
        account = self._accounts.get(account_id)
        return list(account.connections) if account else []

    def start(self, background: tasks.Background) -> None:
        """Refresh presence, and close connections with an expired token or an ended log-in.

        One task each, so that trouble with Redis or MongoDB does not hold up the others.
        """
        background.start("presence of accounts", self._report_connected_for_ever())
        background.start("ended log-ins", self._check_sessions_for_ever())
        background.start("expired tokens", self._check_expiry_for_ever())

    async def _check_expiry_for_ever(self) -> None:
        while True:
            self._check_expiry()
            await asyncio.sleep(CHECK_EXPIRY_EVERY_S)

    async def _report_connected_for_ever(self) -> None:
        while True:
            await self._report_all_connected()
            await asyncio.sleep(REFRESH_EVERY_S)

    async def _check_sessions_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SESSIONS_EVERY_S)
            await self.check_sessions()

    async def check_sessions(self) -> None:
        """Close the connections whose log-in has ended."""
        connections = self.connections()
        for start in range(0, len(connections), SESSIONS_PER_QUERY):
            batch = connections[start : start + SESSIONS_PER_QUERY]
            try:
                alive = await self._world.store.sessions.alive(
                    [connection.session_id for connection in batch]
                )
            except TemporaryError as error:
                LOG.warning("could not check sessions", why=str(error))
                return
            for connection in batch:
                if connection.session_id not in alive and not connection.is_gone:
                    self.end(connection, Code.UNAUTHENTICATED)

    def _add(self, connection_id: str, access: Access, network: str) -> Connection:
        account = self._accounts.setdefault(access.acting_id, AccountConnections())
        member_id = _member_id(access)
        actor = Actor(access.acting_id, access.role, correlation_id=new_id(), member_id=member_id)
        connection = Connection(
            connection_id,
            actor,
            access.expires_at.timestamp(),
            self._world,
            session_id=access.session_id,
            network=network,
            account=account.rate_of(member_id),
        )
        account.connections.append(connection)
        self._connections[connection_id] = connection
        _CONNECTIONS.set(len(self._connections))
        return connection

    async def _check(self, auth: object) -> Access:
        """The access that the token grants, if its log-in is active and the account has room."""
        token: Any = auth.get("token") if isinstance(auth, dict) else None
        access = self._tokens.check(token)
        try:
            alive = await self._world.store.sessions.alive([access.session_id])
            is_member = await self._is_member(access)
        except TemporaryError as error:
            raise unavailable() from error
        if access.session_id not in alive or not is_member:
            raise ParleyError(Code.UNAUTHENTICATED, "This log-in has ended. Log in again.")
        self._refuse_while_draining()
        account = self._accounts.get(access.acting_id)
        if account is not None and account.count_of(_member_id(access)) >= self._max_per_account:
            raise ParleyError(
                Code.TOO_MANY_CONNECTIONS,
                "This account has too many connections. Close another window or app first.",
            )
        return access

    async def _is_member(self, access: Access) -> bool:
        """Whether a log-in that acts for a vendor still may; a log-in may begin during a removal."""
        if access.vendor_id is None:
            return True
        member = await self._world.store.members.get(access.account_id)
        return member is not None and member.vendor_id == access.vendor_id

    def _refuse_while_draining(self) -> None:
        if self.is_draining:
            raise ParleyError(
                Code.DRAINING,
                "This gateway is shutting down. Reconnect; another gateway will take the connection.",
            )

    async def _enter_own_room(self, connection: Connection) -> None:
        name = account_room(connection.actor.account_id)
        await self._rooms.listen(name, connection.id)
        if connection.is_gone:
            self._rooms.leave(name, connection.id)
        else:
            connection.rooms.add(name)

    def _check_expiry(self) -> None:
        now = self._world.clock.now().timestamp()
        for connection in self.connections():
            left_s = connection.expires_at - now
            if left_s <= 0:
                self.end(connection, Code.TOKEN_EXPIRED)
            elif left_s <= WARN_BEFORE_S and not connection.is_warned:
                connection.is_warned = True
                payload = {"expires_in_s": int(left_s)}
                self._transport.push([connection.id], "session.expiring", payload)

    def _session_ended(self, signal: Signal) -> None:
        _, _, account_id = signal.room.partition(":")
        for connection in self.connections(account_id):
            if connection.session_id == signal.data.get("session_id"):
                self.end(connection, Code.UNAUTHENTICATED)

    async def _report_all_connected(self) -> None:
        account_ids = list(self._accounts)
        for start in range(0, len(account_ids), SESSIONS_PER_QUERY):
            batch = account_ids[start : start + SESSIONS_PER_QUERY]
            await self._report_connected(*(id_ for id_ in batch if id_ in self._accounts))

    async def _report_connected(self, *account_ids: str) -> None:
        try:
            await self._world.presence.connected(*account_ids)
        except TemporaryError as error:
            LOG.warning("could not update presence", why=str(error))

    async def _report_disconnected(self, account_id: str) -> None:
        try:
            await self._world.presence.disconnected(account_id)
        except TemporaryError as error:
            LOG.warning("could not update presence", why=str(error))


def _member_id(access: Access) -> str | None:
    """The member of a team who acts as its vendor; None for everybody else."""
    return access.account_id if access.vendor_id is not None else None
