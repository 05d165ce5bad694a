"""Large pieces of work, spread over turns of the event loop."""

import asyncio

import pytest

from marketplace.turns import Turns


class Turn:
    """The number of the current turn of the event loop."""

    def __init__(self) -> None:
        self.number = 0

    async def count(self) -> None:
        """Count every turn, until cancelled."""
        while True:
            self.number += 1
            await asyncio.sleep(0)


async def test_no_two_large_pieces_of_work_share_a_turn() -> None:
    """Twenty that are due at once run in twenty turns, in the order of their callers."""
    turns, turn = Turns(), Turn()
    ran: list[tuple[int, int]] = []

    async def work(caller: int) -> None:
        await turns.take()
        ran.append((caller, turn.number))

    counting = asyncio.create_task(turn.count())
    await asyncio.gather(*(work(caller) for caller in range(20)))
    counting.cancel()

    assert [caller for caller, _ in ran] == list(range(20))
    assert len({number for _, number in ran}) == 20


async def test_a_caller_that_gives_up_does_not_block_the_others() -> None:
    """A cancelled caller leaves the line."""
    turns = Turns()
    waiting = [asyncio.create_task(turns.take()) for _ in range(3)]
    await asyncio.sleep(0)

    waiting[1].cancel()

    async with asyncio.timeout(5):
        await waiting[0]
        await waiting[2]
    with pytest.raises(asyncio.CancelledError):
        await waiting[1]
