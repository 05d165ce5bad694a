"""Where a room's numbers come from: entries of a conversation, revisions of an RFI."""

from dataclasses import replace
from typing import Protocol

from marketplace.domain import views, visibility
from marketplace.ports import Announcement, Store, conversation_room, rfi_room
from marketplace.schemas.rfis import RevisionView

PAGE = 200
_REVISION = RevisionView()


class Feed(Protocol):
    """A numbered stream in the store, dense from 1."""

    room: str

    @property
    def epoch(self) -> str:
        """Which history the numbers belong to."""

    async def head(self) -> int:
        """The highest number; 0 when there is none."""

    async def after(self, position: int) -> list[Announcement]:
        """The pushes behind a number, in order, at most `PAGE`."""

    def limited(self, announcement: Announcement) -> Announcement:
        """The push as members with a limited view get it."""


class ConversationFeed:
    """The entries of a conversation, by sequence."""

    def __init__(self, store: Store, conversation_id: str) -> None:
        self.room = conversation_room(conversation_id)
        self._store = store
        self._conversation_id = conversation_id

    @property
    def epoch(self) -> str:
        """The store's."""
        return self._store.epoch.current

    async def head(self) -> int:
        """The highest sequence."""
        return (await self._store.entries.heads([self._conversation_id]))[self._conversation_id]

    async def after(self, position: int) -> list[Announcement]:
        """The pushes of the entries behind a sequence."""
        entries = await self._store.entries.after(self._conversation_id, position, PAGE)
        return [Announcement(self.room, *views.push(each), each.sequence) for each in entries]

    def limited(self, announcement: Announcement) -> Announcement:
        """Whoever takes part in a conversation sees all of it."""
        return announcement


class RfiFeed:
    """The changes of an RFI, by revision."""

    def __init__(self, store: Store, rfi_id: str) -> None:
        self.room = rfi_room(rfi_id)
        self._store = store
        self._rfi_id = rfi_id

    @property
    def epoch(self) -> str:
        """The store's."""
        return self._store.epoch.current

    async def head(self) -> int:
        """The current revision."""
        rfi = await self._store.rfis.get(self._rfi_id)
        return rfi.revision if rfi else 0

    async def after(self, position: int) -> list[Announcement]:
        """The pushes of the revisions behind a number."""
        revisions = await self._store.rfis.revisions(self._rfi_id, position, PAGE)
        return [
            Announcement(self.room, "rfi.changed", _REVISION.dump(each), each.revision)
            for each in revisions
        ]

    def limited(self, announcement: Announcement) -> Announcement:
        """Without the changes that the limited view of an RFI withholds."""
        if announcement.name != "rfi.changed":
            return announcement
        return replace(announcement, data=visibility.limited_push(announcement.data))
