"""The calls about conversations."""

from typing import Any

from marketplace.actions import conversations, feeds
from marketplace.domain.conversations import require_open
from marketplace.ports import World, conversation_room
from marketplace.schemas import views
from marketplace.schemas.conversations import (
    ConversationCall,
    DeleteMessage,
    EditMessage,
    FetchEntries,
    JoinConversation,
    MarkPosition,
    SetTyping,
    SocketSendMessage,
)
from realtime.activity import Activity
from realtime.calls import CallDefinition
from realtime.connections import Connection
from realtime.feeds import ConversationFeed
from realtime.rooms import Rooms
from realtime.snapshots import Snapshots
from realtime.typing import Typing


class ConversationCalls:
    """Join, leave, fetch, send, edit, delete, mark, type."""

    def __init__(
        self,
        world: World,
        rooms: Rooms,
        snapshots: Snapshots,
        typing: Typing,
        activity: Activity,
    ) -> None:
        self._world = world
        self._rooms = rooms
        self._snapshots = snapshots
        self._typing = typing
        self._activity = activity

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
        conversation = await connection.access.conversation(payload["conversation_id"])
        room = await self._rooms.enter(
            conversation_room(conversation.id),
            lambda: ConversationFeed(self._world.store, conversation.id),
        )
        try:
            snapshot = await self._snapshots.settle(connection, conversation, room, payload)
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
        conversation = await connection.access.conversation(payload["conversation_id"])
        page = await feeds.read_entries(
            self._world,
            conversation,
            after=payload.get("after_sequence"),
            before=payload.get("before_sequence"),
            epoch=payload["epoch"],
            limit=payload["limit"],
        )
        return views.entry_page_view(page)

    async def send_message(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a message; it is durable when acknowledged."""
        conversation = await connection.access.writable_conversation(payload["conversation_id"])
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
        conversation = await connection.access.writable_conversation(payload["conversation_id"])
        entry = await conversations.edit_message(
            self._world, connection.actor, conversation, payload["message_id"], payload["body"]
        )
        self._activity.touch(connection)
        return {"entry": views.entry_view(entry)}

    async def delete_message(
        self, connection: Connection, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """Delete a message of the sender's own."""
        conversation = await connection.access.conversation(payload["conversation_id"])
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
        conversation = await connection.access.recent_conversation(payload["conversation_id"])
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
        conversation = await connection.access.recent_conversation(payload["conversation_id"])
        await conversations.mark_position(
            self._world, connection.actor, conversation, delivered=delivered, read=read
        )
        return {}
