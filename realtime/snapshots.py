"""What joining a conversation returns: its state up to a head, after which pushes continue."""

import asyncio
from typing import Any

from marketplace.actions import feeds
from marketplace.actions.feeds import ConversationSnapshot
from marketplace.domain.conversations import Conversation
from marketplace.domain.pages import MAX_LIMIT
from marketplace.ports import World, conversation_room
from marketplace.schemas import views
from marketplace.schemas.conversations import ConversationView, ReadPositionView
from realtime.connections import Connection
from realtime.presence import RoomPresence
from realtime.room import Room

_CONVERSATION, _READ_POSITION = ConversationView(), ReadPositionView()


class Snapshots:
    """Reads snapshots of conversations, with who is shown as active."""

    def __init__(self, world: World, presence: RoomPresence) -> None:
        self._world = world
        self._presence = presence

    async def settle(
        self,
        connection: Connection,
        conversation: Conversation,
        room: Room,
        payload: dict[str, Any],
    ) -> dict[str, Any]:
        """Read the snapshot, then become a member; the room pushes what it delivered meanwhile.

        There is no `await` between the room's `settle` and the acknowledgement, so no push precedes
        it. The snapshot is read again if it is older than what the room keeps, or of another epoch.

        Raises:
            ParleyError: `not_found`.
            TemporaryError: the store is down.
        """
        actor = connection.actor
        others = [other.account_id for other in conversation.others(actor.account_id)]
        while True:
            snapshot, active = await asyncio.gather(
                feeds.read_snapshot(
                    self._world,
                    actor,
                    conversation.id,
                    after=payload["after_sequence"],
                    epoch=payload["epoch"],
                    limit=MAX_LIMIT,
                ),
                self._presence.look_up(others),
            )
            page = snapshot.page
            if page.epoch == self._world.store.epoch.current and room.settle(
                connection.id, page.head
            ):
                if snapshot.conversation.is_open:
                    self._presence.show(room.name, active)
                return {
                    **self._as_seen_by(actor.account_id, snapshot),
                    **views.entry_page_view(page),
                }

    def _as_seen_by(self, account_id: str, snapshot: ConversationSnapshot) -> dict[str, Any]:
        """The conversation as a participant sees it; a block hides the other side's activity."""
        conversation = snapshot.conversation
        room, is_open = conversation_room(conversation.id), conversation.is_open
        view = _CONVERSATION.dump(conversation)
        view |= views.block_state(conversation, account_id)
        for participant_view in view["participants"]:
            is_self = participant_view["account_id"] == account_id
            is_shown = is_open and self._presence.is_active(room, participant_view["account_id"])
            participant_view["is_active"] = is_self or is_shown
        visible_positions = [
            position
            for position in snapshot.read_positions
            if is_open or position.account_id == account_id
        ]
        return {
            "conversation": view,
            "participants": view["participants"],
            "read_positions": _READ_POSITION.dump(visible_positions, many=True),
        }
