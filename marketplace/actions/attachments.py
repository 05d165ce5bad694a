"""Give uploaded files to messages and RFIs, and delete them.

A message claims its attachments before it is written; if the process dies in between, the message
can be sent again, and the sweep (`sweeping.py`) looks up which of the two happened.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from marketplace.domain import attachments
from marketplace.domain.accounts import Actor
from marketplace.domain.attachments import Attachment, Owner, OwnerKind
from marketplace.errors import TemporaryError
from marketplace.ports import Repositories, World


async def remove(tx: Repositories, attachment: Attachment) -> list[str]:
    """Delete an attachment within a transaction; returns its blobs, which nothing owns any more."""
    await tx.attachments.remove(attachment.id)
    return await tx.blob_records.disown(attachment.blobs_owner, attachment.created_at)


async def remove_all(tx: Repositories, attachment_ids: Sequence[str]) -> None:
    """Delete attachments within a transaction; the sweep deletes their blobs."""
    for attachment in (await tx.attachments.get_many(attachment_ids)).values():
        await remove(tx, attachment)


async def use(
    tx: Repositories, actor: Actor, owner: Owner, attachment_ids: Sequence[str]
) -> list[Attachment]:
    """Give the actor's attachments their owner, in the transaction that stores the owner.

    Raises:
        ParleyError: `validation_failed` for an id that the actor may not use.
    """
    found = await tx.attachments.get_many(attachment_ids)
    chosen = attachments.require_usable(found, attachment_ids, actor.account_id, owner)
    await tx.attachments.use(attachment_ids, owner)
    return chosen


def owner_of_message(conversation_id: str, client_message_id: str) -> Owner:
    """The owner of a message's attachments, the same for every attempt to send it."""
    return Owner(OwnerKind.MESSAGE, conversation_id, client_message_id)


async def claim(
    world: World, actor: Actor, owner: Owner, attachment_ids: Sequence[str]
) -> tuple[dict[str, Any], ...]:
    """Claim the actor's attachments for a message that is about to be written; their sent forms.

    Raises:
        ParleyError: `validation_failed` for an id that the actor may not use.
    """

    async def work(tx: Repositories) -> list[Attachment]:
        found = await tx.attachments.get_many(attachment_ids)
        chosen = attachments.require_usable(found, attachment_ids, actor.account_id, owner)
        await tx.attachments.use(attachment_ids, owner, world.clock.now())
        return chosen

    return tuple(map(attachments.sent_form, await world.store.transact(work)))


async def release(world: World, owner: Owner, attachment_ids: Sequence[str]) -> None:
    """Free attachments whose message was refused; if this fails, the sweep does it a day later."""
    with suppress(TemporaryError):
        await world.store.attachments.release(attachment_ids, owner, world.clock.now())
