"""State shared by all requests of one app."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from marketplace.bootstrap import Parts
from marketplace.turns import Turns
from rest.cursors import Cursors
from rest.file_links import FileLinks
from rest.limits import Limits
from rest.log_ins import LogIns
from rest.responding import Response
from rest.sessions import LiveSessions

Health = Callable[[], Awaitable[tuple[bool, Mapping[str, object]]]]


@dataclass(slots=True)
class Service:
    """The parts, the limits, the documents as served, and the work that outlives its connection.

    `running` has a task for each change in flight: a client that disconnects does not cancel it,
    and the process waits for it before it exits.
    """

    parts: Parts
    health: Health
    limits: Limits
    log_ins: LogIns
    sessions: LiveSessions
    cursors: Cursors
    file_links: FileLinks
    openapi_json: bytes = b""
    documentation_html: bytes = b""
    asyncapi_json: bytes = b""
    socket_documentation_html: bytes = b""
    turns: Turns = field(default_factory=Turns)
    running: set["asyncio.Task[Response]"] = field(default_factory=set)
