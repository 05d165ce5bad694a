"""Upload files, in one request or in parts, and get their URLs."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from marketplace.actions import memberships, uploads
from marketplace.actions.attachment_access import visible_attachment
from marketplace.domain.attachments import MAX_BYTES, PART_BYTES, Attachment, AttachmentState
from marketplace.errors import Code, ParleyError
from marketplace.schemas import json_text
from marketplace.schemas.attachments import AttachmentView, PartView, StartUpload
from rest.bodies import chunks_of, declared_bytes, media_type_of, too_large, whole_body
from rest.context import Answer, RequestContext
from rest.multipart import OVERHEAD_BYTES, MultipartFile
from rest.operations import Idempotency, Received, Receiver, Routes

ROUTES = Routes("Attachments")
_START = StartUpload()
_BYTES = "application/octet-stream"


async def _receive_file(context: RequestContext) -> Received:
    """A file in a form, or the announcement of one that will come in parts."""
    await memberships.require_may_write(context.world, context.actor)
    media_type = media_type_of(context.request)
    if media_type == "multipart/form-data":
        return await _receive_form(context)
    if media_type == "application/json":
        text = await whole_body(context.request, _START.size.json_bytes)
        if not _START.size.admits(text):
            raise too_large(_START.size.json_bytes)
        payload = json_text.read_json(text)
        return Received(payload, _START.read(payload))
    raise ParleyError(
        Code.UNSUPPORTED_MEDIA_TYPE,
        "Send multipart/form-data with the file, or application/json to send it in parts.",
    )


async def _receive_form(context: RequestContext) -> Received:
    request = context.request
    most = MAX_BYTES + OVERHEAD_BYTES
    content_type = request.headers.getone("content-type", "")
    form = MultipartFile(content_type, chunks_of(request, most))
    name = await form.begin()
    size = min(declared_bytes(request) or MAX_BYTES, MAX_BYTES)
    upload = await uploads.begin(context.world, context.actor, name, size)
    discard = partial(uploads.discard, context.world, upload.id)
    try:
        part = await uploads.add_file(context.world, upload, _bounded(form.chunks()))
    except BaseException:
        await discard()
        raise
    payload = {"name": name, "bytes": part.bytes, "sha256": part.sha256}
    return Received(payload, {"upload_id": upload.id}, discard)


async def _bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > MAX_BYTES:
            raise too_large(MAX_BYTES)
        yield chunk


async def _receive_part(context: RequestContext) -> Received:
    """The bytes of one part, stored as they arrive."""
    if media_type_of(context.request) != _BYTES:
        raise ParleyError(Code.UNSUPPORTED_MEDIA_TYPE, f"Send the part as {_BYTES}.")
    upload = await _own_upload(context)
    number = _part_number(context.path["part_number"])
    chunks = chunks_of(context.request, PART_BYTES)
    part = await uploads.add_part(context.world, upload, number, chunks)
    body = {"number": number, "bytes": part.bytes, "sha256": part.sha256}
    return Received(body, body)


def _created(attachment: Attachment) -> Answer:
    """The id alone: URLs expire, so the answer to a repeated request is made again."""
    return Answer({"id": attachment.id}, 201, is_written=True)


async def _read_again(context: RequestContext, stored: dict[str, Any], status: int) -> Answer:
    upload = await uploads.own_upload(context.world, context.actor, stored["id"])
    return Answer(await _view(context, upload), status)


@ROUTES.post(
    "/v1/attachments",
    receiver=Receiver({"multipart/form-data": None, "application/json": _START}, _receive_file),
    answers={201: AttachmentView()},
    location="/v1/attachments/{id}",
    idempotency=Idempotency(_created, restore=_read_again),
    errors=[Code.FORBIDDEN, Code.AT_CAPACITY],
)
async def create_attachment(context: RequestContext) -> Answer:
    """Upload a file, or announce one that will be sent in parts.

    Send the file as the field `file` of a form (`multipart/form-data`). On a bad network, send
    `name` and `bytes` as JSON instead, then each part, and complete the upload: a part that fails is
    sent again, and nothing else is.

    Accepted are JPEG, PNG, WebP and HEIC images (up to 50 megapixels), PDF (up to 500 pages), and
    audio as M4A, Ogg, WebM, MP3 and WAV, of at most 25 MiB. The content decides which it is. Images
    and audio are stored without metadata, such as the place where a photo was taken; images are
    turned upright and scaled down to 4,032 pixels, HEIC becomes JPEG. A PDF is stored as it is.

    A file that is neither in a message nor in an RFI is deleted after a day.
    """
    upload_id = context.body.get("upload_id")
    if upload_id is None:
        upload = await uploads.begin(
            context.world,
            context.actor,
            context.body["name"],
            context.body["bytes"],
            part_bytes=PART_BYTES,
            sha256=context.body["sha256"],
        )
        return Answer(await _view(context, upload), 201)
    upload = await uploads.own_upload(context.world, context.actor, upload_id)
    return Answer(await _view(context, await uploads.finish(context.world, upload)), 201)


@ROUTES.put(
    "/v1/attachments/{attachment_id}/parts/{part_number}",
    receiver=Receiver({_BYTES: None}, _receive_part),
    answer=PartView(),
    errors=[Code.WRONG_STATE],
)
async def put_attachment_part(context: RequestContext) -> Answer:
    """Send a part of a file; parts have numbers from 1 and may be sent in any order.

    Every part has `part_bytes` bytes, except the last one. Sending the same bytes again is harmless;
    other bytes under the same number are refused.
    """
    return Answer(context.body)


@ROUTES.post(
    "/v1/attachments/{attachment_id}/complete",
    answer=AttachmentView(),
    errors=[Code.WRONG_STATE],
)
async def complete_attachment(context: RequestContext) -> Answer:
    """Complete an upload whose parts have all arrived; doing so again is harmless.

    A file that is refused is deleted with its parts.
    """
    upload = await _own_upload(context)
    return Answer(await _view(context, await uploads.complete(context.world, upload)))


@ROUTES.get("/v1/attachments/{attachment_id}", answer=AttachmentView())
async def get_attachment(context: RequestContext) -> Answer:
    """Get an attachment with new URLs; available to everybody who sees its message or RFI."""
    attachment = await visible_attachment(
        context.world, context.actor, context.path["attachment_id"]
    )
    return Answer(await _view(context, attachment))


async def _own_upload(context: RequestContext) -> Attachment:
    return await uploads.own_upload(context.world, context.actor, context.path["attachment_id"])


def _part_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


async def _view(context: RequestContext, attachment: Attachment) -> dict[str, Any]:
    is_uploading = attachment.state is AttachmentState.UPLOADING
    return {
        "id": attachment.id,
        "state": attachment.state,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "bytes": attachment.bytes,
        "url": await _url(context, attachment.content_id),
        "thumbnail_url": await _url(context, attachment.thumbnail_id),
        "width": attachment.width,
        "height": attachment.height,
        "duration_ms": attachment.duration_ms,
        "part_bytes": attachment.part_bytes if is_uploading else None,
        "received_parts": sorted(map(int, attachment.parts)) if is_uploading else None,
    }


async def _url(context: RequestContext, blob_id: str | None) -> str | None:
    record = None if blob_id is None else await context.world.store.blob_records.get(blob_id)
    return None if record is None else await context.service.file_links.url(record)
