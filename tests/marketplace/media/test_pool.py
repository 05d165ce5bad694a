"""Files in real workers: what is stored, what is refused, and what ends a worker."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import psutil
import pytest
import pytest_asyncio
from PIL import Image

from marketplace.domain.attachments import MAX_SIDE_PIXELS, THUMBNAIL_SIDE_PIXELS
from marketplace.errors import Code, ParleyError
from marketplace.media import pool
from marketplace.media.pool import MediaWorkers
from marketplace.ports import Prepared
from tests import files


@pytest_asyncio.fixture
async def workers() -> AsyncIterator[MediaWorkers]:
    """Two workers, as in the product."""
    workers = MediaWorkers()
    yield workers
    await workers.close()


def worker_processes() -> list[psutil.Process]:
    """The running workers; other tests' servers are children of this process as well."""
    return [child for child in psutil.Process().children() if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "marketplace.media.worker" in process.cmdline()
    except psutil.Error:  # it has just ended
        return False


async def prepared(workers: MediaWorkers, content: bytes) -> tuple[Prepared, bytes, bytes]:
    """What a file is, what is stored of it, and its thumbnail."""
    async with workers.job("account") as job:
        async for chunk in files.chunks(content):
            await job.write(chunk)
        found = await job.prepare()
        thumbnail = await files.joined(job.thumbnail()) if found.has_thumbnail else b""
        return found, await files.joined(job.content()), thumbnail


async def refusal(workers: MediaWorkers, content: bytes) -> ParleyError:
    """The refusal of a file."""
    with pytest.raises(ParleyError) as refused:
        await prepared(workers, content)
    return refused.value


@pytest.mark.parametrize(
    ("format_", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("HEIF", "image/jpeg"),
    ],
)
async def test_an_image_is_stored_without_metadata(
    workers: MediaWorkers, format_: str, media_type: str
) -> None:
    """No place, no camera, no comment; HEIC becomes JPEG."""
    found, content, thumbnail = await prepared(workers, files.a_photo(format_=format_))

    assert found == Prepared(media_type, has_thumbnail=True, width=640, height=480)
    for stored in (content, thumbnail):
        with Image.open(io.BytesIO(stored)) as image:
            assert not image.getexif()
            assert not {"exif", "comment", "icc_profile", "xmp"} & image.info.keys()
        assert files.CAMERA.encode() not in stored
        assert files.SECRET not in stored
    with Image.open(io.BytesIO(thumbnail)) as image:
        assert max(image.size) <= THUMBNAIL_SIDE_PIXELS


async def test_an_image_is_stored_upright(workers: MediaWorkers) -> None:
    """A photo taken sideways is turned: what was upper left in the file is upper right."""
    found, content, _ = await prepared(workers, files.a_photo(orientation=6))

    assert (found.width, found.height) == (480, 640)
    with Image.open(io.BytesIO(content)) as image:
        red, _, blue = image.convert("RGB").getpixel((400, 50))  # type: ignore[misc]
    assert red > 200
    assert blue < 100


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
async def test_a_large_image_is_scaled_down(
    workers: MediaWorkers, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone's largest photo fits into the bounds and keeps its form."""
    monkeypatch.setattr(pool, "JOB_S", 60)  # it takes 3 s, unless other tests run beside it
    found, _, _ = await prepared(workers, files.a_photo(8_064, 6_048, format_=format_))

    assert (found.width, found.height) == (MAX_SIDE_PIXELS, 3_024)


@pytest.mark.parametrize("tail", [files.HTML, b"PK\x03\x04" + bytes(100) + b"PK\x05\x06"])
async def test_what_is_hidden_behind_an_image_is_not_stored(
    workers: MediaWorkers, tail: bytes
) -> None:
    """A JPEG that is also a page or an archive is only a JPEG afterwards."""
    photo = files.a_photo()

    _, content, _ = await prepared(workers, photo + tail)

    assert tail[:10] not in content
    assert content.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    "content",
    [
        files.a_photo()[:-2_000],
        files.a_photo(format_="PNG")[:-200],
        files.a_photo(format_="WEBP")[:-200],
        files.a_photo(format_="HEIF")[:-200],
        files.a_pdf()[:-20],
        files.a_recording("audio/mp4")[:-2_000],
        files.a_photo()[:20] + bytes(5_000),
        b"%PDF-1.7\n%%EOF",
        b"\xff\xd8\xff\xe0" + files.HTML,
        b"ID3\x04\x00" + bytes(2_000),
    ],
)
async def test_what_is_damaged_is_refused(workers: MediaWorkers, content: bytes) -> None:
    """Truncated files, and those that only begin like one."""
    refused = await refusal(workers, content)

    assert refused.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.errors] == ["file"]


@pytest.mark.parametrize("size", [(30_000, 30_000), (50_001, 1_000), (2**31 - 1, 1)])
async def test_too_many_pixels_are_refused_by_the_header(
    workers: MediaWorkers, size: tuple[int, int]
) -> None:
    """Nothing is decoded: the refusal names the bound."""
    refused = await refusal(workers, files.a_png_of(*size))

    assert "50 megapixels" in refused.message


