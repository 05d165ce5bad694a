"""A span as the product sees it; this one is not recorded."""

from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import Self, TypeAlias

Value: TypeAlias = str | int
Attributes: TypeAlias = Mapping[str, Value]


class Kind(Enum):
    """A span's relation to its parent, by OpenTelemetry's names."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


# Ids of accounts are left out: a trace shows what happened to an RFI, not who did what when.
IDS = ("rfi_id", "match_id", "quote_id", "conversation_id", "message_id", "notification_id")


class Span:
    """A span that is not recorded: tracing is off, or nothing asked for a trace of this work.

    As a context manager, a span is the current one and ends with the context. A span that is not
    used so is never the current one; `end` ends it.
    """

    __slots__ = ()

    @property
    def traceparent(self) -> str | None:
        """The context that others continue, as a W3C `traceparent`; None if not recorded."""
        return None

    def set(self, name: str, value: Value) -> None:
        """Add an attribute: a word of a closed list or a number, never what somebody typed."""

    def set_ids(self, values: Mapping[str, object]) -> None:
        """Add those values whose names are in `IDS`, as `parley.<name>`."""

    def end(self, error: BaseException | str | None = None) -> None:
        """End the span; an error is recorded by its type or code, never by its text."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End the span."""


NOT_RECORDED = Span()
"""The one span that is not recorded."""
