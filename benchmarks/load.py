"""Runs the load generator and reads its figures."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from embedded.errors import StackError

Figures = dict[str, Any]
_TIMEOUT_S = 180


@dataclass(frozen=True, slots=True)
class Generator:
    """The built generator and the seeded conversations it uses."""

    binary: Path
    talks: Path

    def run(self, command: str, url: str, **options: object) -> Figures:
        """Run a command to its end; options are written with `_` for `-`.

        Raises:
            StackError: it failed; the message says why.
        """
        with self.begun(command, url, **options) as load:
            return load.end()

    @contextlib.contextmanager
    def begun(self, command: str, url: str, **options: object) -> Iterator["Load"]:
        """Start a command that goes on until told to end, or by itself; killed with the context."""
        given = {"url": url.replace("http://", "ws://"), "talks": self.talks, **options}
        arguments = [f"-{name.replace('_', '-')}={value}" for name, value in given.items()]
        with _process([str(self.binary), command, *arguments]) as process:
            yield Load(process)

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Run the generator's own server; gives its address."""
        with _process([str(self.binary), "serve"]) as process:
            yield str(Load(process).ready()["url"])


class Load:
    """A run of the generator."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ready(self) -> Figures:
        """Wait until everybody is connected and joined; returns what it said.

        Raises:
            StackError: it failed before.
        """
        return self._said()

    def settled(self) -> Figures:
        """Wait until everybody is back and nothing is under way; returns the figures.

        Raises:
            StackError: it failed before.
        """
        return self._said()

    def _said(self) -> Figures:
        said = _pipe(self._process.stdout).readline()
        if not said:
            raise StackError(self._complaint())
        return _figures(said)

    def end(self) -> Figures:
        """End its standard input, wait for its end and return its figures.

        Raises:
            StackError: it failed.
        """
        output, complaint = self._process.communicate(timeout=_TIMEOUT_S)
        if self._process.returncode != 0:
            raise StackError(f"The load generator failed: {complaint.strip()}")
        return _figures(output)

    def _complaint(self) -> str:
        return f"The load generator failed: {_pipe(self._process.stderr).read().strip()}"


@contextlib.contextmanager
def _process(argv: list[str]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 (asked for in _process)
    return pipe


def _figures(text: str) -> Figures:
    figures = json.loads(text.strip().splitlines()[-1])
    if not isinstance(figures, dict):
        raise StackError(f"The load generator said {text!r}.")
    return figures
