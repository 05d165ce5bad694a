"""A bounded queue that shares its turns fairly between keys."""

import asyncio

import pytest

from marketplace.errors import Code, ParleyError
from marketplace.fair_queue import FairQueue


class Desk:
    """Serves waiting people, and records who was served and who was refused."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.served: list[str] = []
        self.refused: list[str] = []
        self._next = asyncio.Semaphore(0)

    async def serve(self, count: int) -> None:
        """End `count` turns, one after the other."""
        for _ in range(count):
            self._next.release()
            await settled()

    async def ask(self, key: str, name: str = "") -> None:
        """Wait for a turn and hold it until the desk ends it."""
        try:
            async with self.queue.turn(key):
                await self._next.acquire()
                self.served.append(name or key)
        except ParleyError as error:
            if error.code is Code.UNAVAILABLE and error.retry_after_ms:
                self.refused.append(name or key)

    async def queued(self, *names: str) -> "list[asyncio.Task[None]]":
        """Let these people ask in this order; the key is the name's first letter."""
        tasks = [asyncio.create_task(self.ask(name[0], name)) for name in names]
        await settled()
        return tasks


async def settled() -> None:
    """Let every task run as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_keys_take_turns() -> None:
    """Many requests of one key do not delay another key's single request."""
    desk = Desk(FairQueue(at_once=1, most_waiting=10))
    await desk.queued("a1", "a2", "a3", "a4", "b1", "c1")

    await desk.serve(6)

    assert desk.served == ["a1", "a2", "b1", "c1", "a3", "a4"]


async def test_a_full_queue_refuses_the_newest_of_the_busiest_key() -> None:
    """When the queue is full, the newest request of the key with the most waiting is refused."""
    desk = Desk(FairQueue(at_once=1, most_waiting=4))

    await desk.queued("a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2", "b3")
    await desk.serve(5)

    assert sorted(desk.refused) == ["a4", "a5", "a6", "b3"]
    assert desk.served == ["a1", "a2", "b1", "a3", "b2"]


async def test_a_cancelled_waiter_frees_its_place() -> None:
    """A cancelled waiter leaves, a cancelled turn passes to the next, and nothing gets stuck."""
    desk = Desk(FairQueue(at_once=1, most_waiting=2))
    holding, first, second = await desk.queued("a1", "b1", "c1")

    first.cancel()
    await settled()
    [later] = await desk.queued("d1")
    holding.cancel()
    await settled()
    second.cancel()
    await settled()
    await desk.serve(1)
    await later

    assert desk.served == ["d1"]
    assert desk.refused == []


async def test_a_turn_granted_to_a_cancelled_waiter_is_passed_on() -> None:
    """A turn granted in the same loop iteration in which its waiter is cancelled is passed on."""
    queue = FairQueue(at_once=1, most_waiting=2)
    first = queue.turn("a")
    await first.__aenter__()
    waiting = asyncio.create_task(queue.turn("b").__aenter__())
    await settled()

    await first.__aexit__(None, None, None)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(1), queue.turn("c"):
        pass


async def test_concurrency_stays_at_the_limit() -> None:
    """Two run at a time, however many ask, also after failures."""
    queue, working, most = FairQueue(at_once=2, most_waiting=100), 0, 0

    async def work(n: int) -> None:
        nonlocal working, most
        async with queue.turn(str(n % 7)):
            working += 1
            most = max(most, working)
            await asyncio.sleep(0)
            working -= 1
            if n % 3 == 0:
                raise ValueError(n)

    outcomes = await asyncio.gather(*(work(n) for n in range(60)), return_exceptions=True)

    assert most == 2
    assert sum(isinstance(outcome, ValueError) for outcome in outcomes) == 20
