"""Tasks that work for ever, and their end."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path

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


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _fail() -> None:
    raise ValueError("a fault of ours")


async def _return() -> None:
    pass


@pytest.mark.parametrize("work", [_fail, _return])
async def test_background_work_that_ends_by_itself_is_told_and_logged(
    work: Callable[[], Coroutine[None, None, None]], caplog: pytest.LogCaptureFixture
) -> None:
    """By its name, whether it raised or only returned; the other work goes on."""
    failed: asyncio.Queue[str] = asyncio.Queue()
    background = tasks.Background(failed.put_nowait)
    background.start("other", _for_ever())
    background.start("pings", work())

    async with asyncio.timeout(5):
        assert await failed.get() == "pings"
    assert failed.empty()
    (line,) = [each for each in caplog.records if each.message == "background work has ended"]
    assert vars(line)["work"] == "pings"
    await background.end()


async def test_background_work_that_is_ended_is_no_failure() -> None:
    """Cancelled, or told to stop."""
    background = tasks.Background(pytest.fail)
    may_end = asyncio.Event()

    async def until_told() -> None:
        await may_end.wait()

    background.start("other", _for_ever())
    background.start("consumer", until_told())
    may_end.set()
    await background.finish("consumer")
    await background.end()


async def test_what_a_kept_task_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At once, and not when the garbage collector finds it."""
    task = tasks.keep(_fail(), "hole")
    await asyncio.wait([task])
    await asyncio.sleep(0)

    (line,) = [each for each in caplog.records if each.message == "a task failed"]
    assert vars(line)["task"] == "hole"


def test_nothing_else_creates_tasks() -> None:
    """A task that nobody holds may vanish, and one that nobody looks at dies in silence."""
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
