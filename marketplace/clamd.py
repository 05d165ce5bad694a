"""Scans files with ClamAV's daemon, if a setting names one; otherwise nothing is scanned.

clamd's protocol (`man clamd`, INSTREAM): chunks, each after its length in four bytes, then a length
of zero. It answers `stream: OK` or `stream: <name> FOUND`.
"""

import asyncio
import struct
from collections.abc import AsyncIterator

from marketplace.errors import TemporaryError, invalid
from marketplace.logs import get_logger

LOG = get_logger(__name__)
WITHIN_S = 10.0


class NoScanner:
    """Implements `MalwareScanner` where no scanner is configured: it accepts every file."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> None:
        """Accept the file."""


class Clamd:
    """Implements `MalwareScanner` with a clamd that listens on TCP."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)

    async def scan(self, chunks: AsyncIterator[bytes]) -> None:
        """Send the file to clamd, and refuse it if clamd finds something."""
        try:
            async with asyncio.timeout(WITHIN_S):
                answer = await self._ask(chunks)
        except (OSError, TimeoutError) as error:
            raise TemporaryError(f"clamd: {type(error).__name__}") from error
        if answer.endswith(b" FOUND"):
            LOG.warning("malware found", answer=answer.decode(errors="replace")[:200])
            raise invalid("file", "The file contains malware.")
        if answer != b"stream: OK":
            raise TemporaryError(f"clamd: {answer.decode(errors='replace')[:200]}")

    async def _ask(self, chunks: AsyncIterator[bytes]) -> bytes:
        reader, writer = await asyncio.open_connection(self._host.strip("[]"), self._port)
        try:
            writer.write(b"zINSTREAM\0")
            async for chunk in chunks:
                writer.write(struct.pack("!L", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack("!L", 0))
            await writer.drain()
            return (await reader.readuntil(b"\0")).rstrip(b"\0")
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("clamd closed the connection") from error
        finally:
            writer.close()
