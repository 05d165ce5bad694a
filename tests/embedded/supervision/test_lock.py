"""One holder at a time; a killed holder leaves no obstacle."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.supervision import lock

_HOLD = """
import pathlib, sys
from embedded.supervision import lock
with lock.held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_with_the_first_ones_process_id(tmp_path: Path) -> None:
    """The error says which process holds the lock."""
    path = tmp_path / "lock"

    with lock.held(path), pytest.raises(lock.HeldError) as refusal, lock.held(path):
        pass

    assert refusal.value.holder == str(os.getpid())


def test_a_held_lock_is_visible_to_other_processes(tmp_path: Path) -> None:
    """`parley status` can tell a running stack from an abandoned folder."""
    path = tmp_path / "lock"
    assert not lock.is_held(path)

    with lock.held(path):
        assert lock.is_held(path)

    assert not lock.is_held(path)


def test_a_killed_holder_releases_the_lock(tmp_path: Path) -> None:
    """A killed holder's file is stale at once, whatever process id it contains."""
    path = tmp_path / "lock"
    with subprocess.Popen(  # noqa: S603 (our own words)
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        holder.stdout.readline()
        assert lock.is_held(path)
        holder.kill()
    assert path.read_text().strip() == str(holder.pid)

    with lock.held(path):
        assert path.read_text().strip() == str(os.getpid())
