"""The `parley` command as a person runs it, with tiny processes instead of Parley's own."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from embedded.supervision import ports


@dataclass
class Command:
    """A running `parley` command; `lines` gets its output line by line."""

    process: subprocess.Popen[str]
    data: Path
    url: str
    lines: list[str] = field(default_factory=list)

    def wait_for(self, words: str, within_s: float = 90) -> str:
        """Wait until a line with these words has been printed, and return it."""
        ends_at = time.monotonic() + within_s
        while time.monotonic() < ends_at:
            for line in list(self.lines):
                if words in line:
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{words!r} was not printed:\n" + "\n".join(self.lines))


Parley = Callable[..., contextlib.AbstractContextManager[Command]]


@pytest.fixture
def parley(tmp_path: Path) -> Parley:
    """Return a function that runs `parley` on the test's own folder and a free port."""

    @contextlib.contextmanager
    def run(*arguments: str, **changes: str) -> Iterator[Command]:
        port = int(changes.get("PARLEY_HTTP_PORT") or ports.choose())
        data = tmp_path / "data"
        environment = {**os.environ, "PARLEY_DATA_DIR": str(data), **changes}
        environment["PARLEY_HTTP_PORT"] = str(port)
        environment["PARLEY_TEST_STOPS"] = str(tmp_path / "stops")
        with subprocess.Popen(  # noqa: S603 (our own words)
            [sys.executable, "-m", "tests.embedded.tiny_parley", *arguments],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            command = Command(process, data, f"http://127.0.0.1:{port}")
            reader = Thread(target=_read, args=(command,))
            reader.start()
            try:
                yield command
            finally:
                process.terminate()
                process.wait(60)
                reader.join()

    return run


def _read(command: Command) -> None:
    assert command.process.stdout is not None
    for line in command.process.stdout:
        command.lines.append(line.rstrip("\n"))
