"""Work that exceeds its deadline is cancelled once, as if it had a timer of its own."""

import asyncio

import pytest

from realtime.deadlines import CHECK_EVERY_S, Deadlines
from tests.builders import Stopwatch


async def until(event: asyncio.Event) -> str:
    """Work that ends when the event is set."""
    await event.wait()
    return "done"


async def test_late_work_is_cancelled() -> None:
    """The late work gets a time-out; work that began later is not affected."""
    stopwatch = Stopwatch()
    deadlines = Deadlines(20.0, stopwatch)
    ready = asyncio.Event()
    late = asyncio.create_task(deadlines.keep(until(ready)))
    await asyncio.sleep(0)
    stopwatch.at_s += 5
    later = asyncio.create_task(deadlines.keep(until(ready)))
    await asyncio.sleep(0)

    stopwatch.at_s += 15 - CHECK_EVERY_S
    deadlines.cancel_overdue()
    with pytest.raises(TimeoutError):
        await late
    ready.set()

    assert await later == "done"


async def test_work_in_time_returns_its_result_or_error() -> None:
    """Checks in between change nothing, and one task may run several pieces of work in turn."""
    stopwatch = Stopwatch()
    deadlines = Deadlines(20.0, stopwatch)
    ready = asyncio.Event()

    async def fail() -> None:
        raise ValueError("of its own")

    async def both() -> str:
        with pytest.raises(ValueError, match="of its own"):
            await deadlines.keep(fail())
        stopwatch.at_s += 100
        return await deadlines.keep(until(ready))

    task = asyncio.create_task(both())
    await asyncio.sleep(0)
    deadlines.cancel_overdue()
    ready.set()
    assert await task == "done"
    stopwatch.at_s += 100
    deadlines.cancel_overdue()


async def test_a_cancellation_at_the_deadline_stays_a_cancellation() -> None:
    """A cancelled task ends as cancelled, even if its deadline passes at the same moment."""
    stopwatch = Stopwatch()
    deadlines = Deadlines(20.0, stopwatch)
    cancelled, both = (
        asyncio.create_task(deadlines.keep(until(asyncio.Event()))) for _ in range(2)
    )
    await asyncio.sleep(0)

    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    stopwatch.at_s += 30
    deadlines.cancel_overdue()
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both
