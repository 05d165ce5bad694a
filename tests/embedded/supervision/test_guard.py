"""A killed parent leaves nothing running: no child, no grandchild."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedded.supervision.guard import groups_left
from tests.embedded.programs import is_running, wait_until

# A parent that supervises one program, which in turn starts a grandchild and ignores SIGTERM.
_PARENT = """
import asyncio, pathlib, sys, threading
sys.path.insert(0, {checkout!r})
from embedded.supervision.supervisor import Supervisor
from tests.embedded.programs import python_program, written

CHILD = '''
import os, pathlib, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen(["sleep", "600"])
pathlib.Path("pids").write_text(f"{{os.getpid()}} {{grandchild.pid}}")
time.sleep(600)
'''

async def main():
    folder = pathlib.Path({folder!r})
    async with Supervisor(print) as supervisor:
        await supervisor.start(python_program(folder, CHILD, probe=written(folder / "pids")))
        print("ready", flush=True)
        await asyncio.sleep(600)

def in_thread():
    asyncio.run(main())

if {threaded!r}:
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
else:
    in_thread()
"""


@contextmanager
def parent_of_two(folder: Path, threaded: bool) -> Iterator[tuple[int, int, int]]:
    """Run the parent; yields its process id, its child's and its grandchild's."""
    checkout = str(Path(__file__).parents[3])
    code = _PARENT.format(checkout=checkout, folder=str(folder), threaded=threaded)
    with subprocess.Popen(  # noqa: S603 (our own words)
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        while "ready" not in parent.stdout.readline():
            assert parent.poll() is None, "the parent ended"
        child, grandchild = map(int, (folder / "pids").read_text().split())
        yield parent.pid, child, grandchild


def test_ended_groups_are_removed_from_the_list() -> None:
    """Only groups that were added and not removed remain to be killed."""
    assert groups_left(["+11\n", "+12\n", "-11\n", "+13\n"]) == {12, 13}
    assert groups_left([]) == set()


@pytest.mark.parametrize("threaded", [False, True])
def test_a_killed_parent_leaves_no_process(tmp_path: Path, threaded: bool) -> None:
    """After `kill -9` of the parent its child and grandchild end, whichever thread started them."""
    with parent_of_two(tmp_path, threaded) as (parent, child, grandchild):
        assert is_running(child)
        assert is_running(grandchild)

        os.kill(parent, signal.SIGKILL)

    wait_until(lambda: not is_running(child) and not is_running(grandchild), within_s=5)


def test_children_end_even_when_the_guard_is_killed_too(tmp_path: Path) -> None:
    """With guard and parent both killed, the tether still ends the child."""
    with parent_of_two(tmp_path, threaded=False) as (parent, child, grandchild):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for guard in set(map(int, children)) - {child}:
            os.kill(guard, signal.SIGKILL)

        os.kill(parent, signal.SIGKILL)

    wait_until(lambda: not is_running(child), within_s=5)
    # the kernel does not promise this one: ending it is the guard's work
    os.kill(grandchild, signal.SIGKILL)
