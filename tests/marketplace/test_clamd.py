"""The scanner, against a server that speaks clamd's protocol."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from marketplace.clamd import Clamd, NoScanner
from marketplace.errors import Code, ParleyError, TemporaryError
from tests.files import chunks

# The file that every scanner finds (eicar.org).
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
    content = b""
    while size := struct.unpack("!L", await reader.readexactly(4))[0]:
        content += await reader.readexactly(size)
    answer = b"stream: OK\0"
    if EICAR in content:
        answer = b"stream: Eicar-Signature FOUND\0"
    elif content.startswith(b"too large"):
        answer = b"INSTREAM size limit exceeded. ERROR\0"
    if not content.startswith(b"hang up"):
        writer.write(answer)
    writer.close()


@asynccontextmanager
async def a_clamd() -> AsyncIterator[Clamd]:
    """A scanner whose clamd runs here."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield Clamd(f"{host}:{port}")


async def test_a_clean_file_is_accepted() -> None:
    """It is sent in pieces, whatever their size."""
    async with a_clamd() as clamd:
        await clamd.scan(chunks(b"nothing in it" * 10_000, 7_777))


async def test_malware_is_refused_without_its_name() -> None:
    """What was found is in the log; the uploader is not told."""
    async with a_clamd() as clamd:
        with pytest.raises(ParleyError) as refused:
            await clamd.scan(chunks(b"%PDF" + EICAR, 11))

    assert refused.value.code is Code.VALIDATION_FAILED
    assert "Eicar" not in refused.value.message


@pytest.mark.parametrize("content", [b"hang up", b"too large"])
async def test_a_scanner_that_does_not_decide_accepts_nothing(content: bytes) -> None:
    """The upload can be tried again."""
    async with a_clamd() as clamd:
        with pytest.raises(TemporaryError):
            await clamd.scan(chunks(content))


async def test_a_scanner_that_is_away_accepts_nothing() -> None:
    """Nobody listens on the discard port."""
    with pytest.raises(TemporaryError):
        await Clamd("127.0.0.1:9").scan(chunks(b"x"))


async def test_without_a_scanner_every_file_is_accepted() -> None:
    """docs/settings.md says so."""
    await NoScanner().scan(chunks(EICAR))
