"""A call by its name: the payload is checked, the call carried out, the outcome acknowledged.

Every call is answered: `{"ok": true, …}` or `{"ok": false, "error": {code, message, temporary,
errors?, retry_after_ms?}}`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter, Histogram

from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.schemas.fields import Strict
from realtime.gateway import Connection

LOG = logging.getLogger(__name__)
# A database election takes up to 12 s; who waits longer is told to try again.
DEADLINE_S = 20.0

_CALLS = Counter("parley_calls_total", "Calls by name and outcome", ["call", "code"])
_TOOK = Histogram(
    "parley_call_seconds",
    "Time from a call to its acknowledgement",
    ["call"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20),
)

Carry = Callable[[Connection, dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Call:
    """What a call wants, and what carries it out."""

    schema: Strict
    carry_out: Carry


class Calls:
    """All calls of the contract."""

    def __init__(self, calls: Mapping[str, Call]) -> None:
        self._calls = calls

    async def answer(self, connection: Connection, name: str, payload: object) -> dict[str, Any]:
        """Carry out a call and return its acknowledgement; never raises."""
        call = self._calls.get(name)
        if call is None:
            _CALLS.labels("unknown", Code.UNKNOWN_EVENT).inc()
            known = ", ".join(sorted(self._calls))
            return refusal(ParleyError(Code.UNKNOWN_EVENT, f"There are: {known}."))
        with _TOOK.labels(name).time():
            try:
                values = call.schema.read(payload)
                async with asyncio.timeout(DEADLINE_S):
                    answer = await call.carry_out(connection, values)
            except ParleyError as error:
                _CALLS.labels(name, error.code).inc()
                return refusal(error)
            except (TemporaryError, TimeoutError) as error:
                LOG.warning("a call could not be done now", extra={"call": name, "why": str(error)})
                _CALLS.labels(name, Code.UNAVAILABLE).inc()
                return refusal(
                    ParleyError(Code.UNAVAILABLE, "Try again shortly.", retry_after_ms=1_000)
                )
            except Exception:
                LOG.exception("a call failed", extra={"call": name})
                _CALLS.labels(name, Code.INTERNAL).inc()
                return refusal(ParleyError(Code.INTERNAL, "This is a fault on our side."))
        _CALLS.labels(name, "ok").inc()
        return {"ok": True, **answer}


def refusal(error: ParleyError) -> dict[str, Any]:
    """The acknowledgement that tells an error."""
    told: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "temporary": error.meaning.is_temporary,
    }
    if error.errors:
        told["errors"] = [{"path": each.path, "message": each.message} for each in error.errors]
    if error.retry_after_ms is not None:
        told["retry_after_ms"] = error.retry_after_ms
    return {"ok": False, "error": told}
