"""The bytes of blobs: in memory, in GridFS, and in a bucket of a real S3 server (moto)."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from marketplace.ids import new_id
from marketplace.ports import Blobs
from marketplace.s3 import S3Blobs
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from marketplace.storage.gridfs import CHUNK_BYTES, CHUNKS, GridFsBlobs
from tests.builders import a_blob_record
from tests.files import chunks, joined
from tests.memory import blobs as memory

# Several chunks of GridFS, and two parts of an upload to S3.
LARGE = bytes(range(256)) * 4 * 6_000


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """The address of an S3 server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest_asyncio.fixture
async def s3(s3_url: str, settings: Settings) -> AsyncIterator[S3Blobs]:
    """An empty bucket."""
    bucket = f"files-{new_id()}"
    store = S3Blobs(
        replace(
            settings,
            s3_bucket=bucket,
            s3_endpoint_url=s3_url,
            s3_access_key_id="test",
            s3_secret_access_key="test",
        )
    )
    client = await store._client()
    await client.create_bucket(Bucket=bucket)
    yield store
    await store.close()


@pytest.fixture
def gridfs(mongodb_store: MongoStore) -> GridFsBlobs:
    """An empty GridFS."""
    return GridFsBlobs(mongodb_store.database)


@pytest.fixture(params=["memory", "gridfs", "s3"])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    """Every implementation of the port."""
    if request.param == "memory":
        return memory.Blobs()
    found: Blobs = request.getfixturevalue(request.param)
    return found


async def breaks_off(content: bytes) -> AsyncIterator[bytes]:
    """A client that goes away after these bytes."""
    async for chunk in chunks(content, 70_000):
        yield chunk
    raise ConnectionError("the client is gone")


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, len(LARGE)])
async def test_what_was_written_is_read(blobs: Blobs, size: int) -> None:
    """Whole, with its number of bytes and its SHA-256, whatever the size of the pieces."""
    content = LARGE[:size]

    written = await blobs.write("blob", chunks(content, 99_999))

    assert (written.bytes, written.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert await joined(blobs.read("blob")) == content


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (0, 1),
        (0, CHUNK_BYTES),
        (CHUNK_BYTES - 1, 2),
        (CHUNK_BYTES, 3 * CHUNK_BYTES),
        (300_001, 444_444),
        (len(LARGE) - 5, None),
        (len(LARGE) - 5, 1_000),
        (len(LARGE), None),
        (5, 0),
    ],
)
async def test_a_range_is_read(blobs: Blobs, start: int, length: int | None) -> None:
    """From any byte on, and not past the end."""
    await blobs.write("blob", chunks(LARGE, 100_000))

    read = await joined(blobs.read("blob", start, length))

    assert read == LARGE[start : None if length is None else start + length]


async def test_a_blob_exists_only_once_it_was_written_whole(blobs: Blobs) -> None:
    """While it arrives there is none, and nothing is left of one that breaks off."""
    seen: list[bytes] = []

    async def watched() -> AsyncIterator[bytes]:
        async for chunk in chunks(LARGE, 500_000):
            yield chunk
            seen.append(await joined(blobs.read("blob")))

    with pytest.raises(ConnectionError):
        await blobs.write("other", breaks_off(LARGE))
    await blobs.write("blob", watched())

    assert set(seen) == {b""}
    assert await joined(blobs.read("other")) == b""


async def test_a_deleted_blob_is_gone(blobs: Blobs) -> None:
    """Deleting it again, or one that never was, changes nothing."""
    await blobs.write("blob", chunks(b"content"))
    await blobs.write("blob-2", chunks(b"another"))

    for _ in range(2):
        await blobs.delete("blob")
    await blobs.delete("unknown")

    assert await joined(blobs.read("blob")) == b""
    assert await joined(blobs.read("blob-2")) == b"another"


async def test_gridfs_keeps_no_chunk_of_what_broke_off(
    gridfs: GridFsBlobs, module_store: MongoStore
) -> None:
    """Neither of a client that goes away nor, once it is deleted, of a process that was killed."""
    stored = module_store.database[CHUNKS]
    with pytest.raises(ConnectionError):
        await gridfs.write("blob", breaks_off(LARGE))
    assert await stored.count_documents({}) == 0

    await stored.insert_one({"files_id": "killed", "n": 0, "data": b"x"})
    await gridfs.delete("killed")

    assert await stored.count_documents({}) == 0


async def test_gridfs_is_in_mongodbs_own_layout(
    gridfs: GridFsBlobs, module_store: MongoStore
) -> None:
    """The driver's own bucket reads it, so `mongofiles` does too."""
    await gridfs.write("blob", chunks(LARGE, 100_000))

    bucket = AsyncIOMotorGridFSBucket(module_store.database, bucket_name="blob_bytes")
    opened = await bucket.open_download_stream("blob")

    assert await opened.read() == LARGE


async def test_s3_keeps_no_upload_that_broke_off(s3: S3Blobs) -> None:
    """Neither of a client that goes away nor, once it is deleted, of a process that was killed."""
    client = await s3._client()
    with pytest.raises(ConnectionError):
        await s3.write("blob", breaks_off(LARGE))
    await client.create_multipart_upload(Bucket=s3._bucket, Key="killed")

    await s3.delete("killed")

    assert "Uploads" not in await client.list_multipart_uploads(Bucket=s3._bucket)


async def test_a_presigned_url_serves_the_blob_as_recorded(s3: S3Blobs) -> None:
    """With its type and its name; without its signature it serves nothing."""
    record = a_blob_record(name="Küche.pdf", media_type="application/pdf")
    await s3.write(record.id, chunks(b"%PDF"))

    url = await s3.link(record, 60, 'attachment; filename="K.pdf"')

    assert url is not None
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert await answer.read() == b"%PDF"
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "private" in answer.headers["Cache-Control"]
    assert "X-Amz-Expires=60" in url
