"""`parley restored`: for the running stack, or for a MongoDB of one's own."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from embedded import paths
from embedded.errors import StackError
from marketplace.errors import SettingsError, TemporaryError
from marketplace.storage.restore import after_restore

_NEEDED = ("MONGODB_URL", "MONGODB_DATABASE")


def restored(given: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Do what follows a restore; what the caller's own variables name goes before the running stack.

    Raises:
        StackError: in one sentence why it could not be done.
    """
    named = _named(given)
    try:
        asyncio.run(
            after_restore(named["MONGODB_URL"], named.get("MONGODB_DATABASE", "parley"), say)
        )
    except TemporaryError as error:
        raise StackError(
            f"A server is unavailable ({error}). Run the command again; that is safe."
        ) from error
    except SettingsError as error:
        raise StackError(str(error)) from error


def _named(given: Mapping[str, str]) -> dict[str, str]:
    noted = paths.from_environment(given).environment
    named: dict[str, str] = {}
    if noted.exists():
        named = json.loads(noted.read_text(encoding="utf-8"))
    for name in _NEEDED:
        if given.get(name):
            named[name] = given[name]
        elif given.get(f"{name}_FILE"):
            named[name] = _content(Path(given[f"{name}_FILE"]), name)
    if not named.get("MONGODB_URL"):
        raise StackError(
            "No stack is running here. Start one with `parley up`, or set MONGODB_URL."
        )
    return named


def _content(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{name}_FILE: The file cannot be read.") from error
