"""Faults: the next sends are answered as a provider in trouble would answer them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, fields, replace

from prometheus_client import Counter

MAX_FAULTS = 100
TIMEOUT = "timeout"
RESET = "reset"
DRIP = "drip"
# How an answer is written: as the provider writes it, as a proxy in between does, or not in whole.
AS_PROVIDER, HTML, MALFORMED, EMPTY = "provider", "html", "malformed", "empty"
FORMS = (AS_PROVIDER, HTML, MALFORMED, EMPTY)

_STRUCK = Counter(
    "parley_sandbox_faults_total", "Sends that hit an injected fault", ["channel", "status"]
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next `times` matching sends meet.

    `channel` is "email" or "sms" (which MMS belongs to); `to` limits it to one recipient,
    `above_per_s` to the sends beyond so many a second.  `status` is an HTTP status, "timeout" (no
    answer), "reset", or "drip" (an answer of a byte now and then, which never ends).  `code` is
    Twilio's, `field` SendGrid's; `form` is how the answer is written.  With `is_accepted` the
    provider takes the message all the same, at once or `accepted_after_s` later: the cases for
    which a sender must look before it sends again.
    """

    channel: str
    status: int | str
    times: int = 1
    to: str | None = None
    above_per_s: int | None = None
    retry_after_s: int | None = None
    code: int | None = None
    field: str | None = None
    form: str = AS_PROVIDER
    location: str | None = None
    is_accepted: bool = False
    accepted_after_s: float = 0.0

    @property
    def breaks_off(self) -> bool:
        """Whether the client gets no answer at all."""
        return self.status in (TIMEOUT, RESET)

    def matches(self, channel: str, recipients: Collection[str]) -> bool:
        """Whether it is about a send on this channel to these recipients."""
        wanted = self.to.casefold() if self.to else None
        return self.channel == channel and (
            wanted is None or wanted in {recipient.casefold() for recipient in recipients}
        )

    def as_json(self) -> dict[str, object]:
        """What of it differs from the defaults."""
        defaults = {each.name: each.default for each in fields(self)}
        named = ("times", "to", "retry_after_s", "is_accepted")
        return {k: v for k, v in asdict(self).items() if k in named or v != defaults[k]}


class Faults:
    """The faults in force, in the order in which they are tried."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._faults: list[Fault] = []
        self._now_s = now_s
        self._passed_at_s: dict[str, deque[float]] = {}
        self._stopping = asyncio.Event()

    @property
    def in_force(self) -> Sequence[Fault]:
        """What is left of them."""
        return tuple(self._faults)

    def put(self, faults: Sequence[Fault]) -> None:
        """Replace them all."""
        self._faults = list(faults)

    def take(self, channel: str, recipients: Collection[str]) -> Fault | None:
        """The first that matches, with one of its times used up; None when the send goes well."""
        for index, fault in enumerate(self._faults):
            if not fault.matches(channel, recipients) or self._is_below(fault):
                continue
            left = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
            self._faults[index : index + 1] = left
            _STRUCK.labels(channel, str(fault.status)).inc()
            return fault
        self._passed(channel).append(self._now_s())
        return None

    async def stopped(self) -> None:
        """Wait until the sandbox stops, for those that wait for an answer."""
        await self._stopping.wait()

    def stop(self) -> None:
        """Let go of all that wait for an answer; for the shutdown."""
        self._stopping.set()

    def _is_below(self, fault: Fault) -> bool:
        if fault.above_per_s is None:
            return False
        passed = self._passed(fault.channel)
        while passed and passed[0] <= self._now_s() - 1:
            passed.popleft()
        return len(passed) < fault.above_per_s

    def _passed(self, channel: str) -> deque[float]:
        return self._passed_at_s.setdefault(channel, deque(maxlen=10_000))
