"""Attachments: files that people send in messages, RFIs and quotes.

    uploading ─▶ ready ─▶ owned by one message, RFI or quote

An attachment that nothing owns is deleted after a day. A message claims its attachments before it
is written, under the ids that identify the message permanently; so a resend claims the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from marketplace.errors import Code, ParleyError, invalid

MIB = 1024 * 1024
MAX_BYTES = 25 * MIB
# A megabyte takes ten seconds at 1 Mbit/s.
PART_BYTES = MIB
MAX_PARTS = MAX_BYTES // PART_BYTES
# A phone's largest photo has 8,064 × 6,048 pixels.
MAX_PIXELS = 50_000_000
# Stored images are scaled down to this width or height: that of a phone's usual photo, and half that
# of its largest.
MAX_SIDE_PIXELS = 4_032
THUMBNAIL_SIDE_PIXELS = 512
MAX_PAGES = 500
KEPT_UNUSED_FOR = timedelta(days=1)
# What is stored, by media type, with the extension of its name.
EXTENSIONS: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/webm": ".webm",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
}


class AttachmentState(StrEnum):
    """While it is uploading, its parts arrive; once it is ready, it never changes."""

    UPLOADING = "uploading"
    READY = "ready"


class OwnerKind(StrEnum):
    """What an attachment can belong to."""

    MESSAGE = "message"
    RFI = "rfi"
    QUOTE = "quote"
    VENDOR = "vendor"
    VENDOR_DOCUMENT = "vendor_document"


@dataclass(frozen=True, slots=True)
class Owner:
    """What an attachment belongs to: an RFI, a quote, a vendor's pictures, a vendor's document, or a
    message in the conversation `id`.

    The message is the one that the attachment's account sent there under `client_message_id`.
    """

    kind: OwnerKind
    id: str
    client_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file, stored as a blob."""

    blob_id: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of an account.

    `bytes` is the declared size while it is uploading (for a file that arrives in one request, the
    most that it can have). `parts` has the received parts by their number, from 1. `part_bytes` is
    None for a file that arrives in one request. `unused_since` is None while something owns it.
    `claimed_at` is set until its message was found stored.
    """

    id: str
    account_id: str
    state: AttachmentState
    name: str
    bytes: int
    created_at: datetime
    unused_since: datetime | None
    sha256: str | None = None
    part_bytes: int | None = None
    parts: dict[str, Part] = field(default_factory=dict)
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    content_id: str | None = None
    thumbnail_id: str | None = None
    owner: Owner | None = None
    claimed_at: datetime | None = None

    @property
    def part_count(self) -> int:
        """How many parts the file has."""
        return 1 if self.part_bytes is None else -(-self.bytes // self.part_bytes)

    @property
    def blobs_owner(self) -> str:
        """The owner of its blobs."""
        return f"attachment:{self.id}"


def part_size(attachment: Attachment, number: int) -> int:
    """How many bytes a part must have.

    Raises:
        ParleyError: `wrong_state` if the file is complete; `not_found` if it has no such part.
    """
    if attachment.state is not AttachmentState.UPLOADING or attachment.part_bytes is None:
        raise ParleyError(Code.WRONG_STATE, "This file is already complete.")
    if not 1 <= number <= attachment.part_count:
        raise ParleyError(Code.NOT_FOUND, f"This file has the parts 1 to {attachment.part_count}.")
    return min(attachment.part_bytes, attachment.bytes - (number - 1) * attachment.part_bytes)


def require_same_part(stored: Part, received: Part) -> None:
    """Allow a part to be sent again, and refuse other bytes under its number.

    Raises:
        ParleyError: `wrong_state`.
    """
    if stored.sha256 != received.sha256:
        raise ParleyError(
            Code.WRONG_STATE,
            "This part was already received with other bytes. Start a new upload.",
        )


def parts_in_order(attachment: Attachment) -> list[Part]:
    """Every part of a file whose parts have all arrived.

    Raises:
        ParleyError: `wrong_state`, with the first missing parts.
    """
    numbers = [str(number) for number in range(1, attachment.part_count + 1)]
    missing = [number for number in numbers if number not in attachment.parts]
    if missing:
        named = ", ".join(missing[:10])
        raise ParleyError(Code.WRONG_STATE, f"These parts have not been received: {named}.")
    return [attachment.parts[number] for number in numbers]


def require_usable(
    found: Mapping[str, Attachment], ids: Sequence[str], account_id: str, owner: Owner
) -> list[Attachment]:
    """The attachments in the order of `ids`, if this account may use them for this owner.

    Another account's attachment is refused exactly like an unknown id.

    Raises:
        ParleyError: `validation_failed`.
    """
    if len(set(ids)) < len(ids):
        raise invalid("attachment_ids", "Each attachment may be named only once.")
    chosen = []
    for id_ in ids:
        attachment = found.get(id_)
        if attachment is None or attachment.account_id != account_id:
            raise invalid("attachment_ids", "There is no attachment with this id.")
        if attachment.state is not AttachmentState.READY:
            raise invalid("attachment_ids", "This attachment has not been uploaded completely.")
        if attachment.owner not in (None, owner):
            raise invalid("attachment_ids", "This attachment is already used elsewhere.")
        chosen.append(attachment)
    return chosen


def require_pictures(chosen: Sequence[Attachment], path: str, *, allows_pdf: bool) -> None:
    """Refuse files that cannot be looked at: only images, and PDF where it is allowed.

    Raises:
        ParleyError: `validation_failed`.
    """
    for attachment in chosen:
        media_type = attachment.media_type or ""
        if not media_type.startswith("image/") and not (
            allows_pdf and media_type == "application/pdf"
        ):
            raise invalid(path, "Must be an image or a PDF." if allows_pdf else "Must be an image.")


def sent_form(attachment: Attachment) -> dict[str, Any]:
    """An attachment as its message contains it: no URL, since URLs expire."""
    form = {
        "id": attachment.id,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "bytes": attachment.bytes,
        "has_thumbnail": attachment.thumbnail_id is not None,
    }
    measures = {
        "width": attachment.width,
        "height": attachment.height,
        "duration_ms": attachment.duration_ms,
    }
    return form | {name: value for name, value in measures.items() if value is not None}


def not_found() -> ParleyError:
    """The answer for an unknown id, and for an attachment that the caller may not see."""
    return ParleyError(Code.NOT_FOUND, "There is no attachment with this id.")
