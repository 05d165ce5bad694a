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
# The format of a response: the provider's, that of a proxy in between, or a broken one.
AS_PROVIDER, HTML, MALFORMED, EMPTY = "provider", "html", "malformed", "empty"
FORMS = (AS_PROVIDER, HTML, MALFORMED, EMPTY)

_STRUCK = Counter(
    "parley_sandbox_faults_total", "Sends that hit an injected fault", ["channel", "status"]
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next `times` matching sends get.

    `channel` is "email" or "sms" (which includes MMS). `to` limits the fault to one recipient,
    `above_per_s` to the sends above this rate per second. `status` is an HTTP status, "timeout" (no
    response), "reset", or "drip" (a response of a byte now and then, which never ends). `code` is
    Twilio's, `field` SendGrid's; `form` is the format of the response. With `is_accepted`, the
    provider accepts the message anyway, at once or `accepted_after_s` later: these are the cases in
    which a sender must check before it sends again.
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
        """Whether the client gets no response at all."""
        return self.status in (TIMEOUT, RESET)

    def matches(self, channel: str, recipients: Collection[str]) -> bool:
        """Whether it applies to a send on this channel to these recipients."""
        wanted = self.to.casefold() if self.to else None
        return self.channel == channel and (
            wanted is None or wanted in {recipient.casefold() for recipient in recipients}
        )

    def as_json(self) -> dict[str, object]:
        """The fields that differ from their defaults, and those always shown."""
        defaults = {member.name: member.default for member in fields(self)}
        named = ("times", "to", "retry_after_s", "is_accepted")
        return {k: v for k, v in asdict(self).items() if k in named or v != defaults[k]}


class Faults:
    """The active faults, in the order in which they are tried."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._faults: list[Fault] = []
        self._now_s = now_s
        self._passed_at_s: dict[str, deque[float]] = {}
        self._stopping = asyncio.Event()

    @property
    def in_force(self) -> Sequence[Fault]:
        """The faults that are left."""
        return tuple(self._faults)

    def put(self, faults: Sequence[Fault]) -> None:
        """Replace all faults."""
        self._faults = list(faults)

    def take(self, channel: str, recipients: Collection[str]) -> Fault | None:
        """The first matching fault, with one of its times used up; None if the send succeeds."""
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
        """Wait until the sandbox stops; for requests that get no response."""
        await self._stopping.wait()

    def stop(self) -> None:
        """Release all requests that wait without a response; for the shutdown."""
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
