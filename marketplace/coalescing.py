"""Batches reads: requests that arrive while a query is running go into the next query.

    one, many ─▶ waiting ─▶ _drain ─▶ read(keys)
                    ▲                     │
                    └── new requests ◀────┘

A driver's round trip costs this process some 200 µs, however much it returns. So a few round trips
serve thousands of clients that arrive at once (all clients of a gateway that died). If no query is
running, a key is read immediately. A caller never gets a value that was read before it asked: a key
that is requested while its read is running is read again.
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
    """Returns each key's share of what `read` finds for a batch of keys; one query at a time.

    `read` gets at most `max_keys` distinct keys, in the order of their first request, and omits
    keys for which it finds nothing. If it raises, only the callers that asked for these keys get
    the error.
    """

    def __init__(
        self, read: Callable[[list[K]], Awaitable[Mapping[K, V]]], max_keys: int = 200
    ) -> None:
        self._read = read
        self._max_keys = max_keys
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._draining: asyncio.Task[None] | None = None

    async def one(self, key: K) -> V | None:
        """The value for a key; None if `read` finds nothing.

        Raises:
            TemporaryError: too many keys are waiting. Whatever `read` raises.
        """
        return await self._request(key)

    async def many(self, keys: Collection[K]) -> dict[K, V]:
        """The values for the keys, without those for which `read` finds nothing.

        Raises:
            TemporaryError: too many keys are waiting. Whatever `read` raises.
        """
        requests = {key: self._request(key) for key in keys}
        values = await asyncio.gather(*requests.values())
        return {
            key: value for key, value in zip(requests, values, strict=True) if value is not None
        }

    def _request(self, key: K) -> "asyncio.Future[V | None]":
        if len(self._waiting) >= MAX_WAITING_KEYS and key not in self._waiting:
            raise TemporaryError("too many reads are waiting")
        loop = asyncio.get_running_loop()
        # One future for each caller: a caller that is cancelled takes nothing from the others.
        waiter: asyncio.Future[V | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(waiter)
        if self._draining is None or self._draining.done():
            self._draining = tasks.keep(self._drain(), "coalescer")
        return waiter

    async def _drain(self) -> None:
        while self._waiting:
            keys = list(islice(self._waiting, self._max_keys))
            waiters = [self._waiting.pop(key) for key in keys]
            try:
                found = await self._read(keys)
            except Exception as error:
                for key_waiters in waiters:
                    _fail(key_waiters, error)
            else:
                for key, key_waiters in zip(keys, waiters, strict=True):
                    _resolve(key_waiters, found.get(key))


def _resolve(waiters: "list[asyncio.Future[V | None]]", value: V | None) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(value)


def _fail(waiters: "list[asyncio.Future[V | None]]", error: Exception) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(error)
