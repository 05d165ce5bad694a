"""A proxy in front of MongoDB that forwards everything until a test holds an answer or shuts it.

It splits the traffic into frames by the length in each header (MongoDB wire protocol, OP_MSG), so a
test can wait for one command, such as `commitTransaction`, and choose what happens to it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from marketplace.settings import Settings

_HEAD_BYTES = 4


@dataclass(slots=True)
class MongoProxy:
    """What happens to commands that contain `watched`, on all connections.

    `arrived` is set when a client has sent such a command, `carried_out` when the server has
    answered it.
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
        """Watch for this command, with `holds_command`, `holds_answer` or `cuts_after_answer`."""
        self.watched = command.encode()
        self.holds_command = what.get("holds_command", False)
        self.holds_answer = what.get("holds_answer", False)
        self.cuts_after_answer = what.get("cuts_after_answer", False)
        for event in (self.arrived, self.carried_out, self._go_on):
            event.clear()

    def open(self) -> None:
        """Forward everything, including what is held."""
        self.watched = None
        self.is_shut = self.cuts_after_answer = self.holds_command = self.holds_answer = False
        self._go_on.set()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """Forward one connection."""
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
            tasks = [asyncio.ensure_future(direction) for direction in ways]
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
        for writer in self._writers:
            writer.transport.abort()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(_HEAD_BYTES)
    return head + await reader.readexactly(int.from_bytes(head, "little") - _HEAD_BYTES)


@asynccontextmanager
async def proxied_mongodb(settings: Settings) -> AsyncIterator[tuple[MongoProxy, Settings]]:
    """A proxy in front of these settings' MongoDB, and settings that connect through it."""
    server = urlsplit(settings.mongodb_url)
    host, port = server.hostname or "127.0.0.1", server.port or 27_017
    proxy = MongoProxy()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await proxy.serve(reader, writer, host, port)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        own_port = listening.sockets[0].getsockname()[1]
        # With discovery, a client would bypass the proxy and use the address the server reports.
        url = f"mongodb://127.0.0.1:{own_port}/?directConnection=true"
        yield proxy, replace(settings, mongodb_url=url)
        proxy.open()
