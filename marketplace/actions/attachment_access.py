"""Who may read an attachment."""

from marketplace.actions.quote_reading import visible_quote
from marketplace.actions.rfis import visible_rfi
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Attachment, Owner, OwnerKind, not_found
from marketplace.domain.conversations import Entry
from marketplace.errors import ParleyError
from marketplace.ports import World


async def visible_attachment(world: World, actor: Actor, attachment_id: str) -> Attachment:
    """The attachment, if the actor may see what it belongs to.

    While nothing owns it, that is its account and admins. An attachment of a message: the
    conversation's participants and admins, until the message is deleted. One of an RFI: who sees
    the RFI (`marketplace/domain/visibility.py`). One of a quote, in whichever revision: who sees
    the quote. A vendor's picture: everybody with a log-in. A vendor's document: the vendor and
    admins.

    Raises:
        ParleyError: `not_found`, exactly as for an unknown id.
    """
    attachment = await world.store.attachments.get(attachment_id)
    if attachment is None or not await _may_see(world, actor, attachment):
        raise not_found()
    return attachment


async def _may_see(world: World, actor: Actor, attachment: Attachment) -> bool:
    is_own = attachment.account_id == actor.account_id
    owner = attachment.owner
    if owner is None or owner.kind is OwnerKind.VENDOR_DOCUMENT:
        return is_own or actor.role is Role.ADMIN
    if owner.kind is OwnerKind.MESSAGE:
        return await _sees_in_message(world, actor, attachment, owner)
    if owner.kind is OwnerKind.RFI:
        return await _sees_in_rfi(world, actor, owner.id, attachment.id)
    if owner.kind is OwnerKind.QUOTE:
        return await _sees_quote(world, actor, owner.id)
    return owner.kind is OwnerKind.VENDOR  # its pictures are public


async def _sees_in_message(
    world: World, actor: Actor, attachment: Attachment, owner: Owner
) -> bool:
    message = await message_with(world, attachment, owner)
    if message is None:  # claimed, and not written yet
        return attachment.account_id == actor.account_id
    conversation = await world.store.conversations.get(owner.id)
    is_participant = conversation is not None and conversation.has(actor.account_id)
    if not is_participant and actor.role is not Role.ADMIN:
        return False
    return not await world.store.entries.is_deleted(message.id)


async def message_with(world: World, attachment: Attachment, owner: Owner) -> Entry | None:
    """The message that owns the attachment; None if it was never written with it."""
    message = await world.store.entries.sent_as(
        owner.id, attachment.account_id, owner.client_message_id or ""
    )
    if message is None or all(sent["id"] != attachment.id for sent in message.attachments):
        return None
    return message


async def _sees_in_rfi(world: World, actor: Actor, rfi_id: str, attachment_id: str) -> bool:
    try:
        rfi = await visible_rfi(world, actor, rfi_id)
    except ParleyError:
        return False
    return attachment_id in rfi.attachment_ids


async def _sees_quote(world: World, actor: Actor, quote_id: str) -> bool:
    try:
        await visible_quote(world, actor, quote_id)
    except ParleyError:
        return False
    return True
