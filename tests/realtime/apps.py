"""Apps as python-socketio's own client makes them, and the people who hold them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import socketio

from marketplace.bootstrap import SystemClock
from marketplace.domain.accounts import Account, Role
from marketplace.domain.conversations import Conversation, Entry, Participant
from marketplace.ports import Repositories, Store
from marketplace.settings import Settings
from marketplace.tokens import Tokens
from tests.builders import a_conversation, a_message, a_session, an_account
from tests.realtime.contract import fault_of_answer, fault_of_push, fault_of_refusal

Push = tuple[str, dict[str, Any]]
WITHIN_S = 15.0
ENTRIES = frozenset({"message.sent", "message.edited", "message.deleted", "notice.added"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, a log-in and an access token."""

    account: Account
    session_id: str
    token: str

    @property
    def id(self) -> str:
        """The account's id."""
        return self.account.id


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation and the two who have it."""

    conversation: Conversation
    customer: Person
    vendor: Person

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.conversation.id

    def named(self, **more: Any) -> dict[str, Any]:
        """A payload that names the conversation."""
        return {"conversation_id": self.id, **more}

    def says(self, client_message_id: object, body: str = "Hello") -> dict[str, Any]:
        """The payload of `send_message`."""
        return self.named(client_message_id=str(client_message_id), body=body)


async def a_person(
    store: Store, settings: Settings, role: Role = Role.CUSTOMER, *, ttl_s: int = 3_600
) -> Person:
    """Register somebody and log them in."""
    account = an_account(role=role, name=f"{role} with a name")
    session = a_session(account_id=account.id)
    await store.accounts.add(account)
    await store.sessions.add(session)
    tokens = Tokens(settings.token_secret, SystemClock())
    return Person(account, session.id, tokens.issue(account, session.id, ttl_s))


async def another_log_in(store: Store, settings: Settings, person: Person) -> Person:
    """The same person, logged in once more."""
    session = a_session(account_id=person.id)
    await store.sessions.add(session)
    tokens = Tokens(settings.token_secret, SystemClock())
    return Person(person.account, session.id, tokens.issue(person.account, session.id, 3_600))


async def a_talk(store: Store, settings: Settings) -> Talk:
    """Two people and their conversation, without an entry."""
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
    """Messages of the vendor that come into the store and are announced to nobody."""

    async def work(to: Repositories) -> list[Entry]:
        return [
            await to.entries.add_next(a_message(conversation_id=talk.id, sender_id=talk.vendor.id))
            for _ in range(count)
        ]

    return await store.transact(work)


@dataclass(slots=True)
class App:
    """A connected app that keeps what is pushed to it.

    What it hears is held to the contract: `faults` has what was not as documented.
    """

    client: "socketio.AsyncClient"
    pushes: list[Push] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, name: str, data: Any = None) -> None:
        """Keep a push."""
        self.pushes.append((name, data))
        if name == "connect_error":
            self._note(fault_of_refusal(data["data"]) if "data" in data else None)
        elif name != "disconnect":
            self._note(fault_of_push(name, data))
        self._changed.set()

    async def call(self, name: str, *payload: Any) -> dict[str, Any]:
        """Call and return the acknowledgement."""
        answer: dict[str, Any] = await self.client.call(
            name, payload[0] if payload else None, timeout=WITHIN_S
        )
        self._note(fault_of_answer(name, answer))
        return answer

    def _note(self, fault: str | None) -> None:
        if fault is not None:
            self.faults.append(fault)

    async def ok(self, name: str, payload: Any) -> dict[str, Any]:
        """Call and insist on success."""
        answer = await self.call(name, payload)
        assert answer.pop("ok"), answer
        return answer

    async def refused(self, name: str, *payload: Any) -> str:
        """Call and return the code of the error."""
        answer = await self.call(name, *payload)
        assert answer["ok"] is False, answer
        assert answer["error"]["message"]
        code: str = answer["error"]["code"]
        return code

    async def until(self, is_true: Callable[[], bool], within_s: float = WITHIN_S) -> None:
        """Wait for pushes until something is true of the app."""
        async with asyncio.timeout(within_s):
            while not is_true():
                self._changed.clear()
                await self._changed.wait()

    def named(self, *names: str) -> list[dict[str, Any]]:
        """The payloads of the pushes of these names, in the order they came."""
        return [data for name, data in self.pushes if name in names]

    def sequences(self) -> list[int]:
        """The sequences of the entries pushed, in the order they came."""
        return [each["sequence"] for each in self.named(*ENTRIES)]

    async def has_up_to(self, sequence: int) -> None:
        """Wait for the push of an entry."""
        await self.until(lambda: sequence in self.sequences())

    async def closed(self) -> None:
        """Wait for the end of the connection."""
        await self.until(lambda: bool(self.named("disconnect")))

    async def send_many(
        self, talk: Talk, numbers: Iterable[int], in_flight: int = 8
    ) -> list[dict[str, Any]]:
        """Send messages `m<number>` at full speed; returns the messages as acknowledged."""
        gate = asyncio.Semaphore(in_flight)

        async def send(number: int) -> dict[str, Any]:
            async with gate:
                payload = talk.says(f"{id(self)}-{number}", f"m{number}")
                message: dict[str, Any] = (await self.ok("send_message", payload))["message"]
                return message

        return list(await asyncio.gather(*(send(each) for each in numbers)))


def an_app() -> App:
    """An app that is not connected yet."""
    app = App(socketio.AsyncClient(reconnection=False))
    app.client.on("*", app.take)
    app.client.on("disconnect", lambda *_: app.take("disconnect", {}))
    app.client.on("connect_error", lambda data=None: app.take("connect_error", data or {}))
    return app
