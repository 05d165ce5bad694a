"""A ZIP archive that is sent while it is made: nothing of it is kept, in memory or on disk."""

import asyncio
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime

import orjson

from marketplace.actions.exports import ExportCopy, ExportFile

MEDIA_TYPE = "application/zip"
_CHUNK_BYTES = 64 * 1024
# Compressing this much takes about 2 ms; then other requests have their turn.
_TURN_BYTES = 64 * 1024


class _Sink(io.RawIOBase):
    """What `zipfile` writes to: bytes that are taken out again. It cannot seek."""

    def __init__(self) -> None:
        self._written = bytearray()

    def __len__(self) -> int:
        return len(self._written)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: object) -> int:
        """Append."""
        view = memoryview(data)  # type: ignore[arg-type] # zipfile writes bytes
        self._written += view
        return view.nbytes

    def take(self) -> bytes:
        """Everything written since the last call."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


async def zipped(files: AsyncIterator[ExportFile], at: datetime) -> AsyncGenerator[bytes, None]:
    """The bytes of an archive of these files."""
    sink, since_turn = _Sink(), 0
    with zipfile.ZipFile(sink, "w") as archive:
        async for file in files:
            with archive.open(_entry(file, at), "w", force_zip64=True) as entry:
                async for piece in _pieces(file):
                    since_turn += entry.write(piece)
                    if since_turn >= _TURN_BYTES:
                        since_turn = 0
                        await asyncio.sleep(0)
                    if len(sink) >= _CHUNK_BYTES:
                        yield sink.take()
    yield sink.take()


async def _pieces(file: ExportFile) -> AsyncIterator[bytes]:
    """The bytes of a copy, or those of a JSON list with one item on each line."""
    if isinstance(file, ExportCopy):
        async for chunk in file.chunks:
            yield chunk
        return
    separator = b"["
    async for item in file.items:
        yield separator + b"\n" + orjson.dumps(item)
        separator = b","
    yield b"\n]\n" if separator == b"," else b"[]\n"


def _entry(file: ExportFile, at: datetime) -> zipfile.ZipInfo:
    """The entry of a file; images and audio are compressed already."""
    entry = zipfile.ZipInfo(file.name, at.timetuple()[:6])
    is_copy = isinstance(file, ExportCopy)
    entry.compress_type = zipfile.ZIP_STORED if is_copy else zipfile.ZIP_DEFLATED
    return entry
