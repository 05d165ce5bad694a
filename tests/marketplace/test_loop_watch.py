"""The event loop's longest stall, exported as a metric."""

import asyncio
import time

from prometheus_client import REGISTRY

from marketplace import loop_watch


def exported() -> tuple[float, float]:
    """Lag and CPU time as exported."""
    lag = REGISTRY.get_sample_value("parley_event_loop_lag_seconds")
    held = REGISTRY.get_sample_value("parley_event_loop_held_cpu_seconds")
    assert lag is not None
    assert held is not None
    return lag, held


async def after(hold_s: float, *, computes: bool) -> tuple[float, float]:
    """The exported values after a callback that computes, or only blocks, for `hold_s`."""
    watching = asyncio.create_task(loop_watch.watch_for_ever())
    await asyncio.sleep(0.02)
    if computes:
        until = time.thread_time() + hold_s
        while time.thread_time() < until:
            pass
    else:
        time.sleep(hold_s)  # noqa: ASYNC251 # the fault under test
    await asyncio.sleep(0.02)
    watching.cancel()
    return exported()


async def test_a_blocking_callback_is_measured_by_its_cpu_time() -> None:
    """Both metrics show it, accurate to the 5 ms between two measurements."""
    lag, held = await after(0.1, computes=True)

    assert lag >= 0.095
    assert 0.1 <= held < 0.13


async def test_a_busy_machine_counts_only_as_lag() -> None:
    """Time in which the thread did not run counts only as lag."""
    lag, held = await after(0.1, computes=False)

    assert lag >= 0.095
    assert held < 0.05


async def test_the_longest_block_is_forgotten_after_a_minute() -> None:
    """The metrics cover the last half to whole minute, not the process's lifetime."""
    longest = loop_watch._Maximum(loop_watch._LAG)
    longest.note(0.3)
    longest.turn()
    longest.note(0.1)
    first = exported()[0]
    longest.turn()

    assert (first, exported()[0]) == (0.3, 0.1)
