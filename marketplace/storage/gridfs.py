"""The bytes of blobs in MongoDB, in GridFS's layout, so that MongoDB's own tools can read them.

PyMongo's `GridIn` keeps up to 48 MB before it writes the first chunk. Here a megabyte is kept, and
written as four chunks in one command. The document in `files` is written last: without it there is
no blob.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from marketplace.domain.blobs import BlobRecord, Written
from marketplace.errors import TemporaryError
from marketplace.storage.collection import Database, away_is_temporary

# GridFS's default: a chunk and its document fit into 256 KiB.
CHUNK_BYTES = 255 * 1024
_CHUNKS_PER_COMMAND = 4
FILES, CHUNKS = "blob_bytes.files", "blob_bytes.chunks"


class GridFsBlobs:
    """Implements the `Blobs` port over a database."""

    def __init__(self, database: Database) -> None:
        self._files = database[FILES]
        self._chunks = database[CHUNKS]

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Written:
        """Write the chunks, then the document that makes them a blob."""
        try:
            async with away_is_temporary(None):
                return await self._write(blob_id, chunks)
        except BaseException:
            with suppress(TemporaryError):
                await self.delete(blob_id)
            raise

    async def read(
        self, blob_id: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` on, one chunk at a time."""
        async with away_is_temporary(None):
            file = await self._files.find_one({"_id": blob_id})
        if file is None:
            return
        end = file["length"] if length is None else min(file["length"], start + length)
        for number in range(start // CHUNK_BYTES, -(-end // CHUNK_BYTES)):
            async with away_is_temporary(None):
                chunk = await self._chunks.find_one({"files_id": blob_id, "n": number})
            if chunk is None:  # deleted meanwhile
                raise TemporaryError("GridFS: a chunk is missing")
            begin = number * CHUNK_BYTES
            yield chunk["data"][max(0, start - begin) : end - begin]

    async def delete(self, blob_id: str) -> None:
        """Delete the document, then the chunks, also of a blob that was never finished."""
        async with away_is_temporary(None):
            await self._files.delete_one({"_id": blob_id})
            await self._chunks.delete_many({"files_id": blob_id})

    async def link(self, record: BlobRecord, expires_in_s: int, disposition: str) -> str | None:
        """None: MongoDB has no URLs."""
        return None

    async def _write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Written:
        digest, size, number = hashlib.sha256(), 0, 0
        waiting = bytearray()
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            waiting += chunk
            if len(waiting) >= CHUNK_BYTES * _CHUNKS_PER_COMMAND:
                number = await self._insert(blob_id, number, waiting, is_end=False)
        await self._insert(blob_id, number, waiting, is_end=True)
        await self._files.insert_one(
            {
                "_id": blob_id,
                "length": size,
                "chunkSize": CHUNK_BYTES,
                "uploadDate": datetime.now(UTC),
                "filename": blob_id,
            }
        )
        return Written(size, digest.hexdigest())

    async def _insert(self, blob_id: str, number: int, waiting: bytearray, *, is_end: bool) -> int:
        """Write the whole chunks that wait, at the end also the last one; returns the next number."""
        documents: list[dict[str, Any]] = []
        while len(waiting) >= CHUNK_BYTES or (is_end and waiting):
            data = bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
            documents.append({"files_id": blob_id, "n": number + len(documents), "data": data})
        if documents:
            await self._chunks.insert_many(documents, ordered=False)
        return number + len(documents)
