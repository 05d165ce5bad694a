"""`parley restored`: for the running stack, or for an external MongoDB."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from embedded import paths
from embedded.errors import StackError
from marketplace.errors import SettingsError, TemporaryError
from marketplace.storage.restore import after_restore

_NEEDED = ("MONGODB_URL", "MONGODB_DATABASE")


def restored(environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Do what has to follow a restore; the caller's variables override those of the running stack.

    Raises:
        StackError: one sentence that says why it failed.
    """
    variables = _variables(environment)
    try:
        asyncio.run(
            after_restore(
                variables["MONGODB_URL"], variables.get("MONGODB_DATABASE", "parley"), say
            )
        )
    except TemporaryError as error:
        raise StackError(
            f"A server is unavailable ({error}). Run the command again; that is safe."
        ) from error
    except SettingsError as error:
        raise StackError(str(error)) from error


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    stored = paths.from_environment(environment).environment
    variables: dict[str, str] = {}
    if stored.exists():
        variables = json.loads(stored.read_text(encoding="utf-8"))
    for name in _NEEDED:
        if environment.get(name):
            variables[name] = environment[name]
        elif environment.get(f"{name}_FILE"):
            variables[name] = _content(Path(environment[f"{name}_FILE"]), name)
    if not variables.get("MONGODB_URL"):
        raise StackError(
            "No stack is running here. Start one with `parley up`, or set MONGODB_URL."
        )
    return variables


def _content(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{name}_FILE: The file cannot be read.") from error
