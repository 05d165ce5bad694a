"""The spans of what MongoDB is asked for: a batch of entries, and each command of a trace."""

from collections.abc import Iterable
from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from marketplace import tracing
from marketplace.domain.conversations import Entry
from marketplace.tracing import NOT_RECORDED, Kind, Span


def writing(entries: Iterable[Entry]) -> Span:
    """A span for the write of a batch, in the trace of the first entry that has one."""
    if not tracing.is_on():
        return NOT_RECORDED
    parents = (entry.traceparent for entry in entries)
    return tracing.continued(next(filter(None, parents), None), "write entries", Kind.INTERNAL)


class TracedCommands(CommandListener):
    """Records the names of commands and collections; never a value, a filter or an error's text.

    The driver calls it in the thread that runs the command, with the caller's current span.
    """

    def __init__(self) -> None:
        self._in_flight: dict[int, Span] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """Begin a span, if the command is part of one."""
        name = event.command_name
        collection = event.command.get("collection" if name == "getMore" else name)
        attributes = {"db.system.name": "mongodb", "db.operation.name": name}
        if isinstance(collection, str):
            attributes["db.collection.name"] = collection
            name = f"{name} {collection}"
        span = tracing.span(name, Kind.CLIENT, attributes)
        if span is not NOT_RECORDED:
            self._in_flight[event.request_id] = span

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """End the span."""
        self._end(event.request_id)

    def failed(self, event: CommandFailedEvent) -> None:
        """End the span with the error's name."""
        failure: dict[str, Any] = dict(event.failure)
        self._end(event.request_id, failure.get("codeName") or failure.get("errtype") or "unknown")

    def _end(self, request_id: int, error: str | None = None) -> None:
        span = self._in_flight.pop(request_id, None)
        if span is not None:
            span.end(error)
