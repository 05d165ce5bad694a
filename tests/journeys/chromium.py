"""A Chromium for the journeys on the page: the one that is there, or Debian's.

Run as `python -m tests.journeys.chromium` it makes sure that there is one, as `make test` does
before the tests: where it is missing and we are root, by apt-get.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_USUAL = Path("/usr/bin/chromium")
_INSTALL_WITHIN_S = 600
MISSING = (
    "The journeys on the page need Chromium; install it (on Debian: apt-get install chromium)."
)


def find() -> str | None:
    """The path of a Chromium, from PATH or where Debian puts it."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return found or (str(_USUAL) if _USUAL.exists() else None)


def main() -> int:
    """Install Chromium unless there is one; the exit code tells whether there is one now."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
    if find() is None:
        print(MISSING, file=sys.stderr)  # noqa: T201 (a command's own words)
        return 1
    return 0


def _install() -> None:
    """Install Debian's package, without asking anything; what fails is told by apt-get itself."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        subprocess.run(  # noqa: S603 (our own words)
            command, env=environment, check=False, stdout=sys.stderr, timeout=_INSTALL_WITHIN_S
        )


if __name__ == "__main__":
    sys.exit(main())
