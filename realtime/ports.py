"""The port through which pushes leave; `realtime/transport/` implements it."""

from collections.abc import Iterable
from typing import Any, Protocol


class Transport(Protocol):
    """Pushes to connections, and closes them."""

    def push(self, connection_ids: Iterable[str], name: str, data: dict[str, Any]) -> int:
        """Hand an event to each of the connections, in order; returns how many took it."""

    def end(self, connection_id: str, reason: str) -> None:
        """Close a connection in a way that makes the app reconnect."""

    async def drained(self, connection_id: str) -> None:
        """Wait while the app has fallen behind in reading, or until it disconnects."""
