"""The numbered feed of a room: entries of a conversation, revisions of an RFI, an account's items."""

from dataclasses import replace
from typing import Protocol

from marketplace.domain import visibility
from marketplace.ports import Announcement, Store, account_room, conversation_room, rfi_room
from marketplace.schemas import views
from marketplace.schemas.rfis import RevisionView

PAGE = 200
_REVISION = RevisionView()


class Feed(Protocol):
    """A numbered stream in the store, dense from 1."""

    room: str

    @property
    def epoch(self) -> str:
        """The history that the numbers belong to."""

    async def head(self) -> int:
        """The highest number; 0 when the feed is empty."""

    async def after(self, position: int) -> list[Announcement]:
        """The pushes after a position, in order, at most `PAGE`."""

    def limited(self, announcement: Announcement) -> Announcement:
        """The push as members with a limited view receive it."""


class ConversationFeed:
    """The entries of a conversation, by sequence."""

    def __init__(self, store: Store, conversation_id: str) -> None:
        self.room = conversation_room(conversation_id)
        self._store = store
        self._conversation_id = conversation_id

    @property
    def epoch(self) -> str:
        """The store's epoch."""
        return self._store.epoch.current

    async def head(self) -> int:
        """The highest sequence."""
        return (await self._store.entries.heads([self._conversation_id]))[self._conversation_id]

    async def after(self, position: int) -> list[Announcement]:
        """The pushes for the entries after a sequence."""
        entries = await self._store.entries.after(self._conversation_id, position, PAGE)
        return [
            Announcement(self.room, *views.push(entry), entry.sequence, entry.traceparent)
            for entry in entries
        ]

    def limited(self, announcement: Announcement) -> Announcement:
        """The same push: participants see all of a conversation."""
        return announcement


class RfiFeed:
    """The changes of an RFI, by revision."""

    def __init__(self, store: Store, rfi_id: str) -> None:
        self.room = rfi_room(rfi_id)
        self._store = store
        self._rfi_id = rfi_id

    @property
    def epoch(self) -> str:
        """The store's epoch."""
        return self._store.epoch.current

    async def head(self) -> int:
        """The current revision."""
        rfi = await self._store.rfis.get(self._rfi_id)
        return rfi.revision if rfi else 0

    async def after(self, position: int) -> list[Announcement]:
        """The pushes for the revisions after a position."""
        revisions = await self._store.rfis.revisions(self._rfi_id, position, PAGE)
        return [
            Announcement(self.room, "rfi.changed", _REVISION.dump(revision), revision.revision)
            for revision in revisions
        ]

    def limited(self, announcement: Announcement) -> Announcement:
        """The push without the changes that the limited view of an RFI withholds."""
        if announcement.name != "rfi.changed":
            return announcement
        return replace(announcement, data=visibility.limited_push(announcement.data))


class AccountFeed:
    """What an account was told, by position."""

    def __init__(self, store: Store, account_id: str) -> None:
        self.room = account_room(account_id)
        self._store = store
        self._account_id = account_id

    @property
    def epoch(self) -> str:
        """The store's epoch."""
        return self._store.epoch.current

    async def head(self) -> int:
        """The highest position."""
        return (await self._store.feed.heads([self._account_id]))[self._account_id]

    async def after(self, position: int) -> list[Announcement]:
        """The pushes for the items after a position."""
        items = await self._store.feed.after(self._account_id, position, PAGE)
        return [Announcement(self.room, *views.item_push(item), item.position) for item in items]

    def limited(self, announcement: Announcement) -> Announcement:
        """The same push: an account sees all of its own feed."""
        return announcement
