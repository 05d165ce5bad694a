"""Upload files, in one request or in parts, and get their URLs."""

from typing import Any

from marketplace.actions import memberships, uploads
from marketplace.actions.attachment_access import visible_attachment
from marketplace.domain.attachments import PART_BYTES, Attachment, AttachmentState
from marketplace.domain.members import MemberRole
from marketplace.errors import Code, ParleyError
from marketplace.schemas.attachments import AttachmentView, PartView, StartUpload
from rest.bodies import chunks_of, media_type_of
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Received, Receiver, Routes
from rest.uploading import receive_form, receive_json

ROUTES = Routes("Attachments")
_START = StartUpload()
_BYTES = "application/octet-stream"


async def _receive_file(context: RequestContext) -> Received:
    """A file in a form, or the announcement of one that will come in parts."""
    await memberships.require_may_write(context.world, context.actor)
    media_type = media_type_of(context.request)
    if media_type == "multipart/form-data":
        return await receive_form(context)
    if media_type == "application/json":
        return await receive_json(context, _START)
    raise ParleyError(
        Code.UNSUPPORTED_MEDIA_TYPE,
        "Send multipart/form-data with the file, or application/json to send it in parts.",
    )


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
    team=MemberRole.AGENT,
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
    team=MemberRole.AGENT,
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
    team=MemberRole.AGENT,
    answer=AttachmentView(),
    errors=[Code.WRONG_STATE],
)
async def complete_attachment(context: RequestContext) -> Answer:
    """Complete an upload whose parts have all arrived; doing so again is harmless.

    A file that is refused is deleted with its parts.
    """
    upload = await _own_upload(context)
    return Answer(await _view(context, await uploads.complete(context.world, upload)))


@ROUTES.get("/v1/attachments/{attachment_id}", team=MemberRole.AGENT, answer=AttachmentView())
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
