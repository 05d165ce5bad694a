"""An app that follows a numbered feed over a socket, and resumes after its number."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

from tests.chaos.history import Connected, Ended, History, now
from tests.chaos.wire import ConnectionRefusedByGatewayError, Wire

_STAYS_S = (2.0, 8.0)


class FeedFollower(ABC):
    """Stays connected and joined; a subclass says which feed, and records what it gets."""

    # The account whose presence the connection counts for, where the checker looks at it.
    account_id = ""

    def __init__(
        self, name: str, token: Callable[[], str], history: History, entrance: Callable[[], str]
    ) -> None:
        self.name = name
        self.is_joined = False
        self._token = token
        self._history = history
        self._entrance = entrance
        self._wire: Wire | None = None
        self._is_leaving = False

    async def live(self, stopping: asyncio.Event, random: Random, *, is_restless: bool) -> None:
        """Stay connected and joined whenever possible; a restless follower sometimes leaves."""
        while not self._is_leaving:
            stays_s = random.uniform(*_STAYS_S) if is_restless else None
            with suppress(ConnectionRefusedByGatewayError, OSError):
                await self._connection(stays_s, stopping)
            if not self._is_leaving:
                await asyncio.sleep(random.uniform(0.05, 0.5))

    async def leave(self) -> None:
        """Disconnect permanently."""
        self._is_leaving = True
        if self._wire is not None:
            await self._wire.cut("left")

    async def _connection(self, stays_s: float | None, stopping: asyncio.Event) -> None:
        self._wire = wire = Wire(self._entrance(), self._token(), self._take)
        await wire.open()
        self._history.add(Connected(now(), wire.name, self.name, self.account_id, wire.gateway))
        try:
            call, payload = self._join_call()
            answer = await wire.ask(call, payload, partial(self._joined, now()))
            if not answer["ok"]:
                assert answer["error"]["temporary"], answer
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(None if stopping.is_set() else stays_s):
                    await wire.closed.wait()
        finally:
            self.is_joined = False
            await wire.cut()
            self._history.add(Ended(now(), wire.name, wire.reason))

    @abstractmethod
    def _join_call(self) -> tuple[str, dict[str, Any]]:
        """The name and payload of the call that joins after the follower's number."""

    @abstractmethod
    def _joined(self, asked_at: float, answer: dict[str, Any]) -> None:
        """Record the answer to the join."""

    @abstractmethod
    def _take(self, name: str, data: dict[str, Any]) -> None:
        """Record a push."""
