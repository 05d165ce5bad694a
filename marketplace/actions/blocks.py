"""Block and unblock a conversation."""

from collections.abc import Callable

from marketplace.actions import account_feed, announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import event
from marketplace.domain import conversations
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation, Entry
from marketplace.ports import Repositories, World
from marketplace.schemas.conversations import ConversationView

_CONVERSATION = ConversationView()


async def block(world: World, actor: Actor, conversation_id: str) -> Conversation:
    """Block the conversation for both sides; blocking it again changes nothing.

    The notice `conversation_closed` takes a sequence, and no message from either participant is
    stored after it.

    Raises:
        ParleyError: `not_found`.
        TemporaryError: the store is down.
    """
    return await _change(world, actor, conversation_id, "conversation.blocked", conversations.block)


async def unblock(world: World, actor: Actor, conversation_id: str) -> Conversation:
    """Remove the actor's own block; the conversation opens unless the other side blocks it too.

    Raises:
        ParleyError: `not_found`.
        TemporaryError: the store is down.
    """
    return await _change(
        world, actor, conversation_id, "conversation.unblocked", conversations.unblock
    )


async def _change(
    world: World,
    actor: Actor,
    conversation_id: str,
    event_name: str,
    change: Callable[[Conversation, Actor], Conversation],
) -> Conversation:
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Conversation, list[FeedItem], Entry | None]:
        found = await tx.conversations.get(conversation_id)
        before = conversations.require_participant(found, actor)
        after = change(before, actor)
        if after == before:
            return before, [], None
        await tx.conversations.save(after)
        notice = None
        if after.is_open != before.is_open:
            code = "conversation_reopened" if after.is_open else "conversation_closed"
            notice = await add_notice(tx, conversation_id, code, {}, actor, now)
        data = {
            "conversation": _CONVERSATION.write(after),
            "blocked_by": list(after.blocked_by),
        }
        await tx.outbox.add(event(event_name, conversation_id, now, actor, data))
        items = await tx.feed.append(account_feed.block_items(after, now))
        return after, items, notice

    conversation, items, notice = await world.store.transact(work)
    announcements.access_changed(world, *(item.account_id for item in items))
    if notice is not None:
        announcements.entry_added(world, notice)
    await account_feed.tell(world, items)
    return conversation
