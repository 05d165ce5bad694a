"""A Chromium for the journeys on the page: an installed one, or Debian's.

`python -m tests.journeys.chromium` makes sure that there is one; `make test` runs it before the
tests. If Chromium is missing and we are root, it installs the package with apt-get.
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
    """The path of a Chromium, from PATH or where Debian installs it."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return found or (str(_USUAL) if _USUAL.exists() else None)


def main() -> int:
    """Install Chromium if it is missing; the exit code says whether it is there now."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
    if find() is None:
        print(MISSING, file=sys.stderr)  # noqa: T201 (a command's own words)
        return 1
    return 0


def _install() -> None:
    """Install Debian's package without questions; apt-get prints its own errors."""
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
