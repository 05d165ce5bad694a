"""Pauses between retries."""

import asyncio

from marketplace.backoff import Backoff


def _whole() -> float:
    return 1.0


def test_the_bound_doubles_up_to_the_longest() -> None:
    """A long outage is retried at a steady, bounded pace."""
    backoff = Backoff(0.1, 0.5, _whole)

    assert [backoff.next_s() for _ in range(5)] == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_a_pause_is_random_between_zero_and_the_bound() -> None:
    """Full jitter spreads the retries of many over the whole pause."""
    drawn = iter([0.0, 0.25, 1.0])
    backoff = Backoff(1.0, 2.0, lambda: next(drawn))

    assert [backoff.next_s() for _ in range(3)] == [0.0, 0.5, 2.0]


def test_a_success_resets_the_backoff() -> None:
    """The next failure, after a success, is retried as soon as the first one was."""
    backoff = Backoff(0.1, 10.0, _whole)
    backoff.next_s()
    backoff.next_s()

    backoff.reset()

    assert backoff.next_s() == 0.1


async def test_a_stop_ends_the_pause_at_once() -> None:
    """A process that backs off for an hour still stops immediately."""
    stopping = asyncio.Event()
    waiting = asyncio.ensure_future(Backoff(3_600.0, 3_600.0, _whole).wait(stopping))
    await asyncio.sleep(0)
    assert not waiting.done()

    stopping.set()

    async with asyncio.timeout(5):
        await waiting


async def test_a_pause_ends_without_a_stop() -> None:
    """The loop retries after the pause, whether or not it can be stopped."""
    async with asyncio.timeout(5):
        await Backoff(0.001, 0.001).wait(asyncio.Event())
        await Backoff(0.001, 0.001).wait()
