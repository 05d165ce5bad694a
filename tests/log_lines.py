"""The lines that a process would write, for tests of what they contain."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from marketplace import logs


class LogLines:
    """Lines written since the context was opened."""

    def __init__(self) -> None:
        self.output = io.StringIO()

    @property
    def text(self) -> str:
        """All lines as they were written."""
        return self.output.getvalue()

    def of(self, message: str) -> list[dict[str, Any]]:
        """The lines with this message, decoded."""
        lines = [orjson.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["message"] == message]


@contextmanager
def log_lines() -> Iterator[LogLines]:
    """Collect what is logged at level INFO or above while the context is open."""
    lines, root = LogLines(), logging.getLogger()
    handler, level = logging.StreamHandler(lines.output), root.level
    handler.setFormatter(logs.formatter("tests"))
    handler.addFilter(lambda record: record.name != "httpx")  # the tests' client
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
