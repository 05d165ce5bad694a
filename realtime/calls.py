"""Dispatches a call by name: validates the payload, runs the call, acknowledges the outcome.

Every call is answered: `{"ok": true, …}` or `{"ok": false, "error": {code, message, temporary,
errors?, retry_after_ms?}}`. The overhead around a call is some 3 µs, which is all there is to spend
at 10,000 calls a second.
"""

import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter, Histogram

from marketplace import logs, tracing
from marketplace.errors import Code, ParleyError
from marketplace.limits import rate_limited
from marketplace.schemas.errors import error_view, public_error
from marketplace.schemas.strict import Strict
from marketplace.tracing import Kind
from realtime.admission import Admission
from realtime.connections import Connection
from realtime.deadlines import Deadlines
from realtime.gateway import Gateway
from realtime.limits import CallLimits

# A database election takes up to 12 s; a call that takes longer is refused as `unavailable`.
DEADLINE_S = 20.0
# A join reads and serializes up to 200 entries, some 2 ms of this process: a hundred at a time keep
# the store's reads busy, and two thousand are done before an app times out.
JOINS_AT_A_TIME = 100
JOINS_WAITING = 2_000
_INTERNAL = "An internal error occurred. It was logged."

_CALLS = Counter("parley_calls_total", "Acknowledged calls by name and outcome", ["call", "code"])
_TOOK = Histogram(
    "parley_call_seconds",
    "Time from a call to its acknowledgement",
    ["call"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20),
)
_RESUMES = Counter(
    "parley_resumes_total", "Joins that resumed from a sequence or revision", ["call"]
)

CallHandler = Callable[[Connection, dict[str, Any]], Coroutine[Any, Any, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class CallDefinition:
    """A call's schema and its handler.

    Calls with `is_typing` have a rate of their own. Calls with `is_reading` have large answers: a
    connection runs few of them at a time, and none while its app has fallen behind in reading.
    `resumes_from` names the payload field of a join that says where an app resumes; joins wait for
    admission.
    """

    schema: Strict
    handler: CallHandler
    is_typing: bool = False
    is_reading: bool = False
    resumes_from: str | None = None


class _MeteredCall:
    """A call with its metrics, resolved once: finding a metric by its labels takes 2 µs."""

    __slots__ = ("_outcomes", "call", "name", "observe", "resumed", "succeeded")

    def __init__(self, name: str, call: CallDefinition | None) -> None:
        self.name = name
        self.call = call
        self.observe = _TOOK.labels(name).observe
        self.succeeded = _CALLS.labels(name, "ok").inc
        self.resumed = _RESUMES.labels(name).inc if call and call.resumes_from else None
        self._outcomes: dict[Code, Callable[[], None]] = {}

    def refuse(self, error: ParleyError) -> dict[str, Any]:
        """Count an error and return it as an acknowledgement."""
        count = self._outcomes.get(error.code)
        if count is None:
            count = self._outcomes[error.code] = _CALLS.labels(self.name, error.code).inc
        count()
        return refusal(error)


class CallDispatcher:
    """All calls of the contract, by name."""

    def __init__(
        self,
        calls: Mapping[str, CallDefinition],
        gateway: Gateway,
        limits: CallLimits,
        deadlines: Deadlines,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = {name: _MeteredCall(name, call) for name, call in calls.items()}
        self._unknown = _MeteredCall("unknown", None)
        self._unreadable = _MeteredCall("unreadable", None)
        self._gateway = gateway
        self._limits = limits
        self._deadlines = deadlines
        self._joins = Admission(JOINS_AT_A_TIME, JOINS_WAITING)
        self._monotonic = monotonic

    async def answer(
        self, connection: Connection, name: str, payload: object, size_bytes: int = 0
    ) -> dict[str, Any]:
        """Run a call and return its acknowledgement; never raises."""
        logs.bind(connection.actor)
        metered = self._calls.get(name, self._unknown)
        call, started_at = metered.call, self._monotonic()
        is_typing = call is not None and call.is_typing
        wait_s = self._limits.take(connection, is_typing, started_at, size_bytes)
        if wait_s > 0:
            return self._limit(connection, metered, wait_s, started_at)
        if call is None:
            known = ", ".join(sorted(self._calls))
            return metered.refuse(
                ParleyError(Code.UNKNOWN_EVENT, f"Unknown call. Known calls: {known}.")
            )
        if connection.is_leaving:
            return metered.refuse(
                ParleyError(
                    Code.DRAINING,
                    "This connection is being closed. Reconnect and make the call again.",
                )
            )
        connection.calls_in_flight += 1
        try:
            run = self._run_in_trace if tracing.is_on() else self._run
            answer = await self._deadlines.keep(run(metered, call, connection, payload))
        except Exception as error:
            return metered.refuse(public_error(error, "a call", _INTERNAL, call=name))
        finally:
            connection.calls_in_flight -= 1
            metered.observe(self._monotonic() - started_at)
        metered.succeeded()
        return {"ok": True, **answer}

    def refuse(
        self, connection: Connection, error: ParleyError, size_bytes: int = 0
    ) -> dict[str, Any]:
        """The acknowledgement of a call that could not be parsed; the rate limits count it too."""
        now = self._monotonic()
        wait_s = self._limits.take(connection, False, now, size_bytes)
        if wait_s > 0:
            return self._limit(connection, self._unreadable, wait_s, now)
        return self._unreadable.refuse(error)

    def _limit(
        self, connection: Connection, metered: _MeteredCall, wait_s: float, now: float
    ) -> dict[str, Any]:
        if self._limits.ignores_refusals(connection, now):
            self._gateway.end(connection, Code.RATE_LIMITED)
        return metered.refuse(rate_limited(wait_s))

    async def _run_in_trace(
        self, metered: _MeteredCall, call: CallDefinition, connection: Connection, payload: object
    ) -> dict[str, Any]:
        """Run a call within the span with which its trace begins."""
        attributes = {
            "parley.call": metered.name,
            "parley.role": connection.actor.role.value,
            "parley.correlation_id": connection.actor.correlation_id or "",
        }
        with tracing.begun(f"call {metered.name}", Kind.SERVER, attributes) as span:
            answer = await self._run(metered, call, connection, payload)
            if isinstance(payload, dict):
                span.set_ids(payload)
            return answer

    async def _run(
        self, metered: _MeteredCall, call: CallDefinition, connection: Connection, payload: object
    ) -> dict[str, Any]:
        values = call.schema.read(payload)
        if not call.is_reading:
            return await call.handler(connection, values)
        async with connection.read_slots:
            await self._gateway.drained(connection)
            if call.resumes_from is None:
                return await call.handler(connection, values)
            async with self._joins:
                answer = await call.handler(connection, values)
            if metered.resumed is not None and values[call.resumes_from] is not None:
                metered.resumed()
            return answer


def refusal(error: ParleyError) -> dict[str, Any]:
    """The acknowledgement that carries an error."""
    return {"ok": False, "error": error_view(error)}
