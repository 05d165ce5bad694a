"""Blobs: stored files. A record says what a blob is, and who owns it; its bytes are elsewhere."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the number of bytes, and their SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BlobRecord:
    """A blob, recorded before its first byte is written, so that nothing can be left behind.

    `bytes` and `sha256` are None until it was written whole. `unused_since` is None while it has an
    owner.
    """

    id: str
    name: str
    media_type: str
    created_at: datetime
    unused_since: datetime | None
    owner: str | None = None
    bytes: int | None = None
    sha256: str | None = None

    @property
    def is_served(self) -> bool:
        """Whether it may be downloaded: it is whole, and something owns it."""
        return self.bytes is not None and self.owner is not None
