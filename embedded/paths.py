"""Where the embedded stack keeps its files."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from embedded.errors import StackError
from marketplace.environment import is_set

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one stack: `data` is its own, `cache` is shared by all stacks."""

    data: Path
    cache: Path

    @property
    def logs(self) -> Path:
        """Folder with one log file per process."""
        return self.data / "logs"

    @property
    def status(self) -> Path:
        """The file that `parley status` reads."""
        return self.data / "status.json"

    @property
    def lock(self) -> Path:
        """The lock file, held while a stack runs on `data`."""
        return self.data / "lock"

    @property
    def ports(self) -> Path:
        """The ports chosen at the first start."""
        return self.data / "ports.json"

    @property
    def secrets(self) -> Path:
        """Secrets created at the first start, readable by the owner alone."""
        return self.data / "secrets.json"

    @property
    def page(self) -> Path:
        """The built page that nginx serves."""
        return self.data / "page"

    @property
    def environment(self) -> Path:
        """The environment of the running stack's processes, for commands that connect to them."""
        return self.data / "environment.json"

    @classmethod
    @contextlib.contextmanager
    def opened(cls, data: Path | None, prefix: str) -> Iterator[Self]:
        """Paths on a data folder; without one, on a new folder that is removed afterwards."""
        folder = data or Path(tempfile.mkdtemp(prefix=prefix))
        try:
            yield cls(data=folder.resolve(), cache=from_environment(os.environ).cache)
        finally:
            if data is None:
                shutil.rmtree(folder, ignore_errors=True)

    def make(self) -> Self:
        """Create the folders; the data folder is closed to other accounts."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        self.cache.mkdir(parents=True, exist_ok=True)
        return self


def from_environment(environment: Mapping[str, str]) -> Paths:
    """Read `PARLEY_DATA_DIR` and `PARLEY_CACHE_DIR`, or use .data and .cache of the checkout."""
    return Paths(
        data=Path(environment.get("PARLEY_DATA_DIR") or CHECKOUT / ".data").resolve(),
        cache=Path(environment.get("PARLEY_CACHE_DIR") or CHECKOUT / ".cache").resolve(),
    )


def environment_of_running(caller_variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the running stack's processes; the caller's own variables override it.

    Raises:
        StackError: no stack is running, and the caller names no database.
    """
    paths = from_environment(caller_variables)
    stored: dict[str, str] = {}
    if paths.environment.exists():
        stored = json.loads(paths.environment.read_text(encoding="utf-8"))
    elif not is_set(caller_variables, "MONGODB_URL"):
        raise StackError(
            f"No stack is running in {paths.data}. Start one with `parley up`, or set MONGODB_URL."
        )
    kept = {name: value for name, value in stored.items() if not is_set(caller_variables, name)}
    return kept | {name: value for name, value in caller_variables.items() if value}
