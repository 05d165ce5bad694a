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
        """Run a command to completion; option names have `_` for `-`.

        Raises:
            StackError: the command failed; the message says why.
        """
        with self.begun(command, url, **options) as load:
            return load.end()

    @contextlib.contextmanager
    def begun(self, command: str, url: str, **options: object) -> Iterator["Load"]:
        """Start a command that runs until it finishes or is ended; killed with the context."""
        values = {"url": url.replace("http://", "ws://"), "talks": self.talks, **options}
        arguments = [f"-{name.replace('_', '-')}={value}" for name, value in values.items()]
        with _process([str(self.binary), command, *arguments]) as process:
            yield Load(process)

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Run the generator's own server; yields its address."""
        with _process([str(self.binary), "serve"]) as process:
            yield str(Load(process).ready()["url"])


class Load:
    """A run of the generator."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ready(self) -> Figures:
        """Wait until all clients are connected and joined; returns what the generator printed.

        Raises:
            StackError: the generator failed before that.
        """
        return self._next_figures()

    def settled(self) -> Figures:
        """Wait until all clients have resumed and nothing is in flight; returns the figures.

        Raises:
            StackError: the generator failed before that.
        """
        return self._next_figures()

    def _next_figures(self) -> Figures:
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise StackError(self._failure())
        return _figures(line)

    def end(self) -> Figures:
        """Close the generator's standard input, wait until it exits and return its figures.

        Raises:
            StackError: the generator failed.
        """
        output, errors = self._process.communicate(timeout=_TIMEOUT_S)
        if self._process.returncode != 0:
            raise StackError(f"The load generator failed: {errors.strip()}")
        return _figures(output)

    def _failure(self) -> str:
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
    assert pipe is not None  # noqa: S101 (requested in _process)
    return pipe


def _figures(text: str) -> Figures:
    figures = json.loads(text.strip().splitlines()[-1])
    if not isinstance(figures, dict):
        raise StackError(f"The load generator said {text!r}.")
    return figures
