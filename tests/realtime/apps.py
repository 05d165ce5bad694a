"""Apps connected with python-socketio's own client, and the people who use them."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import socketio
from socketio.exceptions import ConnectionError as NotConnectedError

from marketplace.bootstrap import SystemClock
from marketplace.domain.accounts import Account, Role
from marketplace.domain.conversations import Conversation, Entry, Participant
from marketplace.ports import Repositories, Store
from marketplace.settings import Settings
from marketplace.tokens import Tokens
from tests.builders import a_conversation, a_message, a_session, an_account
from tests.realtime.contract import fault_of_answer, fault_of_push, fault_of_refusal
from tests.realtime.gateways import RunningGateway

Push = tuple[str, dict[str, Any]]
WITHIN_S = 15.0
ENTRIES = frozenset({"message.sent", "message.edited", "message.deleted", "notice.added"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, a session and an access token."""

    account: Account
    session_id: str
    token: str

    @property
    def id(self) -> str:
        """The account's id."""
        return self.account.id


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation and its two participants."""

    conversation: Conversation
    customer: Person
    vendor: Person

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.conversation.id

    def named(self, **more: Any) -> dict[str, Any]:
        """A payload with the conversation's id."""
        return {"conversation_id": self.id, **more}

    def says(self, client_message_id: object, body: str = "Hello") -> dict[str, Any]:
        """A payload for `send_message`."""
        return self.named(client_message_id=str(client_message_id), body=body)


async def a_person(
    store: Store, settings: Settings, role: Role = Role.CUSTOMER, *, ttl_s: int = 3_600
) -> Person:
    """Create an account and a session for it."""
    account = an_account(role=role, name=f"{role} with a name")
    session = a_session(account_id=account.id)
    await store.accounts.add(account)
    await store.sessions.add(session)
    tokens = Tokens(settings.token_secret, SystemClock())
    return Person(account, session.id, tokens.issue(account, session.id, ttl_s))


async def another_log_in(store: Store, settings: Settings, person: Person) -> Person:
    """Log the same person in once more, with a second session."""
    session = a_session(account_id=person.id)
    await store.sessions.add(session)
    tokens = Tokens(settings.token_secret, SystemClock())
    return Person(person.account, session.id, tokens.issue(person.account, session.id, 3_600))


async def a_talk(store: Store, settings: Settings) -> Talk:
    """Create two people and a conversation between them, with no entries."""
    customer = await a_person(store, settings)
    vendor = await a_person(store, settings, Role.VENDOR)
    conversation = a_conversation(
        participants=(
            Participant(customer.id, Role.CUSTOMER, customer.account.name),
            Participant(vendor.id, Role.VENDOR, vendor.account.name),
        )
    )
    await store.conversations.add(conversation)
    return Talk(conversation, customer, vendor)


async def written(store: Store, talk: Talk, count: int = 1) -> list[Entry]:
    """Write messages of the vendor straight into the store; nothing is announced.

    MongoDB aborts a transaction after 5 s, so one transaction writes at most 50 of them.
    """

    async def work(to: Repositories) -> list[Entry]:
        return [
            await to.entries.add_next(a_message(conversation_id=talk.id, sender_id=talk.vendor.id))
            for _ in range(min(50, count - len(entries)))
        ]

    entries: list[Entry] = []
    while len(entries) < count:
        entries += await store.transact(work)
    return entries


@dataclass(slots=True)
class App:
    """A connected app that records every push it gets.

    Everything it gets is checked against the contract; `faults` lists the violations.
    """

    client: "socketio.AsyncClient"
    connect_log: list[str]
    pushes: list[Push] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, to: RunningGateway, auth: Any = None, **options: Any) -> None:
        """Connect, by websocket by default.

        Raises:
            NotConnectedError: with the client's log and the gateway's sessions in its notes.
        """
        wanted = {"transports": ["websocket"], "wait_timeout": 10, **options}
        try:
            await self.client.connect(to.url, auth=auth, **wanted)
        except NotConnectedError as error:
            error.add_note("\n".join(["The client:", *self.connect_log]))
            error.add_note("\n".join(["The gateway:", *to.sessions()]))
            raise
        self.client.logger.disabled = True

    def take(self, name: str, data: Any = None) -> None:
        """Record a push."""
        self.pushes.append((name, data))
        if name == "connect_error":
            self._note(fault_of_refusal(data["data"]) if "data" in data else None)
        elif name != "disconnect":
            self._note(fault_of_push(name, data))
        self._changed.set()

    async def call(self, name: str, *payload: Any) -> dict[str, Any]:
        """Make a call and return its acknowledgement."""
        answer: dict[str, Any] = await self.client.call(
            name, payload[0] if payload else None, timeout=WITHIN_S
        )
        self._note(fault_of_answer(name, answer))
        return answer

    def _note(self, fault: str | None) -> None:
        if fault is not None:
            self.faults.append(fault)

    async def ok(self, name: str, payload: Any) -> dict[str, Any]:
        """Make a call, require success, and return the acknowledgement."""
        answer = await self.call(name, payload)
        assert answer.pop("ok"), answer
        return answer

    async def refused(self, name: str, *payload: Any) -> str:
        """Make a call, require an error, and return its code."""
        answer = await self.call(name, *payload)
        assert answer["ok"] is False, answer
        assert answer["error"]["message"]
        code: str = answer["error"]["code"]
        return code

    async def until(self, is_true: Callable[[], bool], within_s: float = WITHIN_S) -> None:
        """Wait until the condition is true, checking it after each push."""
        async with asyncio.timeout(within_s):
            while not is_true():
                self._changed.clear()
                await self._changed.wait()

    def named(self, *names: str) -> list[dict[str, Any]]:
        """The payloads of the pushes with these names, in order of arrival."""
        return [data for name, data in self.pushes if name in names]

    def sequences(self) -> list[int]:
        """The sequences of the pushed entries, in order of arrival."""
        return [entry["sequence"] for entry in self.named(*ENTRIES)]

    async def has_up_to(self, sequence: int) -> None:
        """Wait until the entry with this sequence has been pushed."""
        await self.until(lambda: sequence in self.sequences())

    async def closed(self) -> None:
        """Wait until the connection has closed."""
        await self.until(lambda: bool(self.named("disconnect")))

    async def send_many(
        self, talk: Talk, numbers: Iterable[int], in_flight: int = 8
    ) -> list[dict[str, Any]]:
        """Send messages `m<number>` at full speed; returns them as acknowledged."""
        gate = asyncio.Semaphore(in_flight)

        async def send(number: int) -> dict[str, Any]:
            async with gate:
                payload = talk.says(f"{id(self)}-{number}", f"m{number}")
                message: dict[str, Any] = (await self.ok("send_message", payload))["message"]
                return message

        return list(await asyncio.gather(*(send(number) for number in numbers)))


class _ListHandler(logging.Handler):
    """Appends each log line to a list, with the seconds since the tests began."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{record.relativeCreated / 1_000:.3f} {record.getMessage()}")


def an_app() -> App:
    """Create an app that is not connected yet."""
    lines: list[str] = []
    logger = logging.Logger("client of a test", logging.INFO)
    logger.addHandler(_ListHandler(lines))
    client = socketio.AsyncClient(reconnection=False, logger=logger, engineio_logger=logger)
    app = App(client, lines)
    client.on("*", app.take)
    client.on("disconnect", lambda *_: app.take("disconnect", {}))
    client.on("connect_error", lambda data=None: app.take("connect_error", data or {}))
    return app
