"""Everything that arrived, in a bounded ring in memory; beyond a bound the oldest is dropped."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from prometheus_client import Counter, Gauge

MAX_DELIVERIES = 10_000
# A single email may have 30 MB, so a bound on the count alone would not bound the memory.
MAX_BYTES = 256 * 1024 * 1024

_ARRIVED = Counter("parley_sandbox_deliveries_total", "Accepted deliveries", ["channel"])
_HELD = Gauge("parley_sandbox_deliveries_held", "Deliveries held in memory")


class Channel(StrEnum):
    """The channel by which a delivery reaches a person."""

    EMAIL = "email"
    SMS = "sms"
    MMS = "mms"


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client submitted for one recipient; the client received `provider_id` for it."""

    channel: Channel
    to: str
    sender: str
    provider_id: str
    text: str = ""
    subject: str | None = None
    html: str | None = None
    media_urls: tuple[str, ...] = ()
    custom_args: Mapping[str, str] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """Approximate memory used by its texts."""
        texts = (self.text, self.subject or "", self.html or "", *self.media_urls)
        args = (len(name) + len(value) for name, value in self.custom_args.items())
        return 500 + sum(map(len, texts)) + sum(args)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A submission that arrived; `sequence` grows by 1 with each."""

    sequence: int
    received_at: datetime
    submission: Submission


class Deliveries:
    """The ring, bounded by `max_count` deliveries and about `max_bytes` of text."""

    def __init__(
        self,
        max_count: int = MAX_DELIVERIES,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._clock = clock
        self._ring: deque[Delivery] = deque()
        self._bytes = 0
        # Sequences start from the current time: a cursor from before a restart stays valid.
        self._last_sequence = int(clock().timestamp() * 1000)

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def last_sequence(self) -> int:
        """The sequence of the newest delivery ever received."""
        return self._last_sequence

    def add(self, submissions: Iterable[Submission]) -> list[Delivery]:
        """Add the submissions of one request, with one timestamp, and return them as deliveries."""
        received_at = self._clock()
        added = []
        for submission in submissions:
            self._last_sequence += 1
            delivery = Delivery(self._last_sequence, received_at, submission)
            self._ring.append(delivery)
            self._bytes += submission.size_bytes
            added.append(delivery)
            _ARRIVED.labels(submission.channel).inc()
        while self._ring and (len(self._ring) > self._max_count or self._bytes > self._max_bytes):
            self._bytes -= self._ring.popleft().submission.size_bytes
        _HELD.set(len(self._ring))
        return added

    def clear(self) -> None:
        """Forget everything; sequences continue."""
        self._ring.clear()
        self._bytes = 0
        _HELD.set(0)

    def oldest_first(self, after_sequence: int = 0) -> Iterator[Delivery]:
        """The deliveries after a sequence, in the order of arrival."""
        return (delivery for delivery in self._ring if delivery.sequence > after_sequence)

    def newest_first(self) -> Iterator[Delivery]:
        """All deliveries, the newest first."""
        return reversed(self._ring)
