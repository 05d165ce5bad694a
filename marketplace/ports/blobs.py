"""Blobs: their bytes, their records, and what reads and checks files."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.domain.blobs import BlobRecord, Written


class Blobs(Protocol):
    """The bytes of blobs, streamed: no implementation holds a whole blob in memory."""

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Written:
        """Write a new blob. It exists once this returns, and not before.

        If `chunks` raises, nothing is left; if the process dies, `delete` removes what is left.
        """

    def read(self, blob_id: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` on, at most `length`; nothing if there is no such blob."""

    async def delete(self, blob_id: str) -> None:
        """Delete a blob, whole or half-written; does nothing if there is none."""

    async def link(self, record: BlobRecord, expires_in_s: int, disposition: str) -> str | None:
        """A URL at which everybody can read the blob for a while.

        None if the store has no such URLs; `rest` then serves the blob under its own.
        """


class BlobRecords(Protocol):
    """The records of blobs."""

    async def add(self, record: BlobRecord) -> None:
        """Insert."""

    async def get(self, blob_id: str) -> BlobRecord | None:
        """The record with this id."""

    async def complete(self, blob_id: str, written: Written) -> BlobRecord:
        """Record that the blob was written whole.

        Raises ParleyError `unavailable` if it was deleted meanwhile.
        """

    async def own(self, blob_ids: Collection[str], owner: str) -> None:
        """Give the blobs their owner, in the transaction of what owns them.

        Raises ParleyError `unavailable` if one of them is being deleted.
        """

    async def disown(self, owner: str, since: datetime) -> list[str]:
        """Take the owner from all of its blobs; returns their ids."""

    async def doom(self, before: datetime, limit: int) -> list[str]:
        """The ids of blobs that nothing has owned since before this moment, oldest first.

        From then on nothing can own them.
        """

    async def remove(self, blob_ids: Collection[str]) -> None:
        """Delete the records of blobs whose bytes were deleted."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a file is, by its content; `width` and `height` are those of the stored image."""

    media_type: str
    has_thumbnail: bool = False
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None


class MediaJob(Protocol):
    """One file that is being checked and cleaned, in a folder of its own."""

    async def write(self, chunk: bytes) -> None:
        """Add bytes of the file."""

    def source(self) -> AsyncIterator[bytes]:
        """The file as it was written."""

    async def prepare(self) -> Prepared:
        """Check the file, and make what is stored: without metadata, and with a thumbnail.

        Raises ParleyError `validation_failed` for a file that is damaged, too large to be decoded,
        or not what its first bytes say; `unsupported_media_type`.
        """

    def content(self) -> AsyncIterator[bytes]:
        """What is stored; after `prepare`."""

    def thumbnail(self) -> AsyncIterator[bytes]:
        """A WebP image, if there is one; after `prepare`."""


class Media(Protocol):
    """Recognises, checks and cleans files, off the event loop and within bounds."""

    def recognise(self, head: bytes) -> str | None:
        """The media type that the first bytes of a file point to; None if it is not accepted."""

    def job(self, account_id: str) -> AbstractAsyncContextManager[MediaJob]:
        """A place for one file of an account; accounts take turns.

        Raises ParleyError `unavailable` if all places are taken for too long.
        """


class MalwareScanner(Protocol):
    """Looks for malware."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> None:
        """Raise ParleyError `validation_failed` for malware.

        Raises:
            TemporaryError: the scanner does not answer.
        """


@dataclass(frozen=True, slots=True)
class Files:
    """Everything that an action needs for files."""

    blobs: Blobs
    media: Media
    scanner: MalwareScanner
