"""The spans of a record: what they are called, and that in which a consumer group handles it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from marketplace import tracing
from marketplace.events import Event
from marketplace.tracing import Kind

# What a topic's keys are. Those of the other topics are accounts.
_KEYS = {"rfis": "rfi_id", "matches": "rfi_id", "conversations": "conversation_id"}


def attributes(name: str, topic: str, key: str) -> dict[str, str | int]:
    """The attributes of a span about a record."""
    found: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "parley.event": name,
    }
    if topic in _KEYS:
        found[f"parley.{_KEYS[topic]}"] = key
    return found


@contextmanager
def handling(group: str, batch: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events, each with the context of the span in which the group handles it, if it has one.

    The span of a single event is the current one. For a batch there is no current span: what
    follows from an event takes its context from the event.
    """
    if not tracing.is_on():
        yield batch
        return
    with ExitStack() as open_spans:
        continued = []
        for event in batch:
            span = tracing.continued(
                event.traceparent,
                f"{group} {event.name}",
                Kind.CONSUMER,
                attributes(event.name, event.topic, event.key)
                | {"messaging.consumer.group.name": group},
            )
            if len(batch) == 1:
                open_spans.enter_context(span)
            else:
                open_spans.push(span)
            context = span.traceparent or event.traceparent
            continued.append(replace(event, traceparent=context))
        yield continued
