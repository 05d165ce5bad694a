"""Delete what nothing owns: files that were never finished or never used, and their blobs."""

from datetime import datetime

from marketplace.actions import attachments, blobs
from marketplace.actions.attachment_access import message_with
from marketplace.domain.attachments import KEPT_UNUSED_FOR
from marketplace.ports import Repositories, World

_BATCH = 100


async def sweep(world: World) -> None:
    """Delete everything that nothing has owned for a day; harmless in several processes at once.

    Raises:
        TemporaryError: the store is down.
    """
    before = world.clock.now() - KEPT_UNUSED_FOR
    await _look_up_claims(world, before)
    await _remove_unused(world, before)
    await blobs.delete_unused(world, before)


async def _look_up_claims(world: World, before: datetime) -> None:
    """Settle the claims of messages that were written, and free what the others claimed."""
    while claimed := await world.store.attachments.claimed(before, _BATCH):
        for attachment in claimed:
            owner, claimed_at = attachment.owner, attachment.claimed_at or before
            if owner is None or await message_with(world, attachment, owner) is not None:
                await world.store.attachments.settle(attachment.id, claimed_at)
            else:
                await _free(world, attachment.id, before)


async def _free(world: World, attachment_id: str, before: datetime) -> None:
    """Take an attachment from a message that was not written, unless it was just claimed again."""

    async def work(tx: Repositories) -> None:
        current = await tx.attachments.get(attachment_id)
        if current is None or current.owner is None or current.claimed_at is None:
            return
        if current.claimed_at < before:
            await tx.attachments.release([attachment_id], current.owner, current.claimed_at)

    await world.store.transact(work)


async def _remove_unused(world: World, before: datetime) -> None:
    while unused := await world.store.attachments.unused(before, _BATCH):
        for attachment in unused:
            await _remove(world, attachment.id, before)


async def _remove(world: World, attachment_id: str, before: datetime) -> None:
    async def work(tx: Repositories) -> None:
        current = await tx.attachments.get(attachment_id)
        if current is None or current.unused_since is None or current.unused_since >= before:
            return
        await attachments.remove(tx, current)

    await world.store.transact(work)
