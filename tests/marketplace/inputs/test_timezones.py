"""Time zones."""

import os
import subprocess
import sys

import pytest

OLD_NAMES = ("Asia/Calcutta", "Europe/Kiev", "US/Pacific", "America/Buenos_Aires", "UTC")


@pytest.mark.parametrize("search_path", [None, ""])
def test_old_time_zone_names_work_on_every_system(search_path: str | None) -> None:
    """Old names work on systems without time zones or without old names: Debian 13, slim images."""
    environment = dict(os.environ)
    environment.pop("PYTHONTZPATH", None)
    if search_path is not None:
        environment["PYTHONTZPATH"] = search_path
    script = (
        "import sys, zoneinfo\n"
        "from marketplace.inputs.timezones import TIMEZONES\n"
        "for name in sys.argv[1:]:\n"
        "    assert name in TIMEZONES, name\n"
        "    zoneinfo.ZoneInfo(name)\n"
    )

    ran = subprocess.run(  # noqa: S603 # our own script
        [sys.executable, "-c", script, *OLD_NAMES],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
