"""Block a conversation, and remove the block."""

from typing import Any

from marketplace.actions import blocks
from marketplace.domain.conversations import Conversation
from marketplace.domain.members import MemberRole
from marketplace.schemas.conversations import BlockView
from marketplace.schemas.views import block_state
from rest.context import Answer, RequestContext
from rest.operations import Routes

ROUTES = Routes("Conversations")


@ROUTES.post("/v1/conversations/{conversation_id}/block", team=MemberRole.AGENT, answer=BlockView())
async def block_conversation(context: RequestContext) -> Answer:
    """Block a conversation: neither side can send, edit or quote in it from then on.

    The call is idempotent. The other side learns that the conversation does not accept messages, but
    not who blocked it.
    """
    conversation = await blocks.block(context.world, context.actor, context.path["conversation_id"])
    return Answer(_block_view(context, conversation))


@ROUTES.delete(
    "/v1/conversations/{conversation_id}/block", team=MemberRole.AGENT, answer=BlockView()
)
async def unblock_conversation(context: RequestContext) -> Answer:
    """Remove the caller's block; the conversation opens unless the other side blocks it too."""
    conversation = await blocks.unblock(
        context.world, context.actor, context.path["conversation_id"]
    )
    return Answer(_block_view(context, conversation))


def _block_view(context: RequestContext, conversation: Conversation) -> dict[str, Any]:
    state = block_state(conversation, context.actor.account_id)
    return {"conversation_id": conversation.id, **state}
