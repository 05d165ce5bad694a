"""State shared by all requests of one app."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from marketplace import tasks
from marketplace.bootstrap import Parts
from marketplace.turns import Turns
from rest.cursors import Cursors
from rest.erasing import Erasing
from rest.file_links import FileLinks
from rest.limits import Limits
from rest.log_ins import LogIns
from rest.sessions import LiveSessions

# An export reads much and compresses it; more at a time would slow down everybody else.
_CONCURRENT_EXPORTS = 4

Health = Callable[[], Awaitable[tuple[bool, Mapping[str, object]]]]


@dataclass(slots=True)
class Service:
    """The parts, the limits, the documents as served, and the work that outlives its connection.

    `exports` bounds the exports at a time. `running` has a task for each change in flight: a client
    that disconnects does not cancel it, and the process waits for it before it exits.
    """

    parts: Parts
    health: Health
    limits: Limits
    log_ins: LogIns
    sessions: LiveSessions
    cursors: Cursors
    file_links: FileLinks
    erasing: Erasing
    openapi_json: bytes = b""
    documentation_html: bytes = b""
    asyncapi_json: bytes = b""
    socket_documentation_html: bytes = b""
    turns: Turns = field(default_factory=Turns)
    exports: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_CONCURRENT_EXPORTS)
    )
    running: set["asyncio.Task[Any]"] = field(default_factory=set)

    def keep(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run work that nobody waits for; the process waits for it before it exits."""
        task = tasks.keep(work, name)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
