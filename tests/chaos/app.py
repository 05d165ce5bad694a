"""An app in a conversation, which continues whatever happens to its gateway.

It keeps only what it must: its sequence, and the messages that are not acknowledged. After every
reconnect it joins after that sequence and sends those messages again, with the same ids and in the
same order, before anything new. It neither sorts nor drops what it gets, so that the history shows
everything that the gateways do wrong.
"""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

from tests.chaos.history import (
    KINDS,
    Acknowledged,
    Connected,
    Content,
    Ended,
    Entry,
    Fetched,
    History,
    Joined,
    Pushed,
    Refused,
    Sent,
    Shown,
    entry_of,
    now,
)
from tests.chaos.talks import Person
from tests.chaos.unacknowledged import Unacknowledged
from tests.chaos.wire import ConnectionRefusedByGatewayError, Wire

MOST_ENTRIES = 200
_CALLS = {"message": "send_message", "edit": "edit_message", "deletion": "delete_message"}
Told = dict[str, Any]


class App:
    """One device of one person; `live` connects it repeatedly, until `leave`.

    `entrance` returns the address for the next connection.
    """

    def __init__(
        self,
        name: str,
        person: Person,
        history: History,
        entrance: Callable[[], str],
        random: Random,
        *,
        polling: bool = False,
    ) -> None:
        self.name = name
        self.person = person
        self.last = 0
        self.wire: Wire | None = None
        self._history = history
        self._entrance = entrance
        self._random = random
        self._polling = polling
        # connections over which everything unacknowledged has been sent
        self._wires: list[Wire] = []
        self.unacknowledged = Unacknowledged()
        self._mine: list[Entry] = []
        self._head = 0
        self._aside: list[Entry] = []
        self._numbers = itertools.count(1)
        self._retries: set[asyncio.Task[None]] = set()
        self._is_leaving = False
        self.connected = asyncio.Event()

    @property
    def is_joined(self) -> bool:
        """Whether it is in its conversation now and has resent everything unacknowledged."""
        return self.wire is not None and self.wire in self._wires

    async def live(self) -> None:
        """Stay connected and joined whenever that is possible."""
        while not self._is_leaving:
            with suppress(ConnectionRefusedByGatewayError, OSError):
                await self._connection()
            if not self._is_leaving:
                await asyncio.sleep(self._random.uniform(0.05, 0.5))

    async def leave(self) -> None:
        """Disconnect permanently."""
        self._is_leaving = True
        for retry in self._retries:
            retry.cancel()
        if self.wire is not None:
            await self.wire.cut("left")

    async def say(self, words: str) -> None:
        """Send a message, now or after the next join, until it is acknowledged."""
        number = next(self._numbers)
        content = Content(
            "message", self.person.account_id, f"{self.name}-{number}", body=f"{words} {number}"
        )
        self.unacknowledged.add(content)
        for wire in list(self._wires):
            await self._send(wire, content)

    async def edit(self) -> None:
        """Edit one of the last messages, once: an edit has no id under which it could be resent."""
        if self.wire in self._wires and self.wire is not None and self._mine:
            message = self._random.choice(self._mine[-5:])
            body = f"{self.name} thinks better of it, {next(self._numbers)}"
            content = Content("edit", self.person.account_id, message_id=message.id, body=body)
            await self._send(self.wire, content)

    async def delete(self) -> None:
        """Delete one of the last messages, once."""
        if self.wire in self._wires and self.wire is not None and self._mine:
            message = self._mine.pop(self._random.randrange(len(self._mine)))
            content = Content("deletion", self.person.account_id, message_id=message.id)
            await self._send(self.wire, content)

    async def catch_up(self, wire: Wire) -> None:
        """Send everything unacknowledged over a new connection, in order; later messages follow."""
        gone: set[Content] = set()
        while (content := self.unacknowledged.next_but(gone)) is not None:
            gone.add(content)
            await self._send(wire, content)
        self._wires.append(wire)

    def forget(self, wire: Wire) -> None:
        """Stop sending over a connection."""
        if wire in self._wires:
            self._wires.remove(wire)

    async def open(self, url: str, *, polling: bool = False) -> Wire:
        """Open and record a connection of this person."""
        wire: Wire | None = None

        def take(name: str, data: Told) -> None:
            if wire is not None:
                self._take(wire, name, data)

        wire = Wire(url, self.person.token, take, polling=polling)
        await wire.open()
        self._history.add(
            Connected(now(), wire.name, self.name, self.person.account_id, wire.gateway)
        )
        return wire

    def ended(self, wire: Wire) -> None:
        """Record that a connection has ended."""
        self._history.add(Ended(now(), wire.name, wire.reason))

    async def _connection(self) -> None:
        wire = await self.open(self._entrance(), polling=self._polling)
        self.wire = wire
        self.connected.set()
        try:
            if await self._join(wire):
                await self.catch_up(wire)
                await wire.closed.wait()
        finally:
            self.forget(wire)
            self.wire = None
            self.connected.clear()
            await wire.cut()
            self.ended(wire)

    async def _join(self, wire: Wire) -> bool:
        """Resume after the last sequence, up to the head; pushes continue from there."""
        asked_at, after = now(), self.last
        payload = {"conversation_id": self.person.conversation_id}
        seen = partial(self._joined, wire, asked_at, after)
        answer = await wire.ask("join_conversation", {**payload, "after_sequence": after}, seen)
        while answer["ok"] and self.last < self._head:
            asked_at, after = now(), self.last
            limit = min(MOST_ENTRIES, self._head - after)
            seen = partial(self._fetched, wire, asked_at, after)
            page = {**payload, "after_sequence": after, "limit": limit}
            answer = await wire.ask("fetch_entries", page, seen)
        if not answer["ok"] and not answer["error"]["temporary"]:
            raise AssertionError(f"{self.name} could not join: {answer}")
        return bool(answer["ok"])

    def _joined(self, wire: Wire, asked_at: float, after: int, answer: Told) -> None:
        if answer["ok"]:
            self._head, self._aside = answer["head"], []
            self._show(Joined, wire, asked_at, after, answer)

    def _fetched(self, wire: Wire, asked_at: float, after: int, answer: Told) -> None:
        if answer["ok"]:
            self._show(Fetched, wire, asked_at, after, answer)

    def _show(
        self, kind: type[Shown], wire: Wire, asked_at: float, after: int, answer: Told
    ) -> None:
        entries = tuple(entry_of(item) for item in answer["entries"])
        head, has_more = answer["head"], answer["has_more"]
        shown = kind(now(), *self._where(wire), asked_at, after, head, has_more, entries)
        self._history.add(shown)
        self._see(entries)

    def _take(self, wire: Wire, name: str, data: Told) -> None:
        if name in KINDS and data["conversation_id"] == self.person.conversation_id:
            entry = entry_of(data, KINDS[name])
            self._history.add(Pushed(now(), *self._where(wire), entry))
            self._aside.append(entry)
            self._see(())

    def _see(self, entries: tuple[Entry, ...]) -> None:
        """Apply entries; pushes are set aside while pages up to the head are still to be read."""
        self.last = max(self.last, *(entry.sequence for entry in entries), 0)
        if self.last >= self._head:
            self.last = max(self.last, *(entry.sequence for entry in self._aside), 0)
            self._aside = []

    async def _send(self, wire: Wire, content: Content) -> None:
        payload = {
            "conversation_id": self.person.conversation_id,
            "client_message_id": content.client_message_id,
            "message_id": content.message_id,
            "body": content.body,
        }
        given = {name: value for name, value in payload.items() if value is not None}
        self._history.add(Sent(now(), *self._where(wire), content))
        await wire.call(_CALLS[content.kind], given, partial(self._answered, wire, content))

    def _answered(self, wire: Wire, content: Content, answer: Told) -> None:
        where = self._where(wire)
        if not answer["ok"]:
            error = answer["error"]
            self._history.add(Refused(now(), *where, content, error["code"], error["temporary"]))
            if not error["temporary"]:  # the checker reports it
                self.unacknowledged.done(content)
                return
            pause_s = error.get("retry_after_ms", 500) / 1_000
            retry = asyncio.get_running_loop().create_task(self._send_later(content, pause_s))
            self._retries.add(retry)
            retry.add_done_callback(self._retries.discard)
            return
        stored = answer["message"] if content.kind == "message" else answer["entry"]
        entry = entry_of(stored, content.kind)
        self._history.add(Acknowledged(now(), *where, entry))
        if self.unacknowledged.done(content):
            self._mine.append(entry)

    async def _send_later(self, content: Content, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        if content in self.unacknowledged and self._wires:
            await self._send(self._wires[0], content)

    def _where(self, wire: Wire) -> tuple[str, str]:
        return wire.name, self.person.conversation_id
