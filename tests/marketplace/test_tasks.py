"""Tasks that run until shutdown, and how they end."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from marketplace import tasks


async def test_a_task_that_swallows_a_cancellation_still_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task that swallows a cancellation, as a library's wait sometimes does, still ends."""
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_AFTER_S", 0.01)
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


async def test_a_task_that_already_ended_does_not_stop_the_shutdown() -> None:
    """A task that already ended, even by an error, does not stop the shutdown."""

    async def fail() -> None:
        raise ValueError("too late")

    running = asyncio.create_task(fail())
    await asyncio.sleep(0)

    await tasks.end([running])
    await tasks.end([])

    assert isinstance(running.exception(), ValueError)


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _fail() -> None:
    raise ValueError("a fault of ours")


async def _return() -> None:
    pass


@pytest.mark.parametrize("work", [_fail, _return])
async def test_background_work_that_ends_early_is_reported_and_logged(
    work: Callable[[], Coroutine[None, None, None]], caplog: pytest.LogCaptureFixture
) -> None:
    """Work that raises or returns is reported by name; the other work goes on."""
    failed: asyncio.Queue[str] = asyncio.Queue()
    background = tasks.Background(failed.put_nowait)
    background.start("other", _for_ever())
    background.start("pings", work())

    async with asyncio.timeout(5):
        assert await failed.get() == "pings"
    assert failed.empty()
    (line,) = [
        record
        for record in caplog.records
        if record.message == "background work ended unexpectedly"
    ]
    assert vars(line)["work"] == "pings"
    await background.end()


async def test_stopped_background_work_is_not_a_failure() -> None:
    """Work that is cancelled or told to stop is not reported as failed."""
    background = tasks.Background(pytest.fail)
    may_end = asyncio.Event()

    async def until_stopped() -> None:
        await may_end.wait()

    background.start("other", _for_ever())
    background.start("consumer", until_stopped())
    may_end.set()
    await background.finish("consumer")
    await background.end()


async def test_an_error_of_a_kept_task_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The error is logged at once, not when the garbage collector finds it."""
    task = tasks.keep(_fail(), "hole")
    await asyncio.wait([task])
    await asyncio.sleep(0)

    (line,) = [record for record in caplog.records if record.message == "a task failed"]
    assert vars(line)["task"] == "hole"


def test_nothing_else_creates_tasks() -> None:
    """Only `marketplace.tasks` creates tasks.

    An unreferenced task may vanish, and a task that nobody awaits fails silently.
    """
    root = Path(__file__).parents[2]
    packages = (
        "marketplace",
        "realtime",
        "rest",
        "relay",
        "matching",
        "notify",
        "embedded",
        "nginx",
    )
    creating = re.compile(r"\b(create_task|ensure_future|TaskGroup|start_background_task)\b")
    found = {
        str(path.relative_to(root))
        for package in packages
        for path in (root / package).rglob("*.py")
        if creating.search(path.read_text())
    }

    assert found == {"marketplace/tasks.py"}
