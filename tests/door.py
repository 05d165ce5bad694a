"""A door before MongoDB: it lets everything through, until a test holds an answer back or shuts it.

Frames are cut by the length at their head (MongoDB wire protocol, OP_MSG), so that a test can wait
for one command, such as `commitTransaction`, and choose what becomes of it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from marketplace.settings import Settings

_HEAD_BYTES = 4


@dataclass(slots=True)
class Door:
    """What becomes of commands that contain `watched`, of all connections.

    `arrived` is set when such a command came from a client, `carried_out` when the server answered it.
    """

    watched: bytes | None = None
    holds_command: bool = False
    holds_answer: bool = False
    cuts_after_answer: bool = False
    is_shut: bool = False
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    carried_out: asyncio.Event = field(default_factory=asyncio.Event)
    _go_on: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def watch(self, command: str, **what: bool) -> None:
        """Watch for the next such command: `holds_command`, `holds_answer` or `cuts_after_answer`."""
        self.watched = command.encode()
        self.holds_command = what.get("holds_command", False)
        self.holds_answer = what.get("holds_answer", False)
        self.cuts_after_answer = what.get("cuts_after_answer", False)
        for each in (self.arrived, self.carried_out, self._go_on):
            each.clear()

    def open(self) -> None:
        """Let everything through, also what was held back."""
        self.watched = None
        self.is_shut = self.cuts_after_answer = self.holds_command = self.holds_answer = False
        self._go_on.set()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """Carry one connection."""
        if self.is_shut:
            writer.transport.abort()
            return
        to_server, from_server = writer, writer
        with suppress(OSError, asyncio.IncompleteReadError):
            server_reader, to_server = await asyncio.open_connection(host, port)
            self._writers |= {to_server, from_server}
            watching = asyncio.Event()
            ways = (
                self._commands(reader, to_server, watching),
                self._answers(server_reader, from_server, watching),
            )
            tasks = [asyncio.ensure_future(each) for each in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for end in (to_server, from_server):
            self._writers.discard(end)
            end.transport.abort()

    async def _commands(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, watching: asyncio.Event
    ) -> None:
        while True:
            frame = await _frame(reader)
            if self.watched is not None and self.watched in frame:
                watching.set()
                self.arrived.set()
                if self.holds_command:
                    await self._go_on.wait()
            writer.write(frame)

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, watching: asyncio.Event
    ) -> None:
        while True:
            frame = await _frame(reader)
            if watching.is_set():
                watching.clear()
                if self.cuts_after_answer:
                    self._shut()
                self.carried_out.set()
                if self.holds_answer:
                    await self._go_on.wait()
            writer.write(frame)

    def _shut(self) -> None:
        self.is_shut = True
        for each in self._writers:
            each.transport.abort()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(_HEAD_BYTES)
    return head + await reader.readexactly(int.from_bytes(head, "little") - _HEAD_BYTES)


@asynccontextmanager
async def before_mongodb(settings: Settings) -> AsyncIterator[tuple[Door, Settings]]:
    """A door before the MongoDB of these settings, and the settings of those who go through it."""
    server = urlsplit(settings.mongodb_url)
    host, port = server.hostname or "127.0.0.1", server.port or 27_017
    door = Door()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await door.serve(reader, writer, host, port)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        own_port = listening.sockets[0].getsockname()[1]
        # Discovery would lead a client past the door, to the address that the server knows of itself.
        url = f"mongodb://127.0.0.1:{own_port}/?directConnection=true"
        yield door, replace(settings, mongodb_url=url)
        door.open()
