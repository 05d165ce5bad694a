"""Files that tests upload: good ones, and those that try to do harm."""

import functools
import io
import math
import struct
import wave
import zlib
from collections.abc import AsyncIterator
from typing import Any

import av
import pillow_heif
from PIL import Image, TiffImagePlugin
from PIL.ExifTags import IFD
from pypdf import PdfWriter

HTML = b"<html><script>alert(document.domain)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
# What must be in no stored image.
CAMERA, SECRET = "SpyCam 3000", b"a secret comment"
_RATE = 48_000


@functools.cache
def a_photo(
    width: int = 640, height: int = 480, *, orientation: int = 1, format_: str = "JPEG"
) -> bytes:
    """A photo with the place where it was taken, its camera, and a comment."""
    image = Image.new("RGB", (width, height), "navy")
    image.paste("red", (0, 0, width // 2, height // 2))  # the upper left quarter
    exif = Image.Exif()
    exif[0x0110] = CAMERA
    exif[0x0112] = orientation
    degrees = TiffImagePlugin.IFDRational(39)
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    exif.get_ifd(IFD.GPSInfo)[2] = (degrees, degrees, degrees)
    written = io.BytesIO()
    if format_ == "HEIF":
        pillow_heif.from_pillow(image).save(written, exif=exif.tobytes())
        return written.getvalue()
    more: dict[str, Any] = {"comment": SECRET} if format_ == "JPEG" else {}
    image.save(written, format_, exif=exif, **more)
    return written.getvalue()


@functools.cache
def a_png_of(width: int, height: int) -> bytes:
    """A PNG whose header says this size, and whose pixels are a few bytes."""
    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(bytes(1_000))),
            (b"IEND", b""),
        )
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


@functools.cache
def a_bomb() -> bytes:
    """A WebP image of a few kilobytes that takes a gigabyte to decode."""
    written = io.BytesIO()
    Image.new("RGB", (7_000, 7_000)).save(written, "WEBP", lossless=True, quality=0, method=0)
    return written.getvalue()


@functools.cache
def a_pdf(pages: int = 2) -> bytes:
    """A PDF of blank pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=200, height=200)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def a_pdf_with(content: bytes) -> bytes:
    """A PDF that has this content attached, so that it is as long and as unique."""
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    writer.add_attachment("content.bin", content)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


@functools.cache
def a_protected_pdf() -> bytes:
    """A PDF that needs a password."""
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    writer.encrypt("hunter2", algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


@functools.cache
def a_recording(media_type: str, seconds: float = 2.0) -> bytes:
    """A voice message of a tone, with a title and a place in its metadata."""
    container, codec = {
        "audio/mp4": ("ipod", "aac"),
        "audio/ogg": ("ogg", "libopus"),
        "audio/webm": ("webm", "libopus"),
        "audio/mpeg": ("mp3", "libmp3lame"),
        "audio/wav": ("wav", "pcm_s16le"),
    }[media_type]
    written = io.BytesIO()
    opened: Any  # PyAV's types leave open which kind of stream this is
    source: Any
    with av.open(written, "w", format=container) as opened:
        opened.metadata["title"] = SECRET.decode()
        opened.metadata["location"] = "+39.7392-104.9903/"
        stream = opened.add_stream(codec, rate=_RATE)
        with av.open(io.BytesIO(_a_wav(seconds))) as source:
            for frame in source.decode(audio=0):
                frame.pts = None
                opened.mux(stream.encode(frame))
        opened.mux(stream.encode(None))
    return written.getvalue()


@functools.cache
def a_video() -> bytes:
    """An MP4 with moving pictures."""
    written = io.BytesIO()
    opened: Any
    with av.open(written, "w", format="mp4") as opened:
        stream = opened.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 64, 64
        for _ in range(5):
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 64)))  # type: ignore[no-untyped-call]
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode(None))
    return written.getvalue()


@functools.cache
def _a_wav(seconds: float) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as opened:
        opened.setnchannels(1)
        opened.setsampwidth(2)
        opened.setframerate(_RATE)
        tone = (round(8_000 * math.sin(n / 20)) for n in range(int(seconds * _RATE)))
        opened.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
    return written.getvalue()


async def chunks(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    """The content in pieces."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    """The pieces together."""
    return b"".join([piece async for piece in pieces])
