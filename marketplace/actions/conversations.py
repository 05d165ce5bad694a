"""Send, edit and delete messages; advance read positions; add notices."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from marketplace import tracing
from marketplace.actions import announcements, attachments
from marketplace.domain import conversations
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Channel, Conversation, Entry, EntryKind, ReadPosition
from marketplace.domain.requests import RequestKey
from marketplace.errors import ParleyError, invalid
from marketplace.ids import new_id
from marketplace.ports import Appended, Repositories, World


async def own_conversation(world: World, actor: Actor, conversation_id: str) -> Conversation:
    """The conversation, if the actor is a participant.

    Raises:
        ParleyError: `not_found`.
    """
    found = await world.store.conversations.get(conversation_id)
    return conversations.require_participant(found, actor)


async def send_message(
    world: World,
    actor: Actor,
    conversation: Conversation,
    *,
    client_message_id: str,
    body: str,
    attachment_ids: list[str],
    channel: Channel = Channel.APP,
    request: RequestKey | None = None,
) -> Appended:
    """Append a message; when this returns, it is durable and announced.

    A resend of the same message returns the first one, however late, with `is_new` False. So does a
    repeated `request`: its key is stored in the message itself.

    Raises:
        ParleyError: `not_found`, `blocked`, `client_message_id_reused`, `idempotency_key_reused`,
            `unavailable`, `validation_failed`.
    """
    conversations.require_participant(conversation, actor)
    message = _entry(
        conversation.id,
        EntryKind.MESSAGE,
        world.clock.now(),
        actor,
        client_message_id=client_message_id,
        channel=channel,
        body=body,
        request=request,
    )
    if attachment_ids:
        appended = await _append_with_attachments(world, actor, message, attachment_ids)
    else:
        appended = await world.entry_log.append(message)
        conversations.require_same_message(appended.entry, message)
    if appended.is_new:
        announcements.entry_added(world, appended.entry)
    return appended


async def edit_message(
    world: World, actor: Actor, conversation: Conversation, message_id: str, body: str
) -> Entry:
    """Append an edit of the actor's own message; returns the entry that set the current text.

    An edit that does not change the text makes no entry.

    Raises:
        ParleyError: `not_found`, `forbidden`, `blocked`, `unavailable`; `wrong_state` if the
            message was deleted.
    """
    await _own_message(world, actor, conversation, message_id)
    entry = _entry(
        conversation.id,
        EntryKind.EDIT,
        world.clock.now(),
        actor,
        message_id=message_id,
        body=body,
    )
    appended = await world.entry_log.append(entry)
    if appended.is_new:
        announcements.entry_added(world, appended.entry)
    return appended.entry


async def delete_message(
    world: World, actor: Actor, conversation: Conversation, message_id: str
) -> Entry:
    """Append the deletion of the actor's own message; allowed even in a blocked conversation.

    A message is deleted once; another deletion returns the first one. Its attachments are deleted
    with it.

    Raises:
        ParleyError: `not_found`, `forbidden`.
        TemporaryError: the store is down.
    """
    message = await _own_message(world, actor, conversation, message_id)
    entry = _entry(
        conversation.id, EntryKind.DELETION, world.clock.now(), actor, message_id=message_id
    )

    async def work(tx: Repositories) -> Appended:
        if message.attachments:
            await attachments.remove_all(tx, conversations.sent_ids(message))
        return await tx.entries.add_deletion(entry)

    appended = await world.store.transact(work)
    if appended.is_new:
        announcements.entry_added(world, appended.entry)
    return appended.entry


async def mark_position(
    world: World, actor: Actor, conversation: Conversation, *, delivered: int, read: int
) -> ReadPosition | None:
    """Advance the actor's read position; None if nothing changed.

    The actor's other apps learn what was read. In a blocked conversation the other side does not.

    Raises:
        ParleyError: `not_found`; `validation_failed` for a sequence that does not exist yet.
    """
    conversations.require_participant(conversation, actor)
    head = (await world.store.entries.heads([conversation.id]))[conversation.id]
    if max(delivered, read) > head:
        raise invalid("sequence", f"Must not exceed the conversation's head, {head}.")
    position = await world.store.read_positions.advance(
        conversation.id, actor.account_id, delivered=delivered, read=read
    )
    if position is not None and conversation.is_open:
        announcements.read_position_moved(world, position)
    if position is not None and read:
        announcements.inbox_read(world, position, head)
    return position


async def add_notice(
    tx: Repositories,
    conversation_id: str,
    code: str,
    data: dict[str, Any],
    actor: Actor,
    now: datetime,
    *,
    follows_seen: bool = False,
) -> Entry:
    """Append a notice within a transaction; the caller announces it after the commit.

    With `follows_seen`, no entry that the transaction did not see comes before the notice.
    """
    entry = _entry(conversation_id, EntryKind.NOTICE, now, actor, code=code, data=data)
    return await tx.entries.add_next(entry, follows_seen=follows_seen)


async def _append_with_attachments(
    world: World, actor: Actor, message: Entry, attachment_ids: list[str]
) -> Appended:
    """Claim the attachments, then append the message that contains them.

    The claim names the message by its permanent ids, so a resend finds its own claim. It is given
    up only if the message was certainly not stored with these attachments.
    """
    owner = attachments.owner_of_message(message.conversation_id, message.client_message_id or "")
    try:
        sent = await attachments.claim(world, actor, owner, attachment_ids)
    except ParleyError:
        stored = await _sent_before(world, message, attachment_ids)
        if stored is None:
            raise
        return Appended(stored, is_new=False)
    message = replace(message, attachments=sent)
    stored_ids: list[str] = []
    try:
        appended = await world.entry_log.append(message)
        stored_ids = conversations.sent_ids(appended.entry)
        conversations.require_same_message(appended.entry, message)
    except ParleyError as refused:
        if not refused.meaning.is_temporary:
            unused = [id_ for id_ in attachment_ids if id_ not in stored_ids]
            await attachments.release(world, owner, unused)
        raise
    return appended


async def _sent_before(world: World, message: Entry, attachment_ids: list[str]) -> Entry | None:
    """The message that a resend repeats although its attachments were deleted with it.

    Raises:
        ParleyError: `idempotency_key_reused`, `client_message_id_reused`.
    """
    stored = await world.store.entries.sent_as(
        message.conversation_id, message.sender_id or "", message.client_message_id or ""
    )
    if stored is None or conversations.sent_ids(stored) != attachment_ids:
        return None
    conversations.require_same_message(stored, replace(message, attachments=stored.attachments))
    return stored


async def _own_message(
    world: World, actor: Actor, conversation: Conversation, message_id: str
) -> Entry:
    conversations.require_participant(conversation, actor)
    message = await world.store.entries.get(message_id)
    return conversations.require_own_message(message, conversation.id, actor)


def _entry(
    conversation_id: str, kind: EntryKind, now: datetime, actor: Actor, **content: Any
) -> Entry:
    return Entry(
        id=new_id(),
        conversation_id=conversation_id,
        sequence=0,  # assigned when the entry is written
        kind=kind,
        at=now,
        sender_id=actor.account_id,
        sender_role=actor.role,
        correlation_id=actor.correlation_id,
        traceparent=tracing.traceparent(),
        **content,
    )
