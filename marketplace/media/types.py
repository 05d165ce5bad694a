"""Which media type the first bytes of a file point to; its name and its headers are not asked."""

from collections.abc import Mapping

import filetype

# As `filetype` names them ─▶ as they are stored. A video container may hold a voice message; the
# worker refuses it if there is a picture in it.
_ACCEPTED: Mapping[str, str] = {
    "image/jpeg": "image/jpeg",
    "image/png": "image/png",
    "image/apng": "image/png",
    "image/webp": "image/webp",
    "image/heic": "image/heic",
    "application/pdf": "application/pdf",
    "audio/mp4": "audio/mp4",
    "video/mp4": "audio/mp4",
    "audio/ogg": "audio/ogg",
    "video/webm": "audio/webm",
    "audio/mpeg": "audio/mpeg",
    "audio/x-wav": "audio/wav",
}
# Brands of HEIF images in HEVC (ISO/IEC 23008-12) that `filetype` does not know.
_HEIC_BRANDS = (b"heix", b"heim", b"heis")


def recognise(head: bytes) -> str | None:
    """The accepted media type of a file that begins with these bytes; None for all others."""
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "image/heic"
    found = filetype.guess_mime(head)
    return None if found is None else _ACCEPTED.get(found)
