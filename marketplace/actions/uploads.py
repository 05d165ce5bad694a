"""Upload files.

    begin ─▶ add_file ─▶ finish
    begin ─▶ add_part, for each part ─▶ complete

`finish` checks and cleans the file, and stores what is left of it as an attachment that nothing
owns yet.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace

from marketplace.actions import blobs
from marketplace.actions.attachments import remove
from marketplace.domain import attachments
from marketplace.domain.accounts import Actor
from marketplace.domain.attachments import (
    EXTENSIONS,
    Attachment,
    AttachmentState,
    Part,
)
from marketplace.domain.blobs import BlobRecord
from marketplace.domain.policy import DAY, Upload
from marketplace.errors import Code, ParleyError, TemporaryError, invalid
from marketplace.ids import new_id
from marketplace.inputs import filenames
from marketplace.ports import Prepared, Repositories, World

_RAW = "application/octet-stream"
# As much of a file as its type is recognised by.
_HEAD_BYTES = 4_096


async def begin(
    world: World,
    actor: Actor,
    name: str,
    size: int,
    *,
    part_bytes: int | None = None,
    sha256: str | None = None,
) -> Attachment:
    """Reserve room for a file of at most `size` bytes.

    Raises:
        ParleyError: `rate_limited` and `at_capacity` above the account's quotas.
    """
    now = world.clock.now()
    attachment = Attachment(
        new_id(),
        actor.account_id,
        AttachmentState.UPLOADING,
        filenames.filename(name),
        size,
        created_at=now,
        unused_since=now,
        sha256=sha256,
        part_bytes=part_bytes,
    )

    async def work(tx: Repositories) -> Attachment:
        recent = [
            upload for upload in await tx.uploads.of(actor.account_id) if upload.at > now - DAY
        ]
        # Concurrent uploads of an account meet here, so that the quotas are exact.
        await tx.uploads.keep(actor.account_id, [*recent, Upload(now, size)], now)
        stored_bytes = await tx.attachments.stored_bytes(actor.account_id)
        world.policy.require_upload(recent, stored_bytes, size, now)
        await tx.attachments.add(attachment)
        return attachment

    return await world.store.transact(work)


async def own_upload(world: World, actor: Actor, attachment_id: str) -> Attachment:
    """A file that the actor is uploading, or has uploaded.

    Raises:
        ParleyError: `not_found`.
    """
    attachment = await world.store.attachments.get(attachment_id)
    if attachment is None or attachment.account_id != actor.account_id:
        raise attachments.not_found()
    return attachment


async def add_file(world: World, attachment: Attachment, chunks: AsyncIterator[bytes]) -> Part:
    """Store a file that arrives in one request.

    Raises:
        ParleyError: `unsupported_media_type` if its first bytes are those of no accepted type.
    """
    return await _store_part(world, attachment, 1, _recognised(world, chunks))


async def add_part(
    world: World, attachment: Attachment, number: int, chunks: AsyncIterator[bytes]
) -> Part:
    """Store a part of a file that was announced; sending the same bytes again changes nothing.

    Raises:
        ParleyError: `not_found` for a number that the file does not have; `validation_failed` for a
            wrong length; `wrong_state` for other bytes than before, and once the file is complete;
            `unsupported_media_type` as `add_file`.
    """
    chunks = _exactly(chunks, attachments.part_size(attachment, number))
    if number == 1:
        chunks = _recognised(world, chunks)
    return await _store_part(world, attachment, number, chunks)


async def finish(world: World, attachment: Attachment) -> Attachment:
    """Check and clean a file whose parts have all arrived; done twice, it is done once.

    Raises:
        ParleyError: `wrong_state` if parts are missing; `validation_failed` for a file that is
            damaged, too large to be decoded, infected, or not what was declared;
            `unsupported_media_type`; `unavailable`.
    """
    if attachment.state is AttachmentState.READY:
        return attachment
    parts = attachments.parts_in_order(attachment)
    try:
        prepared, content, thumbnail = await _prepared(world, attachment, parts)
    except (ParleyError, TemporaryError):
        finished = await world.store.attachments.get(attachment.id)
        if finished is not None and finished.state is AttachmentState.READY:
            return finished  # another request was faster, and has deleted the parts
        raise
    return await _finished(world, attachment, prepared, content, thumbnail)


async def complete(world: World, attachment: Attachment) -> Attachment:
    """Finish a file that was sent in parts; if it is refused, delete it with its parts.

    Raises:
        ParleyError: as `finish`.
    """
    try:
        return await finish(world, attachment)
    except ParleyError as refused:
        if refused.code in (Code.VALIDATION_FAILED, Code.UNSUPPORTED_MEDIA_TYPE):
            await discard(world, attachment.id)
        raise


async def discard(world: World, attachment_id: str) -> None:
    """Delete a file that was not finished, with everything that was received of it."""

    async def work(tx: Repositories) -> list[str]:
        current = await tx.attachments.get(attachment_id)
        if current is None or current.state is not AttachmentState.UPLOADING:
            return []
        return await remove(tx, current)

    with suppress(TemporaryError):
        await blobs.delete(world, await world.store.transact(work))


async def _store_part(
    world: World, attachment: Attachment, number: int, chunks: AsyncIterator[bytes]
) -> Part:
    name = f"{attachment.id}.{number}"
    blob = await blobs.put(world, chunks, name=name, media_type=_RAW)
    received = Part(blob.id, blob.bytes or 0, blob.sha256 or "")

    async def work(tx: Repositories) -> Part:
        now = world.clock.now()
        stored = await tx.attachments.add_part(attachment.id, number, received, now)
        if stored == received:
            await tx.blob_records.own([blob.id], attachment.blobs_owner)
        return stored

    try:
        stored = await world.store.transact(work)
        attachments.require_same_part(stored, received)
    except ParleyError:
        await _delete_quietly(world, [blob.id])
        raise
    if stored != received:  # it was sent again
        await _delete_quietly(world, [blob.id])
    return stored


async def _prepared(
    world: World, attachment: Attachment, parts: Sequence[Part]
) -> tuple[Prepared, BlobRecord, BlobRecord | None]:
    """What the file is, and its stored content and thumbnail."""
    async with world.files.media.job(attachment.account_id) as job:
        digest = hashlib.sha256()
        for part in parts:
            async for chunk in world.files.blobs.read(part.blob_id):
                digest.update(chunk)
                await job.write(chunk)
        if attachment.sha256 not in (None, digest.hexdigest()):
            raise invalid("sha256", "The received bytes have another SHA-256.")
        await world.files.scanner.scan(job.source())
        prepared = await job.prepare()
        name = filenames.with_extension(attachment.name, EXTENSIONS[prepared.media_type])
        content = await blobs.put(world, job.content(), name=name, media_type=prepared.media_type)
        thumbnail = None
        if prepared.has_thumbnail:
            thumbnail = await blobs.put(world, job.thumbnail(), name=name, media_type="image/webp")
    return prepared, content, thumbnail


async def _finished(
    world: World,
    attachment: Attachment,
    prepared: Prepared,
    content: BlobRecord,
    thumbnail: BlobRecord | None,
) -> Attachment:
    """Give the attachment its stored files, and delete its parts, unless this was done already."""
    ready = replace(
        attachment,
        state=AttachmentState.READY,
        name=content.name,
        bytes=content.bytes or 0,
        parts={},
        media_type=prepared.media_type,
        width=prepared.width,
        height=prepared.height,
        duration_ms=prepared.duration_ms,
        content_id=content.id,
        thumbnail_id=thumbnail.id if thumbnail is not None else None,
        unused_since=world.clock.now(),
    )
    stored_ids = [blob.id for blob in (content, thumbnail) if blob is not None]

    async def work(tx: Repositories) -> Attachment:
        current = await tx.attachments.get(attachment.id)
        if current is None:
            raise attachments.not_found()
        if current.state is AttachmentState.READY:
            return current
        await tx.blob_records.disown(attachment.blobs_owner, attachment.created_at)
        await tx.blob_records.own(stored_ids, attachment.blobs_owner)
        await tx.attachments.save(ready)
        return ready

    finished = await world.store.transact(work)
    unneeded = [part.blob_id for part in attachment.parts.values()]
    if finished.content_id != content.id:  # another request finished it first
        unneeded = stored_ids
    await _delete_quietly(world, unneeded)
    return finished


async def _recognised(world: World, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks, refused by the first bytes if they are those of no accepted type."""
    head = bytearray()
    async for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD_BYTES:
            break
    if world.files.media.recognise(bytes(head)) is None:
        raise ParleyError(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "Send a JPEG, PNG, WebP or HEIC image, a PDF, or audio as M4A, Ogg, WebM, MP3 or WAV. "
            "The content decides, not the name.",
        )
    yield bytes(head)
    async for chunk in chunks:
        yield chunk


async def _exactly(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The chunks, refused unless they have this many bytes."""
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > size:
            break
        yield chunk
    if received != size:
        raise invalid("$", f"This part has {size} bytes.")


async def _delete_quietly(world: World, blob_ids: Sequence[str]) -> None:
    """Delete blobs that nothing owns; if this fails, they are deleted a day later."""
    with suppress(TemporaryError):
        await blobs.delete(world, blob_ids)
