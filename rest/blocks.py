"""Block a conversation, and take the block back."""

from typing import Any

from marketplace.actions import blocks
from marketplace.domain.conversations import Conversation
from marketplace.domain.views import standing_view
from marketplace.schemas.conversations import BlockView
from rest.calls import Answer, Call
from rest.operations import Routes

ROUTES = Routes("Conversations")


@ROUTES.post("/v1/conversations/{conversation_id}/block", answer=BlockView())
async def block_conversation(call: Call) -> Answer:
    """Block the conversation: neither side can write, edit or quote into it from now on.

    Blocking what one blocks already changes nothing, so this may be repeated. The other side is told
    that the conversation takes no messages, and not by whom.
    """
    found = await blocks.block(call.world, call.actor, call.path["conversation_id"])
    return Answer(_told(call, found))


@ROUTES.delete("/v1/conversations/{conversation_id}/block", answer=BlockView())
async def unblock_conversation(call: Call) -> Answer:
    """Take one's own block back; the conversation is open when the other side has none either."""
    found = await blocks.unblock(call.world, call.actor, call.path["conversation_id"])
    return Answer(_told(call, found))


def _told(call: Call, conversation: Conversation) -> dict[str, Any]:
    standing = standing_view(conversation, call.actor.account_id)
    return {"conversation_id": conversation.id, **standing}
