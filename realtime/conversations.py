"""The calls about conversations."""

import asyncio
import math
from typing import Any

from marketplace.actions import conversations, feeds, memberships
from marketplace.domain.conversations import (
    Conversation,
    Entry,
    ReadPosition,
    fit_page,
    require_open,
)
from marketplace.domain.pages import MAX_LIMIT
from marketplace.domain.unread import with_own_messages
from marketplace.ports import World, conversation_room
from marketplace.schemas import views
from marketplace.schemas.conversations import (
    ConversationCall,
    ConversationView,
    DeleteMessage,
    EditMessage,
    FetchEntries,
    JoinConversation,
    MarkPosition,
    ReadPositionView,
    SetTyping,
    SocketSendMessage,
)
from realtime.activity import Activity
from realtime.calls import CallDefinition
from realtime.connections import Connection
from realtime.feeds import ConversationFeed
from realtime.presence import RoomPresence
from realtime.room import Room
from realtime.rooms import Rooms
from realtime.typing import Typing

# Blocks are announced to every gateway; if that is lost, typing and receipts stop within this time.
BLOCK_HEARD_WITHIN_S = 5.0
HEAD_LAGS_S = 0.05
_CONVERSATION, _READ_POSITION = ConversationView(), ReadPositionView()


class ConversationCalls:
    """Join, leave, fetch, send, edit, delete, mark, type."""

    def __init__(
        self,
        world: World,
        rooms: Rooms,
        typing: Typing,
        activity: Activity,
        presence: RoomPresence,
    ) -> None:
        self._world = world
        self._rooms = rooms
        self._typing = typing
        self._activity = activity
        self._presence = presence

    def calls(self) -> dict[str, CallDefinition]:
        """The calls by their names in the contract."""
        return {
            "join_conversation": CallDefinition(
                JoinConversation(), self.join, is_reading=True, resumes_from="after_sequence"
            ),
            "leave_conversation": CallDefinition(ConversationCall(), self.leave),
            "fetch_entries": CallDefinition(FetchEntries(), self.fetch_entries, is_reading=True),
            "send_message": CallDefinition(SocketSendMessage(), self.send_message),
            "edit_message": CallDefinition(EditMessage(), self.edit_message),
            "delete_message": CallDefinition(DeleteMessage(), self.delete_message),
            "mark_delivered": CallDefinition(MarkPosition(), self.mark_delivered),
            "mark_read": CallDefinition(MarkPosition(), self.mark_read),
            "set_typing": CallDefinition(SetTyping(), self.set_typing, is_typing=True),
        }

    async def join(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Join and return the snapshot up to `head`; pushes begin at head + 1."""
        with connection.reserve_room(conversation_room(payload["conversation_id"])):
            return await self._join(connection, payload)

    async def _join(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        conversation = await self._conversation(connection, payload["conversation_id"])
        room = await self._rooms.enter(
            conversation_room(conversation.id),
            lambda: ConversationFeed(self._world.store, conversation.id),
        )
        try:
            snapshot = await self._snapshot(connection, conversation, room, payload)
            connection.add_room(room)
            is_resume = payload["after_sequence"] is not None
            self._activity.joined(connection, is_resume=is_resume)
            return snapshot
        finally:
            self._rooms.abandon(room)

    async def leave(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Leave; later entries are not pushed to this connection."""
        name = conversation_room(payload["conversation_id"])
        connection.rooms.discard(name)
        self._rooms.leave(name, connection.id)
        return {}

    async def fetch_entries(
        self, connection: Connection, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """Return a page of entries after or before a sequence."""
        conversation = await self._conversation(connection, payload["conversation_id"])
        page = await feeds.read_entries(
            self._world.store,
            conversation.id,
            after=payload.get("after_sequence"),
            before=payload.get("before_sequence"),
            epoch=payload["epoch"],
            limit=payload["limit"],
        )
        return {
            "entries": [views.entry_view(entry) for entry in page.entries],
            "head": page.head,
            "has_more": page.has_more,
            "epoch": page.epoch,
            "is_snapshot": page.is_snapshot,
        }

    async def send_message(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a message; it is durable when acknowledged."""
        conversation = await self._writable_conversation(connection, payload["conversation_id"])
        appended = await conversations.send_message(
            self._world,
            connection.actor,
            conversation,
            client_message_id=payload["client_message_id"],
            body=payload["body"],
            attachment_ids=payload["attachment_ids"],
        )
        self._typing.stop(connection, conversation.id)
        self._activity.touch(connection)
        return {"message": views.message_view(appended.entry)}

    async def edit_message(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Edit a message of the sender's own."""
        conversation = await self._writable_conversation(connection, payload["conversation_id"])
        entry = await conversations.edit_message(
            self._world, connection.actor, conversation, payload["message_id"], payload["body"]
        )
        self._activity.touch(connection)
        return {"entry": views.entry_view(entry)}

    async def delete_message(
        self, connection: Connection, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """Delete a message of the sender's own."""
        conversation = await self._conversation(connection, payload["conversation_id"])
        entry = await conversations.delete_message(
            self._world, connection.actor, conversation, payload["message_id"]
        )
        self._activity.touch(connection)
        return {"entry": views.entry_view(entry)}

    async def mark_delivered(
        self, connection: Connection, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """Mark everything up to the sequence as delivered to the app."""
        return await self._mark(connection, payload, delivered=payload["sequence"], read=0)

    async def mark_read(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Mark everything up to the sequence as read."""
        self._activity.touch(connection)
        return await self._mark(connection, payload, delivered=0, read=payload["sequence"])

    async def set_typing(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Announce typing to the others; it expires unless repeated."""
        conversation = await self._recent_conversation(connection, payload["conversation_id"])
        require_open(conversation, connection.actor)
        self._activity.touch(connection)
        if payload["is_typing"]:
            self._typing.start(connection, conversation.id)
        else:
            self._typing.stop(connection, conversation.id)
        return {}

    async def _mark(
        self, connection: Connection, payload: dict[str, Any], *, delivered: int, read: int
    ) -> dict[str, Any]:
        conversation = await self._recent_conversation(connection, payload["conversation_id"])
        await conversations.mark_position(
            self._world, connection.actor, conversation, delivered=delivered, read=read
        )
        return {}

    async def _conversation(
        self, connection: Connection, conversation_id: str, within_s: float = math.inf
    ) -> Conversation:
        cached = connection.cached_conversation(conversation_id, within_s)
        if cached is not None:
            return cached
        async with connection.lookup_lock:
            return await self._look_up(connection, conversation_id, within_s)

    async def _recent_conversation(
        self, connection: Connection, conversation_id: str
    ) -> Conversation:
        """The conversation as of a moment ago: the announcement of a block may have been lost."""
        return await self._conversation(connection, conversation_id, BLOCK_HEARD_WITHIN_S)

    async def _writable_conversation(
        self, connection: Connection, conversation_id: str
    ) -> Conversation:
        """The conversation, if the connection may write to it; does not await if both are cached.

        While a lookup runs, later calls queue behind it, so that messages keep the order they
        arrived in.
        """
        cached = connection.cached_conversation(conversation_id)
        if cached is not None and connection.may_write and not connection.pending_lookups:
            return cached
        connection.pending_lookups += 1
        try:
            async with connection.lookup_lock:
                conversation = await self._look_up(connection, conversation_id)
                if not connection.may_write:
                    access_version = connection.access_changes
                    await memberships.require_may_write(self._world, connection.actor)
                    connection.may_write = access_version == connection.access_changes
                return conversation
        finally:
            connection.pending_lookups -= 1

    async def _look_up(
        self, connection: Connection, conversation_id: str, within_s: float = math.inf
    ) -> Conversation:
        conversation = connection.cached_conversation(conversation_id, within_s)
        if conversation is None:
            access_version = connection.access_changes
            conversation = await conversations.own_conversation(
                self._world, connection.actor, conversation_id
            )
            if access_version == connection.access_changes:
                connection.cache_conversation(conversation)
        return conversation

    async def _snapshot(
        self,
        connection: Connection,
        conversation: Conversation,
        room: Room,
        payload: dict[str, Any],
    ) -> dict[str, Any]:
        """Read until the snapshot reaches what the room has delivered, then become a member.

        There is no `await` between `settle` and the acknowledgement, so no push precedes it.
        Whether the conversation is open is read after the head, so that it is never older than the
        entries.
        """
        store, id_ = self._world.store, conversation.id
        others = [
            participant.account_id
            for participant in conversation.others(connection.actor.account_id)
        ]
        while True:
            epoch = store.epoch.current
            head = (await store.entries.heads([id_]))[id_]
            after = await self._followed(payload, id_, head)
            if after is not None and after > head:  # an election just ended: retry in a moment
                await asyncio.sleep(HEAD_LAGS_S)
                continue
            # Concurrently: the longer this takes, the likelier the room moves on and this repeats.
            entries, now, positions, active = await asyncio.gather(
                store.entries.before(id_, head + 1, MAX_LIMIT)
                if after is None
                else store.entries.after(id_, after, MAX_LIMIT),
                conversations.own_conversation(self._world, connection.actor, id_),
                store.read_positions.of_conversation(id_),
                self._presence.look_up(others),
            )
            if epoch == store.epoch.current and room.settle(connection.id, head):
                if now.is_open:
                    self._presence.show(room.name, active)
                page, has_more = _page(entries, after, head)
                return {
                    **self._as_seen_by(connection.actor.account_id, now, positions, entries),
                    "head": head,
                    "entries": [views.entry_view(entry) for entry in page],
                    "has_more": has_more,
                    "epoch": epoch,
                    "is_snapshot": after is None,
                }

    async def _followed(self, payload: dict[str, Any], id_: str, head: int) -> int | None:
        """The sequence that the snapshot continues from; None for a snapshot of the newest page."""
        after: int | None = payload["after_sequence"]
        if after is None or feeds.is_other(payload["epoch"], self._world.store.epoch.current):
            return None
        if after > head and after > await feeds.newest_head(self._world.store, id_):
            return None
        return after

    def _as_seen_by(
        self,
        account_id: str,
        conversation: Conversation,
        positions: list[ReadPosition],
        entries: list[Entry],
    ) -> dict[str, Any]:
        """The conversation as a participant sees it; a block hides the other side's activity."""
        view = _CONVERSATION.dump(conversation)
        view |= views.block_state(conversation, account_id)
        room, is_open = conversation_room(conversation.id), conversation.is_open
        for participant_view in view["participants"]:
            is_self = participant_view["account_id"] == account_id
            is_shown = is_open and self._presence.is_active(room, participant_view["account_id"])
            participant_view["is_active"] = is_self or is_shown
        visible_ids = [
            participant.account_id
            for participant in conversation.participants
            if is_open or participant.account_id == account_id
        ]
        shown_positions = with_own_messages(positions, entries, conversation.id, visible_ids)
        return {
            "conversation": view,
            "participants": view["participants"],
            "read_positions": _READ_POSITION.dump(shown_positions, many=True),
        }


def _page(entries: list[Entry], after: int | None, head: int) -> tuple[list[Entry], bool]:
    """As many of the entries as an answer holds, up to `head`, and whether there are more."""
    if after is None:
        page = fit_page(entries, newest=True)
        return page, bool(page) and page[0].sequence > 1
    page = fit_page([entry for entry in entries if entry.sequence <= head])
    return page, bool(page) and page[-1].sequence < head
