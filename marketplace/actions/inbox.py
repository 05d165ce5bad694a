"""A participant's inbox: mute and archive a conversation."""

from marketplace.actions import announcements
from marketplace.domain.accounts import Actor
from marketplace.domain.inbox import InboxRow
from marketplace.errors import Code, ParleyError
from marketplace.ports import World


async def own_row(world: World, actor: Actor, conversation_id: str) -> InboxRow:
    """The actor's row of a conversation.

    Raises:
        ParleyError: `not_found`, also for other people's conversations.
    """
    pair = (conversation_id, actor.account_id)
    row = (await world.store.inbox.rows([pair])).get(pair)
    if row is None:
        raise ParleyError(Code.NOT_FOUND, "You have no conversation with this id.")
    return row


async def mute(world: World, actor: Actor, conversation_id: str, *, is_muted: bool) -> InboxRow:
    """Mute a conversation for the actor, or end that; doing it again changes nothing.

    Raises:
        ParleyError: `not_found`.
        TemporaryError: the store is down.
    """
    before = await own_row(world, actor, conversation_id)
    if before.is_muted == is_muted:
        return before
    await world.store.inbox.mute(conversation_id, actor.account_id, is_muted=is_muted)
    return await _changed(world, actor, conversation_id)


async def archive(world: World, actor: Actor, conversation_id: str) -> InboxRow:
    """Archive a conversation for the actor, until its next entry; doing it again changes nothing.

    An entry that is added at the same time has a higher sequence than the one named here, so it
    ends the archiving, whichever comes first.

    Raises:
        ParleyError: `not_found`.
        TemporaryError: the store is down.
    """
    before = await own_row(world, actor, conversation_id)
    if before.is_archived:
        return before
    await world.store.inbox.archive(conversation_id, actor.account_id, before.head)
    return await _changed(world, actor, conversation_id)


async def unarchive(world: World, actor: Actor, conversation_id: str) -> InboxRow:
    """Return a conversation to the actor's list; doing it again changes nothing.

    Raises:
        ParleyError: `not_found`.
        TemporaryError: the store is down.
    """
    before = await own_row(world, actor, conversation_id)
    if not before.is_archived:
        return before
    await world.store.inbox.archive(conversation_id, actor.account_id, None)
    return await _changed(world, actor, conversation_id)


async def _changed(world: World, actor: Actor, conversation_id: str) -> InboxRow:
    """The row after the change, which is pushed to the person's other apps."""
    row = await own_row(world, actor, conversation_id)
    announcements.inbox_updated(world, row)
    return row
