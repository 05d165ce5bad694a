"""A connected app: python-socketio's own client, used as an app developer would use it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import socketio

from tests.journeys.people import Person
from tests.journeys.site import Site
from tests.journeys.waiting import PATIENCE_S

Push = tuple[str, dict[str, Any]]


class App:
    """One connection of one person; `connected` creates it."""

    def __init__(self, client: "socketio.AsyncClient") -> None:
        self._client = client
        self.pushes: list[Push] = []
        self._pushed = asyncio.Condition()
        client.on("*", self._take)

    @property
    def gateway(self) -> str:
        """The gateway's name, with which the session id begins."""
        return str(self._client.eio.sid).partition(".")[0]

    @property
    def transport(self) -> str:
        """The current transport: "websocket" or "polling"."""
        return str(self._client.transport())

    async def call(self, name: str, **payload: Any) -> dict[str, Any]:
        """Make a call, and return its acknowledgement; a refusal fails the test."""
        answer: dict[str, Any] = await self._client.call(name, payload, timeout=20)
        assert answer.pop("ok"), f"{name}: {answer}"
        return answer

    async def pushed(
        self, name: str, within_s: float = PATIENCE_S, **wanted: object
    ) -> dict[str, Any]:
        """Wait for the first push with this name and these fields, and return it.

        Raises:
            AssertionError: it did not arrive in time; the message lists what did.
        """

        def found() -> dict[str, Any] | None:
            fits = (
                data
                for pushed_name, data in self.pushes
                if pushed_name == name and wanted.items() <= {**data}.items()
            )
            return next(fits, None)

        try:
            async with asyncio.timeout(within_s), self._pushed:
                await self._pushed.wait_for(lambda: found() is not None)
        except TimeoutError:
            raise AssertionError(f"no {name} {wanted}; came: {self.pushes}") from None
        push = found()
        assert push is not None
        return push

    def all_pushed(self, name: str) -> list[dict[str, Any]]:
        """Every push with this name so far, in order."""
        return [data for pushed_name, data in self.pushes if pushed_name == name]

    async def _take(self, name: str, data: dict[str, Any]) -> None:
        self.pushes.append((name, data))
        async with self._pushed:
            self._pushed.notify_all()


@asynccontextmanager
async def connected(
    site: Site, person: Person, transports: Sequence[str] | None = None
) -> AsyncIterator[App]:
    """Connect a person's app through nginx; by default over polling with an upgrade."""
    client = socketio.AsyncClient(reconnection=False)
    app = App(client)
    await client.connect(
        site.url, auth={"token": person.token}, transports=transports, wait_timeout=10
    )
    try:
        yield app
    finally:
        await client.disconnect()
