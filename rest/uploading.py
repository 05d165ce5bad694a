"""Receives a file in a form, and JSON beside it, for operations that take either."""

from collections.abc import AsyncIterator, Collection
from functools import partial
from typing import Any

from marketplace.actions import uploads
from marketplace.domain.attachments import MAX_BYTES
from marketplace.schemas import json_text
from marketplace.schemas.strict import Strict
from rest.bodies import chunks_of, declared_bytes, too_large, whole_body
from rest.context import RequestContext
from rest.multipart import OVERHEAD_BYTES, MultipartFile
from rest.operations import Received


async def receive_json(context: RequestContext, schema: Strict) -> Received:
    """A small body, loaded by its schema.

    Raises:
        ParleyError: `payload_too_large`, `malformed`, `validation_failed`.
    """
    text = await whole_body(context.request, schema.size.json_bytes)
    if not schema.size.admits(text):
        raise too_large(schema.size.json_bytes)
    payload = json_text.read_json(text)
    return Received(payload, schema.read(payload))


async def receive_form(
    context: RequestContext, schema: Strict | None = None, texts: Collection[str] = ()
) -> Received:
    """A file, stored as it arrives; its id is `upload_id` in the body.

    The form's other fields, `texts`, come before the file and are loaded by the schema.

    Raises:
        ParleyError: `malformed`, `validation_failed`, `payload_too_large`,
            `unsupported_media_type`; `rate_limited` and `at_capacity` above the account's quotas.
    """
    request = context.request
    most = MAX_BYTES + OVERHEAD_BYTES
    content_type = request.headers.getone("content-type", "")
    form = MultipartFile(content_type, chunks_of(request, most), texts)
    name = await form.begin()
    details: dict[str, Any] = schema.read(form.values) if schema is not None else {}
    size = min(declared_bytes(request) or MAX_BYTES, MAX_BYTES)
    upload = await uploads.begin(context.world, context.actor, name, size)
    discard = partial(uploads.discard, context.world, upload.id)
    try:
        part = await uploads.add_file(context.world, upload, _bounded(form.chunks()))
    except BaseException:
        await discard()
        raise
    payload = {**form.values, "name": name, "bytes": part.bytes, "sha256": part.sha256}
    return Received(payload, {**details, "upload_id": upload.id}, discard)


async def _bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > MAX_BYTES:
            raise too_large(MAX_BYTES)
        yield chunk
