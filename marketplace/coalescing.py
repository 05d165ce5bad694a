"""What is asked for while the same is under way goes together into the next round trip.

    one, many ─▶ waiting ─▶ _work_while_asked ─▶ work(keys)
                    ▲                            │
                    └──── asked meanwhile ◀──────┘

A driver's round trip costs this process some 200 µs whatever it brings, so thousands who come at
once (all clients of a gateway that died) are served from few.  When nothing is under way a key goes
at once.  Who asks never gets what was read before: a key that is asked for while its read runs is
read again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import islice
from typing import Generic, TypeVar

from marketplace import tasks
from marketplace.errors import TemporaryError

K = TypeVar("K")
V = TypeVar("V")

MAX_WAITING_KEYS = 20_000


class Coalescer(Generic[K, V]):
    """Gives each key its part of what `work` brings for many; one round trip at a time.

    `work` gets at most `most` different keys, in the order they were first asked for, and leaves out
    those of which there is nothing.  When it raises, those who asked for these keys get its error,
    and nobody else.
    """

    def __init__(
        self, work: Callable[[list[K]], Awaitable[Mapping[K, V]]], most: int = 200
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._working: asyncio.Task[None] | None = None

    async def one(self, key: K) -> V | None:
        """What `work` brings for a key; None when it has nothing.

        Raises:
            TemporaryError: when too many keys are waiting; whatever `work` raises.
        """
        return await self._ask(key)

    async def many(self, keys: Collection[K]) -> dict[K, V]:
        """What `work` brings for the keys, without those of which it has nothing.

        Raises:
            TemporaryError: when too many keys are waiting; whatever `work` raises.
        """
        asked = {key: self._ask(key) for key in keys}
        found = await asyncio.gather(*asked.values())
        return {key: value for key, value in zip(asked, found, strict=True) if value is not None}

    def _ask(self, key: K) -> "asyncio.Future[V | None]":
        if len(self._waiting) >= MAX_WAITING_KEYS and key not in self._waiting:
            raise TemporaryError("too many reads are waiting")
        loop = asyncio.get_running_loop()
        # One for each who asks: somebody who goes away takes nothing from the others.
        asked: asyncio.Future[V | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(asked)
        if self._working is None or self._working.done():
            self._working = tasks.keep(self._work_while_asked(), "coalescer")
        return asked

    async def _work_while_asked(self) -> None:
        while self._waiting:
            keys = list(islice(self._waiting, self._most))
            asked = [self._waiting.pop(key) for key in keys]
            try:
                found = await self._work(keys)
            except Exception as error:
                for each in asked:
                    _fail(each, error)
            else:
                for key, each in zip(keys, asked, strict=True):
                    _resolve(each, found.get(key))


def _resolve(asked: "list[asyncio.Future[V | None]]", value: V | None) -> None:
    for each in asked:
        if not each.done():
            each.set_result(value)


def _fail(asked: "list[asyncio.Future[V | None]]", error: Exception) -> None:
    for each in asked:
        if not each.done():
            each.set_exception(error)
