"""The `parley` command: ready in one line, stopped in order, and nothing left running."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from embedded.stack import STOP_ORDER
from embedded.supervision import lock, ports
from tests.embedded.conftest import Command, Parley
from tests.embedded.programs import is_running, wait_until

NAMES = {name for group in STOP_ORDER for name in group}


def descendants(command: Command) -> dict[int, str]:
    """List every descendant of the command, as process id → command line."""
    return {
        one.pid: " ".join(one.cmdline())
        for one in psutil.Process(command.process.pid).children(recursive=True)
    }


def run_parley(
    command: str, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends without a signal."""
    return subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-m", "tests.embedded.tiny_parley", command, *arguments],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def left_over(pids: dict[int, str]) -> list[str]:
    """List the command lines of those that still run."""
    return [words for pid, words in pids.items() if is_running(pid)]


def test_a_stack_starts_reports_its_state_and_stops_in_order(
    parley: Parley, tmp_path: Path
) -> None:
    """The life of a stack: ready, all healthy, one killed and restarted, SIGTERM, no process left."""
    with parley("up") as command:
        assert command.wait_for("Parley is ready") == f"Parley is ready: {command.url}"
        with urllib.request.urlopen(f"{command.url}/health/ready", timeout=5) as answer:  # noqa: S310
            assert answer.read() == b"rest"

        entries = status(parley)
        assert {entry["name"] for entry in entries} == NAMES
        assert all(entry["healthy"] for entry in entries)
        assert {"name", "pid", "url", "healthy"} == set(entries[0])

        killed = next(entry["pid"] for entry in entries if entry["name"] == "realtime-1")
        assert isinstance(killed, int)
        os.kill(killed, signal.SIGKILL)
        command.wait_for("realtime-1 was killed by SIGKILL; starting it again in 0.25 s")
        command.wait_for("realtime-1 is ready again")
        again = next(entry["pid"] for entry in status(parley) if entry["name"] == "realtime-1")
        assert again != killed

        started = descendants(command)
        command.process.send_signal(signal.SIGTERM)
        assert command.process.wait(60) == 0

    assert command.lines[-2:] == ["stopping", "stopped"]
    assert left_over(started) == []
    order = (tmp_path / "stops").read_text().split()
    assert sorted(order[:3]) == ["realtime-1", "realtime-2", "rest"]
    assert sorted(order[3:5]) == ["matching", "notify"]
    assert order[5:] == ["relay"]
    assert ports.is_free(int(command.url.rpartition(":")[2]))


def status(parley: Parley) -> list[dict[str, object]]:
    """Run `parley status --json` on the same folder."""
    with parley("status", "--json") as command:
        command.process.wait(30)
    entries: list[dict[str, object]] = json.loads("\n".join(command.lines))
    return entries


def test_a_killed_stack_leaves_no_process_and_can_start_again(parley: Parley) -> None:
    """After `kill -9` no server, process, worker or child of one remains; the next start works."""
    with parley("up") as command:
        command.wait_for("Parley is ready")
        started = descendants(command)
        assert sum("mongod" in words for words in started.values()) == 1
        assert sum("nginx: worker" in words for words in started.values()) >= 1
        assert sum("sleep 600" in words for words in started.values()) == 6

        command.process.kill()
        wait_until(lambda: left_over(started) == [], within_s=5)

    assert not lock.is_held(command.data / "lock")
    with parley("up") as command:
        command.wait_for("Parley is ready")


def test_ctrl_c_during_the_start_stops_everything_started(parley: Parley) -> None:
    """An impatient person gets the terminal back, without a stack trace or a remaining process."""
    with parley("up") as command:
        command.wait_for("valkey       ready in")
        started = descendants(command)

        command.process.send_signal(signal.SIGINT)
        assert command.process.wait(30) == 0

    assert left_over(started) == []
    assert command.lines[-1] == "stopped"
    assert not any("Traceback" in line for line in command.lines)


def test_a_taken_port_is_reported_in_one_sentence(parley: Parley) -> None:
    """The process that listens there is named; nothing is started, and the exit code says so."""
    port = ports.choose()

    with (
        socket.create_server((ports.HOST, port)),
        parley("up", PARLEY_HTTP_PORT=str(port)) as command,
    ):
        assert command.process.wait(30) == 1

    assert len(command.lines) == 1
    assert command.lines[0].startswith(f"Port {port} is taken by")


def test_a_second_stack_on_a_folder_is_refused_in_one_sentence(
    parley: Parley, tmp_path: Path
) -> None:
    """The sentence says which process holds the folder and what to do."""
    (tmp_path / "data").mkdir()
    with lock.held(tmp_path / "data" / "lock"), parley("up") as command:
        assert command.process.wait(30) == 1

    assert len(command.lines) == 1
    assert command.lines[0].startswith(
        f"A stack is already running on {tmp_path / 'data'} (process {os.getpid()})."
    )
    assert "PARLEY_DATA_DIR" in command.lines[0]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        (
            "PARLEY_HTTP_PORT",
            "eighty",
            "Invalid settings. PARLEY_HTTP_PORT: 'eighty' is not a port",
        ),
        ("MONGODB_URL", "mongodb://127.0.0.1:9/", "MONGODB_URL is set, but no server responds"),
        ("REDIS_URL", "redis://127.0.0.1:9/", "REDIS_URL is set, but no server responds"),
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9", "KAFKA_BOOTSTRAP_SERVERS is set, but no"),
    ],
)
def test_an_invalid_variable_is_reported_in_one_sentence(
    tmp_path: Path, variable: str, value: str, words: str
) -> None:
    """An unusable value is named, and what was started meanwhile is stopped."""
    environment = {
        **os.environ, "PARLEY_DATA_DIR": str(tmp_path), "PARLEY_HTTP_PORT": str(ports.choose()),
        variable: value,
    }  # fmt: skip
    result = run_parley("up", environment)

    assert result.returncode == 1
    assert result.stderr.startswith(words)
    assert result.stderr.count("\n") == 1


def test_status_without_a_stack_is_reported_in_one_sentence(tmp_path: Path) -> None:
    """Programs get an empty list, people a sentence, and both an exit code."""
    result = run_parley("status", {**os.environ, "PARLEY_DATA_DIR": str(tmp_path)}, "--json")

    assert (result.returncode, json.loads(result.stdout)) == (1, [])
    assert result.stderr.startswith(f"No stack is running in {tmp_path}")
