"""The messages of an app that are not acknowledged yet, in the order in which they were written."""

import asyncio

from tests.chaos.history import Content

# More than one at a time, or nothing could be reordered; few enough to be interrupted often.
MOST_IN_FLIGHT = 8


class Unacknowledged:
    """The messages that have to be resent after a reconnect, until they are acknowledged."""

    def __init__(self) -> None:
        self._contents: dict[Content, None] = {}
        self._has_room = asyncio.Event()

    def __len__(self) -> int:
        return len(self._contents)

    def __contains__(self, content: Content) -> bool:
        return content in self._contents

    def add(self, content: Content) -> None:
        """Keep a new message."""
        self._contents[content] = None

    def done(self, content: Content) -> bool:
        """Remove an acknowledged message; returns False if it was not kept."""
        self._has_room.set()
        return self._contents.pop(content, content) is None

    def next_but(self, gone: set[Content]) -> Content | None:
        """The oldest message that has not been sent yet."""
        return next((content for content in self._contents if content not in gone), None)

    async def has_room(self) -> None:
        """Wait until few enough are unacknowledged to send more."""
        while len(self) >= MOST_IN_FLIGHT:
            self._has_room.clear()
            await self._has_room.wait()
