"""A bounded number runs, a bounded number waits, and the rest return at different times."""

import asyncio
import itertools

import pytest

from marketplace.errors import Code, ParleyError
from realtime.admission import RETRY_AFTER_MS, RETRY_WITHIN_MS, Admission


class Stage:
    """Visitors who stay until they are released."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.inside: list[int] = []
        self.leave = asyncio.Semaphore(0)

    async def visit(self, number: int) -> None:
        """Enter, stay, leave."""
        async with self._admission:
            self.inside.append(number)
            await self.leave.acquire()
            self.inside.remove(number)

    async def arrive(self, *numbers: int) -> "list[asyncio.Task[None]]":
        """Start visitors, and wait until each is inside, waiting or refused."""
        tasks = [asyncio.create_task(self.visit(number)) for number in numbers]
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks


async def test_waiters_enter_in_order() -> None:
    """Two at a time are inside; those who wait enter in order, one for each that leaves."""
    stage = Stage(Admission(max_concurrent=2, max_waiting=10))
    tasks = await stage.arrive(1, 2, 3, 4)
    assert stage.inside == [1, 2]

    stage.leave.release()
    await stage.arrive()
    assert stage.inside == [2, 3]

    for _ in range(3):
        stage.leave.release()
    await asyncio.gather(*tasks)
    assert stage.inside == []


async def test_refused_visitors_get_spread_out_retry_times() -> None:
    """Beyond the queue nobody waits, and the times to return are spread over seconds."""
    jitter = itertools.cycle([0.0, 0.5, 0.999]).__next__
    stage = Stage(Admission(max_concurrent=1, max_waiting=1, jitter=jitter))
    tasks = await stage.arrive(1, 2, 3, 4, 5)

    retry_times = []
    for task in tasks[2:]:
        with pytest.raises(ParleyError) as refused:
            await task
        assert refused.value.code is Code.UNAVAILABLE
        retry_times.append(refused.value.retry_after_ms)
    spread_ms = RETRY_WITHIN_MS - RETRY_AFTER_MS
    assert retry_times == [RETRY_AFTER_MS + int(jitter * spread_ms) for jitter in (0.0, 0.5, 0.999)]

    for _ in range(2):
        stage.leave.release()
    await asyncio.gather(*tasks[:2])


async def test_a_cancelled_visitor_frees_its_place() -> None:
    """A visitor that is cancelled frees its place, whether it waits or is inside."""
    stage = Stage(Admission(max_concurrent=1, max_waiting=1))
    first, second = await stage.arrive(1, 2)
    second.cancel()
    (third,) = await stage.arrive(3)
    first.cancel()
    await stage.arrive()

    assert stage.inside == [1, 3]  # the first was cancelled while inside
    stage.leave.release()
    await third
    assert second.cancelled()
