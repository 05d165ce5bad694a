"""Files under signed URLs, as a whole or in a range."""

import re
from typing import Any

from marshmallow import fields, validate
from sanic.exceptions import RangeNotSatisfiable
from sanic.response.types import ResponseStream

from marketplace.domain.blobs import BlobRecord
from marketplace.errors import Code, ParleyError
from marketplace.ports import World
from marketplace.schemas.strict import Strict
from rest.context import Answer, RequestContext
from rest.file_links import disposition_of
from rest.operations import Routes
from rest.queries import Number
from rest.requests import RestRequest

ROUTES = Routes("Attachments")
# No script, no plug-in, no frame: even a file that a browser takes for a page can do nothing.
_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_RANGE = re.compile(r"bytes=([0-9]{0,16})-([0-9]{0,16})")


class FileQuery(Strict):
    """The signature of the URL, and when it expires (seconds since 1970)."""

    expires = Number(required=True)
    signature = fields.String(required=True, validate=validate.Length(max=64))


@ROUTES.get(
    "/v1/files/{file_id}",
    is_public=True,
    is_file=True,
    query=FileQuery(),
    answers={200: "application/octet-stream", 206: "application/octet-stream"},
    errors=[Code.FORBIDDEN],
)
async def get_file(context: RequestContext) -> Answer:
    """Get a file by a URL from `GET /v1/attachments/{id}`; the URL itself is the permission.

    It supports ranges, so that audio can be played from any point.
    """
    file_id = context.path["file_id"]
    left_s = context.service.file_links.check(
        file_id, context.query["expires"], context.query["signature"]
    )
    record = await context.world.store.blob_records.get(file_id)
    if record is None or record.bytes is None or not record.is_served:
        raise ParleyError(Code.NOT_FOUND, "This file was deleted.")
    headers = {
        "ETag": f'"{record.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={left_s}, immutable",
        "Content-Disposition": disposition_of(record),
        "Content-Security-Policy": _POLICY,
    }
    span = _range(context.request, record.bytes, headers["ETag"])
    start, end = span or (0, record.bytes)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{record.bytes}"
    length = 0 if context.request.method == "HEAD" else end - start
    response = _response(context.world, record, start, length)
    return Answer(response, 200 if span is None else 206, headers=headers)


def _range(request: RestRequest, size: int, etag: str) -> tuple[int, int] | None:
    """The first byte and the one after the last of the range asked for (RFC 9110, section 14).

    None means the whole file: no range, several, or a range of another version.

    Raises:
        RangeNotSatisfiable: nothing of the range is in the file.
    """
    if request.headers.getone("if-range", etag) != etag:
        return None
    match = _RANGE.fullmatch(request.headers.getone("range", ""))
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise RangeNotSatisfiable(
            "The range is outside the file.", headers={"Content-Range": f"bytes */{size}"}
        )
    return start, end


def _response(world: World, record: BlobRecord, start: int, length: int) -> ResponseStream:
    """A response that reads the file while it is sent, as fast as the client takes it."""

    async def send(response: Any) -> None:
        async for chunk in world.files.blobs.read(record.id, start, length):
            await response.write(chunk)

    return ResponseStream(send, content_type=record.media_type)
