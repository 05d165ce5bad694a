"""What all requests of one app share."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sanic.response import HTTPResponse

from marketplace.bootstrap import Parts
from rest.cursors import Cursors
from rest.limits import Limits
from rest.log_ins import LogIns
from rest.sessions import LiveSessions

Health = Callable[[], Awaitable[tuple[bool, Mapping[str, object]]]]


@dataclass(slots=True)
class Service:
    """The parts, the limits, the documents as served, and the work that outlives its connection.

    `running` holds a task for each change under way: a client that goes away does not break it off,
    and the process waits for it before it ends.
    """

    parts: Parts
    health: Health
    limits: Limits
    log_ins: LogIns
    sessions: LiveSessions
    cursors: Cursors
    openapi_json: bytes = b""
    documentation_html: bytes = b""
    asyncapi_json: bytes = b""
    socket_documentation_html: bytes = b""
    running: set["asyncio.Task[HTTPResponse]"] = field(default_factory=set)
