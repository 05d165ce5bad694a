"""The workers of this process, and the files that they work on."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from prometheus_client import Counter, Histogram

from marketplace.errors import Code, ParleyError, invalid
from marketplace.fair_queue import FairQueue
from marketplace.logs import get_logger
from marketplace.media.types import recognise
from marketplace.ports import Prepared

LOG = get_logger(__name__)
WORKERS = 2
_MOST_WAITING = 100
# A request has 15 s in all. A worker's CPU time has a bound of its own (worker.py).
WAIT_S = 5.0
JOB_S = 9.0
# Followed by the process's id, so that the next process knows whose folders nobody will remove.
_FOLDERS = "parley-media-"
_HEAD_BYTES = 8_192
_READ_BYTES = 256 * 1024

_SECONDS = Histogram(
    "parley_media_seconds",
    "Time that a worker took to check and clean a file",
    ["media_type"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8),
)
_ENDED = Counter(
    "parley_media_workers_ended_total", "Workers that a file ended, or that were too slow"
)


class MediaWorkers:
    """Implements the `Media` port with up to `workers` processes.

    Accounts take turns, and each has one file in work at a time: a flood of costly files delays
    the account that sends it.
    """

    def __init__(self, workers: int = WORKERS) -> None:
        self._places = FairQueue(workers, _MOST_WAITING)
        self._in_work: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._idle: list[asyncio.subprocess.Process] = []
        _remove_leftovers()

    def recognise(self, head: bytes) -> str | None:
        """The media type that the first bytes point to."""
        return recognise(head)

    @asynccontextmanager
    async def job(self, account_id: str) -> AsyncIterator["Job"]:
        """A place for one file, with a folder that is removed at the end."""
        async with AsyncExitStack() as place:
            try:
                async with asyncio.timeout(WAIT_S):
                    alone = self._in_work.setdefault(account_id, asyncio.Lock())
                    await place.enter_async_context(alone)
                    await place.enter_async_context(self._places.turn(account_id))
            except TimeoutError as error:
                raise _too_busy() from error
            named = f"{_FOLDERS}{os.getpid()}-"
            folder = place.enter_context(tempfile.TemporaryDirectory(prefix=named))
            yield Job(self, Path(folder))

    async def run(self, folder: Path, media_type: str) -> dict[str, Any] | None:
        """A worker's answer about the file in a folder; None if the file ended the worker.

        Raises:
            ParleyError: `unavailable` if the machine is too busy.
        """
        worker = await self._worker()
        job = json.dumps({"folder": str(folder), "media_type": media_type}).encode() + b"\n"
        answer = None
        try:
            async with asyncio.timeout(JOB_S):
                answer = await _ask(worker, job)
        except TimeoutError as error:
            raise _too_busy() from error
        finally:  # also if the request was cancelled
            if answer is None or answer.pop("is_last", False):
                _ENDED.inc()
                await _end(worker)
            else:
                self._idle.append(worker)
        return answer

    async def close(self) -> None:
        """End the workers."""
        while self._idle:
            await _end(self._idle.pop())

    async def _worker(self) -> asyncio.subprocess.Process:
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "marketplace.media.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # None of our secrets; and one heap, since the bound is on addresses.
            env={
                "PATH": os.environ.get("PATH", ""),
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "MALLOC_ARENA_MAX": "1",
                "OMP_NUM_THREADS": "1",
            },
        )


class Job:
    """Implements `MediaJob` in a folder."""

    def __init__(self, workers: MediaWorkers, folder: Path) -> None:
        self._workers = workers
        self._folder = folder
        self._source = folder / "source"
        self._head = b""

    async def write(self, chunk: bytes) -> None:
        """Add bytes of the file."""
        if len(self._head) < _HEAD_BYTES:
            self._head += chunk[: _HEAD_BYTES - len(self._head)]
        await asyncio.to_thread(_append, self._source, chunk)

    def source(self) -> AsyncIterator[bytes]:
        """The file as it was written."""
        return _chunks(self._source)

    async def prepare(self) -> Prepared:
        """Have a worker check and clean the file."""
        media_type = recognise(self._head)
        if media_type is None:
            raise ParleyError(Code.UNSUPPORTED_MEDIA_TYPE, "Files of this type are not accepted.")
        began_at = asyncio.get_running_loop().time()
        answer = await self._workers.run(self._folder, media_type)
        _SECONDS.labels(media_type).observe(asyncio.get_running_loop().time() - began_at)
        if answer is None:
            LOG.warning("a file ended its worker", media_type=media_type)
            raise invalid("file", "The file takes too much time or memory. Send a smaller one.")
        if "refused" in answer:
            if "why" in answer:
                LOG.info("a file is damaged", why=answer["why"])
            raise invalid("file", answer["refused"])
        return Prepared(**answer)

    def content(self) -> AsyncIterator[bytes]:
        """What is stored."""
        return _chunks(self._folder / "content")

    def thumbnail(self) -> AsyncIterator[bytes]:
        """The thumbnail."""
        return _chunks(self._folder / "thumbnail")


async def _ask(worker: asyncio.subprocess.Process, job: bytes) -> dict[str, Any] | None:
    """What a worker answers; None if it has ended."""
    if worker.stdin is None or worker.stdout is None:
        return None
    with suppress(ConnectionError):
        worker.stdin.write(job)
        await worker.stdin.drain()
    answer = await worker.stdout.readline()
    return json.loads(answer) if answer.endswith(b"\n") else None


def _too_busy() -> ParleyError:
    return ParleyError(
        Code.UNAVAILABLE, "Too many files are being checked. Try again.", retry_after_ms=5_000
    )


def _remove_leftovers() -> None:
    """Delete the folders of processes that were killed, with the files that they worked on."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*-*"):
        pid = folder.name.removeprefix(_FOLDERS).partition("-")[0]
        if pid.isdecimal() and not _is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


async def _end(worker: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()


def _append(path: Path, chunk: bytes) -> None:
    with path.open("ab") as file:
        file.write(chunk)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    position = 0
    while chunk := await asyncio.to_thread(_read, path, position):
        position += len(chunk)
        yield chunk


def _read(path: Path, position: int) -> bytes:
    with path.open("rb") as file:
        file.seek(position)
        return file.read(_READ_BYTES)