async def test_a_bomb_is_refused_and_the_next_file_is_served(
    workers: MediaWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs more memory than a worker has; this process needs none for it."""
    monkeypatch.setattr(pool, "JOB_S", 60)
    await prepared(workers, files.a_photo())
    before = psutil.Process().memory_info().rss

    refused = await refusal(workers, files.a_bomb())
    found, _, _ = await prepared(workers, files.a_photo())

    assert refused.code is Code.VALIDATION_FAILED
    assert "memory" in refused.message
    assert found.media_type == "image/jpeg"
    assert psutil.Process().memory_info().rss - before < 20 * 1024 * 1024


async def test_a_worker_that_is_too_slow_is_killed_alone(
    workers: MediaWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client may try again; the worker beside it goes on, and another takes its place."""
    async with workers.job("one") as slow, workers.job("other") as quick:
        for job in (slow, quick):
            await job.write(files.a_photo())
        with monkeypatch.context() as patch:
            patch.setattr(pool, "JOB_S", 0.001)
            with pytest.raises(ParleyError) as refused:
                await slow.prepare()
        assert refused.value.code is Code.UNAVAILABLE
        assert (await quick.prepare()).media_type == "image/jpeg"
    assert (await prepared(workers, files.a_photo()))[0].media_type == "image/jpeg"


async def test_a_file_that_ends_its_worker_is_refused(workers: MediaWorkers) -> None:
    """As the kernel does when the file takes too much CPU time; the next file is served."""
    await prepared(workers, files.a_photo())
    (worker,) = worker_processes()
    worker.suspend()
    asked = asyncio.create_task(refusal(workers, files.a_photo()))
    async with asyncio.timeout(10):
        while workers._idle:  # noqa: ASYNC110 # it was idle
            await asyncio.sleep(0.005)

    worker.send_signal(signal.SIGXCPU)
    worker.resume()

    assert (await asked).code is Code.VALIDATION_FAILED
    assert (await prepared(workers, files.a_photo()))[0].media_type == "image/jpeg"


async def test_a_cancelled_request_leaves_no_worker_behind(workers: MediaWorkers) -> None:
    """Its worker is killed, since nobody knows what it is doing."""
    asked = asyncio.create_task(prepared(workers, files.a_photo(6_000, 6_000)))
    while not (children := worker_processes()):  # noqa: ASYNC110 # another process
        await asyncio.sleep(0.005)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)

    assert not any(child.is_running() for child in children)


async def test_who_waits_too_long_for_a_place_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of files is refused with a time to wait, and keeps nothing on disk."""
    monkeypatch.setattr(pool, "WAIT_S", 0.01)
    workers = MediaWorkers(workers=1)

    async with workers.job("one"):
        with pytest.raises(ParleyError) as refused:
            async with workers.job("other"):
                pass

    assert refused.value.code is Code.UNAVAILABLE
    assert refused.value.retry_after_ms


async def test_an_account_cannot_take_all_places(
    workers: MediaWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its second file waits for its first one, while another account's is taken at once."""
    monkeypatch.setattr(pool, "WAIT_S", 0.05)
    async with workers.job("one"):
        with pytest.raises(ParleyError) as refused:
            async with workers.job("one"):
                pass
        async with workers.job("other"):
            pass
    async with workers.job("one"):
        pass

    assert refused.value.code is Code.UNAVAILABLE


def test_files_of_a_killed_process_are_deleted_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What people uploaded does not stay in the folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    for pid in (killed.pid, os.getpid()):
        (tmp_path / f"parley-media-{pid}-x").mkdir()
        (tmp_path / f"parley-media-{pid}-x" / "source").write_bytes(files.a_photo())

    MediaWorkers()

    assert [folder.name for folder in tmp_path.iterdir()] == [f"parley-media-{os.getpid()}-x"]


@pytest.mark.parametrize(
    "media_type", ["audio/mp4", "audio/ogg", "audio/webm", "audio/mpeg", "audio/wav"]
)
async def test_a_voice_message_is_stored_without_metadata(
    workers: MediaWorkers, media_type: str
) -> None:
    """Its sound and its length stay; its title and its place do not."""
    found, content, _ = await prepared(workers, files.a_recording(media_type))

    assert found.media_type == media_type
    assert found.duration_ms == pytest.approx(2_000, abs=100)
    assert files.SECRET not in content
    assert b"104.9903" not in content
    opened: Any
    with av.open(io.BytesIO(content)) as opened:
        seconds = sum(frame.samples / frame.sample_rate for frame in opened.decode(audio=0))
    assert seconds == pytest.approx(2, abs=0.1)


async def test_a_video_is_refused(workers: MediaWorkers) -> None:
    """An MP4 is accepted only as a voice message."""
    assert "Videos" in (await refusal(workers, files.a_video())).message


async def test_a_pdf_is_kept_as_it_is(workers: MediaWorkers) -> None:
    """Byte for byte: a signature in it stays valid."""
    document = files.a_pdf()

    found, content, _ = await prepared(workers, document)

    assert found == Prepared("application/pdf")
    assert content == document


@pytest.mark.parametrize(
    ("document", "why"),
    [(files.a_pdf(pages=501), "500 pages"), (files.a_protected_pdf(), "password")],
)
async def test_a_pdf_that_nobody_could_read_is_refused(
    workers: MediaWorkers, document: bytes, why: str
) -> None:
    """Too many pages, or a password."""
    assert why in (await refusal(workers, document)).message


async def test_a_worker_has_none_of_our_secrets(
    workers: MediaWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that takes over its worker finds no key in its environment."""
    monkeypatch.setenv("PARLEY_TOKEN_SECRET", "secret")

    await prepared(workers, files.a_photo())

    (worker,) = worker_processes()
    assert "PARLEY_TOKEN_SECRET" not in worker.environ()
