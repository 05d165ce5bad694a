"""The sessions to flush at the end of a turn of the event loop."""

import asyncio
from typing import Protocol


class Flushable(Protocol):
    """Something that buffers what it sends."""

    def flush(self) -> None:
        """Send what is buffered, if anything."""


class FlushQueue:
    """The sessions that have something to send in this turn of the event loop."""

    def __init__(self) -> None:
        self._sessions: list[Flushable] = []

    def add(self, session: Flushable) -> None:
        """Flush a session once everything in this turn has run."""
        if not self._sessions:
            asyncio.get_running_loop().call_soon(self._flush)
        self._sessions.append(session)

    def _flush(self) -> None:
        sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.flush()
