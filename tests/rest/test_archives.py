"""A ZIP archive that is sent while it is made."""

import io
import json
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from typing import Any

from marketplace.actions.exports import ExportCopy, ExportFile, ExportList
from rest.archives import zipped
from tests.builders import NOW
from tests.files import a_photo, chunks


async def of(*items: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """These items."""
    for item in items:
        yield item


async def files(*given: ExportFile) -> AsyncIterator[ExportFile]:
    """These files."""
    for file in given:
        yield file


async def test_an_archive_has_each_file_as_a_list() -> None:
    """Names, times and contents are as given, an empty file is an empty list."""
    two = ExportList("talk/a.json", of({"body": "Grüße"}, {"body": 2}))

    archive = b"".join(
        [chunk async for chunk in zipped(files(two, ExportList("b.json", of())), NOW)]
    )

    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        assert json.loads(opened.read("talk/a.json")) == [{"body": "Grüße"}, {"body": 2}]
        assert json.loads(opened.read("b.json")) == []
        assert opened.getinfo("b.json").date_time == (2040, 5, 17, 9, 30, 0)


async def test_an_archive_has_copies_byte_for_byte() -> None:
    """The copy of a photo is what the photo was, and is not compressed once more."""
    photo = a_photo()
    copy = ExportCopy("attachments/1/sink.jpg", chunks(photo))

    archive = b"".join([chunk async for chunk in zipped(files(copy), NOW)])

    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        assert opened.read("attachments/1/sink.jpg") == photo
        assert opened.getinfo("attachments/1/sink.jpg").compress_size == len(photo)


async def test_memory_stays_bounded_whatever_the_size() -> None:
    """Thirty megabytes that hardly compress pass through a few hundred kilobytes."""

    async def many() -> AsyncIterator[dict[str, Any]]:
        for number in range(3_000):
            yield {"body": f"{number:x}".encode().hex() + hex(pow(7, 9_000 + number))}

    sent = 0
    tracemalloc.start()
    async for chunk in zipped(files(ExportList("talk.json", many())), NOW):
        sent += len(chunk)
        assert len(chunk) < 200_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent > 5_000_000
    assert peak < 2_000_000
