"""An app that goes on talking whatever happens to its gateway.

It keeps what it must and no more: the sequence it has got to, and the messages that were not
acknowledged. After every reconnect it joins behind that sequence and sends those messages again,
under the same ids and in the same order. It neither sorts nor drops what it is given, so that its
history has whatever the gateways did wrong.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import socketio
from socketio.exceptions import SocketIOError

from tests.journeys.history import History
from tests.journeys.people import Person
from tests.journeys.site import Site
from tests.journeys.waiting import PATIENCE_S

# More than one at a time, or nothing could be reordered; few enough to be interrupted often.
IN_FLIGHT = 4
MOST_ENTRIES = 200
ANSWER_WITHIN_S = 10.0
_NUMBERED = frozenset({"message.sent", "message.edited", "message.deleted", "notice.added"})


class Talker:
    """One person's app in one conversation; made by `talking`."""

    def __init__(
        self,
        client: "socketio.AsyncClient",
        person: Person,
        conversation_id: str,
        history: History,
    ) -> None:
        self._client = client
        self._person = person
        self._conversation = {"conversation_id": conversation_id}
        self._history = history
        self._unacknowledged: dict[str, str] = {}
        self._room_left = asyncio.Semaphore(IN_FLIGHT)
        self._early: list[dict[str, Any]] | None = []
        self._changed = asyncio.Condition()
        self._joining: asyncio.Task[None] | None = None
        self.joined_on: str | None = None
        client.on("connect", self._begin)
        client.on("disconnect", self._end)
        client.on("*", self._take)

    async def talk(self, stopping: asyncio.Event) -> None:
        """Send one message after the other until told to stop, and return when all are answered."""
        for number in itertools.count(1):
            await self._room_left.acquire()
            if stopping.is_set():
                break
            client_message_id, body = f"m-{number}", f"{self._person.id} says {number}"
            self._history.send(self._person.id, client_message_id, body)
            self._unacknowledged[client_message_id] = body
            if self.joined_on is not None:
                await self._send(client_message_id)
        await self._until(lambda: not self._unacknowledged)

    async def is_joined(self) -> None:
        """Wait until the app is in its conversation."""
        await self._until(lambda: self.joined_on is not None)

    async def is_on(self, gateway: str) -> None:
        """Wait until the app is in its conversation by way of this gateway."""
        await self._until(lambda: self.joined_on == gateway)

    async def acknowledged(self, more: int) -> None:
        """Wait until so many more messages of anybody in the history were acknowledged."""
        wanted = self._history.acknowledged_count() + more
        await self._until(lambda: self._history.acknowledged_count() >= wanted)

    async def has_seen(self, sequence: int) -> None:
        """Wait until the app has got all up to a sequence."""
        await self._until(lambda: self._history.last_seen(self._person.id) >= sequence)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(is_so)
        except TimeoutError:
            told = f"on {self.joined_on}, not acknowledged: {list(self._unacknowledged)}"
            raise AssertionError(f"{self._person.id} waits in vain; {told}") from None

    async def _begin(self) -> None:
        self._joining = asyncio.create_task(self._join())

    async def _end(self, _reason: str) -> None:
        self.joined_on = None
        if self._joining is not None:
            self._joining.cancel()
        await self._tell()

    async def _join(self) -> None:
        """Resume behind what was seen, up to the head; what is pushed begins behind that."""
        self._early = []
        after = self._history.last_seen(self._person.id)
        page = await self._call("join_conversation", after_sequence=after)
        head = page["head"]
        self._see(page["entries"])
        while (after := self._history.last_seen(self._person.id)) < head:
            limit = min(MOST_ENTRIES, head - after)
            page = await self._call("fetch_entries", after_sequence=after, limit=limit)
            self._see(page["entries"])
        early, self._early = self._early, None
        self._see(early)
        # Nothing below gives way to `talk` before all that waits is on its way again.
        self.joined_on = str(self._client.eio.sid).partition(".")[0]
        for client_message_id in list(self._unacknowledged):
            await self._send(client_message_id)
        await self._tell()

    async def _call(self, name: str, **payload: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self._client.call(
            name, {**self._conversation, **payload}, timeout=ANSWER_WITHIN_S
        )
        assert answer["ok"], answer
        return answer

    async def _send(self, client_message_id: str) -> None:
        payload = {
            **self._conversation,
            "client_message_id": client_message_id,
            "body": self._unacknowledged[client_message_id],
        }
        answered = partial(self._answered, client_message_id)
        with suppress(SocketIOError):  # the connection is gone: it goes out after the next join
            await self._client.emit("send_message", payload, callback=answered)

    async def _answered(self, client_message_id: str, answer: dict[str, Any]) -> None:
        if answer["ok"]:
            self._history.acknowledge(self._person.id, answer["message"])
        else:
            self._history.refuse(client_message_id, answer["error"])
        if self._unacknowledged.pop(client_message_id, None) is not None:
            self._room_left.release()
        await self._tell()

    async def _take(self, name: str, data: dict[str, Any]) -> None:
        if name not in _NUMBERED:
            return
        if self._early is None:
            self._see([data])
            await self._tell()
        else:
            self._early.append(data)

    def _see(self, entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            self._history.see(self._person.id, entry)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def talking(
    site: Site, person: Person, conversation_id: str, history: History
) -> AsyncIterator[Talker]:
    """A person's app in a conversation, which comes back by itself when its connection is lost."""
    client = socketio.AsyncClient(
        reconnection_delay=0.2, reconnection_delay_max=1, randomization_factor=0.1
    )
    talker = Talker(client, person, conversation_id, history)
    await client.connect(site.url, auth={"token": person.token}, wait_timeout=10)
    try:
        yield talker
    finally:
        await client.disconnect()
