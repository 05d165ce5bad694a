"""Children are started, watched, restarted and stopped."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embedded.errors import StackError
from embedded.supervision import keeper
from embedded.supervision.supervisor import Supervisor
from tests.embedded.programs import is_running, python_program, until, written

_SLEEP = "import time; time.sleep(600)"
_STUBBORN = (
    "import signal, pathlib, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path('up').write_text('1'); time.sleep(600)"
)


@pytest.fixture
def lines() -> list[str]:
    """Return the list of lines that would be printed."""
    return []


@pytest.fixture
async def supervisor(lines: list[str]) -> AsyncIterator[Supervisor]:
    """Return an open supervisor; everything it started is stopped afterwards."""
    async with Supervisor(lines.append) as opened:
        yield opened


async def test_a_dead_child_is_restarted(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    """A killed child is back within a second, and one line says so."""
    await supervisor.start(python_program(tmp_path, _SLEEP))
    first = supervisor.pid("small")

    supervisor.kill("small", signal.SIGKILL)
    await until(lambda: supervisor.pid("small") not in {first, None}, within_s=2)
    await until(lambda: len(lines) == 3)

    assert lines[0].startswith("small        ready in ")
    assert lines[1] == "small was killed by SIGKILL; starting it again in 0.25 s"
    assert lines[2].startswith("small is ready again after ")


async def test_the_delay_doubles_while_a_child_keeps_dying(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    """A child that keeps dying is restarted after longer and longer delays."""
    await supervisor.start(python_program(tmp_path, "import time; time.sleep(0.1); exit(3)"))

    await until(lambda: sum("starting it again" in line for line in lines) >= 3)

    delays = [line.rpartition(" in ")[2] for line in lines if "starting it again" in line]
    assert delays[:3] == ["0.25 s", "0.5 s", "1 s"]
    assert "ended with exit code 3" in lines[1]


async def test_a_killed_child_can_be_held_down(supervisor: Supervisor, tmp_path: Path) -> None:
    """A test can keep a killed child down for a chosen time."""
    await supervisor.start(python_program(tmp_path, _SLEEP))
    began_at = time.monotonic()

    supervisor.kill("small", signal.SIGKILL, hold_s=1.5)
    await until(lambda: supervisor.pid("small") is None)
    await until(lambda: supervisor.pid("small") is not None)

    assert 1.4 < time.monotonic() - began_at < 3


async def test_a_stopped_child_stays_down_until_started(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    """A stop does not count as a crash: only an explicit start brings the child back."""
    await supervisor.start(python_program(tmp_path, _SLEEP))
    pid = supervisor.pid("small")

    await supervisor.stop("small")

    assert pid is not None
    assert not is_running(pid)
    assert supervisor.pid("small") is None
    assert not any("again" in line for line in lines)

    await supervisor.start_again("small")
    assert supervisor.pid("small") not in {None, pid}


async def test_a_child_that_ignores_sigterm_is_killed(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    """A child that exceeds its time to stop is killed, and a line says so."""
    program = python_program(
        tmp_path, _STUBBORN, probe=written(tmp_path / "up"), stop_timeout_s=0.3
    )
    await supervisor.start(program)
    pid = supervisor.pid("small")

    await supervisor.stop("small")

    assert pid is not None
    assert not is_running(pid)
    assert lines[-1] == "small did not stop in time and was killed"


async def test_a_dead_childs_own_children_are_ended_before_its_restart(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """A dead child's own children are ended too; nginx's workers, for example, would hold its port."""
    code = (
        "import pathlib, subprocess, time; p = subprocess.Popen(['sleep', '600']);"
        "pathlib.Path('left').write_text(str(p.pid)); time.sleep(600)"
    )
    await supervisor.start(python_program(tmp_path, code, probe=written(tmp_path / "left")))
    left = int((tmp_path / "left").read_text())

    supervisor.kill("small", signal.SIGKILL)
    await until(lambda: not is_running(left), within_s=2)


async def test_a_child_that_exits_at_once_fails_with_the_end_of_its_log(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """The error has the exit code and the end of the log, and there is no retry."""
    with pytest.raises(StackError) as failure:
        await supervisor.start(python_program(tmp_path, "print('no such table'); exit(4)",
                                              probe=written(tmp_path / "never")))  # fmt: skip

    assert "small ended with exit code 4." in str(failure.value)
    assert "no such table" in str(failure.value)
    assert supervisor.pid("small") is None


async def test_a_child_that_is_never_ready_fails_and_is_stopped(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """A start has a time limit, after which the child is stopped."""
    program = python_program(
        tmp_path,
        "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(99)",
        probe=written(tmp_path / "never"),
        start_timeout_s=1,
    )

    with pytest.raises(StackError, match="small was not ready after 1 s"):
        await supervisor.start(program)

    assert not is_running(int((tmp_path / "pid").read_text()))


async def test_an_interrupted_start_leaves_no_process(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """Ctrl-C in the middle of a start ends the child that was not ready yet."""
    program = python_program(
        tmp_path,
        "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(99)",
        probe=written(tmp_path / "never"),
    )
    starting = asyncio.create_task(supervisor.start(program))
    await until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert not is_running(int((tmp_path / "pid").read_text()))


async def test_an_unready_child_is_reported_once_and_so_is_its_recovery(
    supervisor: Supervisor, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that runs but is not ready is reported once, and so is its recovery."""
    monkeypatch.setattr(keeper, "HEALTH_EVERY_S", 0.05)
    well = tmp_path / "well"
    well.write_text("1")
    await supervisor.start(python_program(tmp_path, _SLEEP, probe=written(well)))
    pid = supervisor.pid("small")

    well.unlink()
    await until(lambda: len(lines) == 2)
    await asyncio.sleep(0.5)
    well.write_text("1")
    await until(lambda: len(lines) == 3)

    assert lines[1].startswith("small is running, but has not been ready for")
    assert lines[2] == "small is ready again"
    assert supervisor.pid("small") == pid


async def test_groups_stop_in_the_given_order(supervisor: Supervisor, tmp_path: Path) -> None:
    """Each group is down before the next one is stopped; unknown names do no harm."""
    for name in ("door", "worker", "floor"):
        code = (
            "import signal, sys, time, pathlib\n"
            "def stop(*_):\n"
            " time.sleep(0.1)\n"
            f" pathlib.Path('order').open('a').write('{name} ')\n"
            " sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, stop)\n"
            f"pathlib.Path('{name}.up').write_text('1')\n"
            "while True: time.sleep(1)\n"
        )
        await supervisor.start(
            python_program(tmp_path, code, name=name, probe=written(tmp_path / f"{name}.up"))
        )

    await supervisor.stop_all((("door",), ("nobody", "worker"), ("floor",)))

    assert (tmp_path / "order").read_text() == "door worker floor "


async def test_children_get_their_environment_and_their_own_session(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """A child leads its own session, so that Ctrl-C reaches only the supervisor."""
    code = (
        "import os, pathlib, time;"
        "pathlib.Path('session').write_text(str(os.getsid(0) == os.getpid())); time.sleep(600)"
    )
    await supervisor.start(python_program(tmp_path, code, probe=written(tmp_path / "session")))

    assert (tmp_path / "session").read_text() == "True"
    assert os.getsid(0) != supervisor.pid("small")
