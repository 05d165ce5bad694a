"""Attachments: what starts an upload, how an attachment looks, and what a message contains of it."""

from marshmallow import fields, validate

from marketplace.domain.attachments import MAX_BYTES, MAX_PARTS, AttachmentState
from marketplace.inputs import filenames
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.texts import Unicode
from marketplace.schemas.fields.words import Identifier, Matching, Pattern, one_of
from marketplace.schemas.strict import Strict

_SHA256 = Pattern(r"^[0-9a-f]{64}$", error="Must be 64 lower-case hexadecimal digits.")


class StartUpload(Strict):
    """A file that will be sent in parts; `sha256` is that of the whole file."""

    name = Unicode(required=True, validate=validate.Length(max=filenames.LONGEST_SENT))
    bytes = Whole(required=True, least=1, most=MAX_BYTES)
    sha256 = Matching(_SHA256, load_default=None, allow_none=True)


class SentAttachment(Strict):
    """An attachment in a message; `GET /v1/attachments/{id}` has its URL."""

    id = Identifier(required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    bytes = Whole(required=True)
    has_thumbnail = Flag(required=True)
    width = Whole()
    height = Whole()
    duration_ms = Whole()


class AttachmentView(Strict):
    """An attachment.

    While it is `uploading`, `part_bytes` is the size of each part but the last, and
    `received_parts` has the numbers of those that have arrived. Once it is `ready`, `url` and
    `thumbnail_url` can be read without a log-in for about an hour.
    """

    id = Identifier(required=True)
    state = one_of(AttachmentState, required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True, allow_none=True)
    bytes = Whole(required=True)
    url = fields.String(required=True, allow_none=True)
    thumbnail_url = fields.String(required=True, allow_none=True)
    width = Whole(required=True, allow_none=True)
    height = Whole(required=True, allow_none=True)
    duration_ms = Whole(required=True, allow_none=True)
    part_bytes = Whole(required=True, allow_none=True)
    received_parts = fields.List(
        Whole(), required=True, allow_none=True, validate=validate.Length(max=MAX_PARTS)
    )


class PartView(Strict):
    """A part that has arrived."""

    number = Whole(required=True)
    bytes = Whole(required=True)
    sha256 = fields.String(required=True)
