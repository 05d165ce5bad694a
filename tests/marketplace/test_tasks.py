"""Tasks that work for ever, and their end."""

import asyncio

import pytest

from marketplace import tasks


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a library's wait does now and then."""
    monkeypatch.setattr(tasks, "ASKED_AGAIN_AFTER_S", 0.01)
    lost: list[str] = []

    async def work_for_ever() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if len(lost) == 2:
                    raise
                lost.append("a cancellation")

    running = asyncio.create_task(work_for_ever())
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await tasks.end([running])

    assert running.cancelled()
    assert len(lost) == 2


async def test_what_ended_by_itself_is_left_out() -> None:
    """Also when it ended by a fault: whoever ends it wants to go on ending."""

    async def fail() -> None:
        raise ValueError("too late")

    running = asyncio.create_task(fail())
    await asyncio.sleep(0)

    await tasks.end([running])
    await tasks.end([])

    assert isinstance(running.exception(), ValueError)
