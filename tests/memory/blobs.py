"""Blobs: their records, their bytes, and a `Media` that takes files as they are."""

import hashlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from marketplace.domain.blobs import BlobRecord, Written
from marketplace.errors import Code, ParleyError
from marketplace.ports import Files, Prepared
from tests.memory.tables import Tables, insert

_READ_BYTES = 1_000


class BlobRecords:
    """The records of blobs."""

    def __init__(self, tables: Tables) -> None:
        self._records = tables.blob_records
        self._doomed = tables.doomed_blobs

    async def add(self, record: BlobRecord) -> None:
        """Insert."""
        insert(self._records, record.id, record)

    async def get(self, blob_id: str) -> BlobRecord | None:
        """By id."""
        return self._records.get(blob_id)

    async def complete(self, blob_id: str, written: Written) -> BlobRecord:
        """Record that the blob was written whole."""
        self._require([blob_id])
        record = replace(self._records[blob_id], bytes=written.bytes, sha256=written.sha256)
        self._records[blob_id] = record
        return record

    async def own(self, blob_ids: Collection[str], owner: str) -> None:
        """Give the blobs their owner."""
        self._require(blob_ids)
        for blob_id in blob_ids:
            record = self._records[blob_id]
            self._records[blob_id] = replace(record, owner=owner, unused_since=None)

    async def disown(self, owner: str, since: datetime) -> list[str]:
        """Take the owner from all of its blobs."""
        ids = [record.id for record in self._records.values() if record.owner == owner]
        for blob_id in ids:
            record = self._records[blob_id]
            self._records[blob_id] = replace(record, owner=None, unused_since=since)
        return ids

    async def doom(self, before: datetime, limit: int) -> list[str]:
        """The ids of blobs that nothing has owned since before this moment."""
        found = [
            (record.unused_since, record.id)
            for record in self._records.values()
            if record.unused_since is not None and record.unused_since < before
        ]
        ids = [blob_id for _, blob_id in sorted(found)][:limit]
        self._doomed.update(dict.fromkeys(ids, True))
        return ids

    async def remove(self, blob_ids: Collection[str]) -> None:
        """Delete the records."""
        for blob_id in blob_ids:
            self._records.pop(blob_id, None)
            self._doomed.pop(blob_id, None)

    def _require(self, blob_ids: Collection[str]) -> None:
        if any(id_ not in self._records or id_ in self._doomed for id_ in blob_ids):
            raise ParleyError(Code.UNAVAILABLE, "The file was deleted.")


@dataclass
class Blobs:
    """The bytes of blobs."""

    stored: dict[str, bytes] = field(default_factory=dict)

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Written:
        """Write a new blob."""
        content = b"".join([chunk async for chunk in chunks])
        self.stored[blob_id] = content
        return Written(len(content), hashlib.sha256(content).hexdigest())

    async def read(
        self, blob_id: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` on."""
        content = self.stored.get(blob_id, b"")
        end = len(content) if length is None else min(len(content), start + length)
        for begin in range(start, end, _READ_BYTES):
            yield content[begin : min(end, begin + _READ_BYTES)]

    async def delete(self, blob_id: str) -> None:
        """Delete a blob."""
        self.stored.pop(blob_id, None)

    async def link(self, record: BlobRecord, expires_in_s: int, disposition: str) -> str | None:
        """None: `rest` serves it."""
        return None


class MediaJob:
    """A file that is taken as it is."""

    def __init__(self) -> None:
        self._file = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Add bytes of the file."""
        self._file += chunk

    async def source(self) -> AsyncIterator[bytes]:
        """The file."""
        yield bytes(self._file)

    async def prepare(self) -> Prepared:
        """A PNG image with a thumbnail, or a PDF."""
        if self._file.startswith(b"%PDF"):
            return Prepared("application/pdf")
        if b"damaged" in self._file:
            raise ParleyError(Code.VALIDATION_FAILED, "The image is damaged.")
        return Prepared("image/png", has_thumbnail=True, width=2, height=1)

    async def content(self) -> AsyncIterator[bytes]:
        """The file."""
        yield bytes(self._file)

    async def thumbnail(self) -> AsyncIterator[bytes]:
        """A small one."""
        yield b"thumbnail"


class Media:
    """Takes PNG images and PDFs by their first bytes."""

    def recognise(self, head: bytes) -> str | None:
        """By their first bytes."""
        if head.startswith(b"\x89PNG"):
            return "image/png"
        return "application/pdf" if head.startswith(b"%PDF") else None

    @asynccontextmanager
    async def job(self, account_id: str) -> AsyncIterator[MediaJob]:
        """A place for one file."""
        yield MediaJob()


class Scanner:
    """Finds malware in files that say so."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> None:
        """Refuse a file with the word."""
        if b"malware" in b"".join([chunk async for chunk in chunks]):
            raise ParleyError(Code.VALIDATION_FAILED, "The file contains malware.")


def files() -> Files:
    """Everything in memory."""
    return Files(Blobs(), Media(), Scanner())
