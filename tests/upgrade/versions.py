"""A checkout of each version, with its own environment."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from embedded.paths import CHECKOUT

_PREVIOUS = Path(__file__).with_name("PREVIOUS")
_BUILD_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Version:
    """A version: the directory of its packages, and the Python that has its dependencies."""

    name: str
    directory: Path
    python: str


def current() -> Version:
    """The version of this checkout."""
    return Version("current", CHECKOUT, sys.executable)


def previous(cache: Path) -> Version:
    """The previous version, from the repository's history; built once for each commit.

    Raises:
        RuntimeError: the history does not reach back to it (a shallow clone).
    """
    commit = _PREVIOUS.read_text().strip()
    folder = cache / "upgrade" / commit
    version = Version("previous", folder, str(folder / ".venv" / "bin" / "python"))
    if not (folder / ".built").exists():
        _build(commit, folder)
    return version


def has_history() -> bool:
    """Whether this clone is complete; a shallow one may not reach back to the previous version."""
    return _git("rev-parse", "--is-shallow-repository").stdout.strip() == b"false"


def _build(commit: str, folder: Path) -> None:
    if _git("cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
        raise RuntimeError(
            f"The history of this clone has no commit {commit}; fetch it (git fetch --unshallow)."
        )
    folder.mkdir(parents=True, exist_ok=True)
    archive = _git("archive", "--format=tar", commit)
    _run("tar", "--extract", "--directory", str(folder), stdin=archive.stdout)
    _run(sys.executable, "-m", "venv", "--clear", str(folder / ".venv"))
    lock = folder / "requirements" / "runtime.lock"
    python = str(folder / ".venv" / "bin" / "python")
    _run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock))
    (folder / ".built").touch()


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 # programs and arguments of ours
        ["git", *arguments],  # noqa: S607 # wherever it is installed
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
        timeout=_BUILD_TIMEOUT_S,
    )


def _run(*argv: str, stdin: bytes = b"") -> None:
    subprocess.run(argv, input=stdin, check=True, timeout=_BUILD_TIMEOUT_S)  # noqa: S603
