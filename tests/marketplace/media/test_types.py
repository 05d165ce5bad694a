"""The media type follows from the content."""

import pytest

from marketplace.media.types import recognise
from tests import files


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (files.a_photo(), "image/jpeg"),
        (files.a_photo(format_="PNG"), "image/png"),
        (files.a_photo(format_="WEBP"), "image/webp"),
        (files.a_photo(format_="HEIF"), "image/heic"),
        (b"\x00\x00\x00\x18ftypheix\x00\x00\x00\x00mif1heix", "image/heic"),
        (files.a_pdf(), "application/pdf"),
        *(
            (files.a_recording(media_type), media_type)
            for media_type in ("audio/mp4", "audio/ogg", "audio/webm", "audio/mpeg", "audio/wav")
        ),
    ],
)
def test_what_is_accepted_is_recognised(content: bytes, media_type: str) -> None:
    """By its first bytes."""
    assert recognise(content[:4_096]) == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        files.HTML,
        files.SVG,
        b"PK\x03\x04" + bytes(100),
        b"MZ" + bytes(100),
        b"GIF89a" + bytes(100),
        b"%!PS-Adobe-3.0" + bytes(100),
        b"#EXTM3U\nhttp://127.0.0.1/" + bytes(100),
    ],
)
def test_everything_else_is_nothing(content: bytes) -> None:
    """Pages, pictures with scripts, archives, programs and playlists."""
    assert recognise(content) is None
