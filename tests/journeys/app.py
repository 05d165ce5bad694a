"""A connected app: python-socketio's own client, as somebody would write one against Parley."""

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
    """One connection of one person; made by `connected`."""

    def __init__(self, client: "socketio.AsyncClient") -> None:
        self._client = client
        self.pushes: list[Push] = []
        self._pushed = asyncio.Condition()
        client.on("*", self._take)

    @property
    def gateway(self) -> str:
        """The gateway's name, which a session's id begins with."""
        return str(self._client.eio.sid).partition(".")[0]

    @property
    def transport(self) -> str:
        """What carries the packets now: "websocket" or "polling"."""
        return str(self._client.transport())

    async def call(self, name: str, **payload: Any) -> dict[str, Any]:
        """Call, and return what was acknowledged; a refusal fails the test."""
        answer: dict[str, Any] = await self._client.call(name, payload, timeout=20)
        assert answer.pop("ok"), f"{name}: {answer}"
        return answer

    async def pushed(
        self, name: str, within_s: float = PATIENCE_S, **wanted: object
    ) -> dict[str, Any]:
        """The first push of that name with these fields, when it is there.

        Raises:
            AssertionError: it did not come in time; the message lists what did.
        """

        def found() -> dict[str, Any] | None:
            fits = (
                data
                for each, data in self.pushes
                if each == name and wanted.items() <= {**data}.items()
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
        """Every push of that name so far, in order."""
        return [data for each, data in self.pushes if each == name]

    async def _take(self, name: str, data: dict[str, Any]) -> None:
        self.pushes.append((name, data))
        async with self._pushed:
            self._pushed.notify_all()


@asynccontextmanager
async def connected(
    site: Site, person: Person, transports: Sequence[str] | None = None
) -> AsyncIterator[App]:
    """A person's app, connected through nginx; by polling and then the upgrade unless told."""
    client = socketio.AsyncClient(reconnection=False)
    app = App(client)
    await client.connect(
        site.url, auth={"token": person.token}, transports=transports, wait_timeout=10
    )
    try:
        yield app
    finally:
        await client.disconnect()
