"""The epoch of all feeds: which history their numbers belong to.

A restore from a backup lowers the numbers, and the feeds then assign them again to other entries. A
reader that stores (epoch, number) notices this. Each process keeps the epoch in memory and reads it
again every few seconds, so that no join and no message costs a read.
"""

import asyncio
import secrets
from collections.abc import Callable

from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.storage.collection import Database, away_is_temporary

LOG = get_logger(__name__)
READ_EVERY_S = 2.0
# The epoch of a database that was never restored; no document stores it.
FIRST = "0"
_ID = "feeds"


class MongoEpoch:
    """Implements the `Epoch` port; `current` is what this process read last."""

    def __init__(self, database: Database) -> None:
        self._collection = database["epochs"]
        self._handlers: list[Callable[[], None]] = []
        self.current = FIRST

    def on_change(self, handler: Callable[[], None]) -> None:
        """Call the handler whenever the epoch has changed."""
        self._handlers.append(handler)

    async def read(self) -> None:
        """Read the epoch; if it has changed, call the handlers.

        Raises:
            TemporaryError: MongoDB is down.
        """
        async with away_is_temporary(None):
            document = await self._collection.find_one({"_id": _ID})
        epoch = document["epoch"] if document else FIRST
        if epoch != self.current:
            LOG.warning("the database was restored", epoch=epoch)
            self.current = epoch
            for handler in self._handlers:
                handler()

    async def follow_for_ever(self) -> None:
        """Read the epoch every few seconds."""
        while True:
            await asyncio.sleep(READ_EVERY_S)
            try:
                await self.read()
            except TemporaryError as error:
                LOG.warning("could not read the epoch", why=str(error))


async def begin_epoch(database: Database) -> str:
    """Begin a new epoch, one that no backup contains; returns it."""
    epoch = secrets.token_hex(6)
    await database["epochs"].update_one({"_id": _ID}, {"$set": {"epoch": epoch}}, upsert=True)
    return epoch
