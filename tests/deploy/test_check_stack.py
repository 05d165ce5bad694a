"""The stack file's own check finds faults that `docker stack config` accepts."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.conftest import ROOT, STACK_FILE, Stack

Plant = Callable[[Callable[[Stack], None]], Path]


def check(stack_file: Path) -> subprocess.CompletedProcess[str]:
    """Run the check as `make lint` does."""
    return subprocess.run(  # noqa: S603  our own script
        [sys.executable, str(ROOT / "deploy" / "check_stack.py"), str(stack_file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def undeclare_secret(stack: Stack) -> None:
    """Remove a secret that services use."""
    del stack["secrets"]["twilio_auth_token"]


def undeclare_network(stack: Stack) -> None:
    """Remove a network that services use."""
    del stack["networks"]["backend"]


def undeclare_volume(stack: Stack) -> None:
    """Remove a volume that a service uses."""
    del stack["volumes"]["kafka_data"]


def undeclare_config(stack: Stack) -> None:
    """Remove a config that a service uses."""
    del stack["configs"]["mongodb_health"]


def withhold_secret(stack: Stack) -> None:
    """Point a `_FILE` variable at a secret that the service does not get."""
    stack["services"]["relay"]["secrets"] = ["token_secret", "mongodb_url"]


def drop_healthcheck(stack: Stack) -> None:
    """Remove a service's health check."""
    del stack["services"]["matching"]["healthcheck"]


def drop_rollback(stack: Stack) -> None:
    """Remove a service's rollback policy."""
    del stack["services"]["rest"]["deploy"]["rollback_config"]


def drop_memory_limit(stack: Stack) -> None:
    """Remove a service's memory limit."""
    del stack["services"]["kafka"]["deploy"]["resources"]["limits"]["memory"]


def add_unused_secret(stack: Stack) -> None:
    """Declare a secret that no service uses."""
    stack["secrets"]["forgotten"] = {"external": True}


FAULTS: dict[Callable[[Stack], None], str] = {
    undeclare_secret: "service rest: twilio_auth_token is not declared under secrets",
    undeclare_network: "service relay: backend is not declared under networks",
    undeclare_volume: "service kafka: kafka_data is not declared under volumes",
    undeclare_config: "service mongodb: mongodb_health is not declared under configs",
    withhold_secret: "service relay: REDIS_URL_FILE names /run/secrets/redis_url",
    drop_healthcheck: "service matching: healthcheck is missing",
    drop_rollback: "service rest: deploy.rollback_config is missing",
    drop_memory_limit: "service kafka: deploy.resources.limits.memory is missing",
    add_unused_secret: "secrets: forgotten is declared but no service uses it",
}


def test_the_stack_file_passes_the_check() -> None:
    """The stack file passes the check."""
    result = check(STACK_FILE)

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_named(planted: Plant, fault: Callable[[Stack], None]) -> None:
    """Each fault fails the check with a line that names the service and the fault."""
    path = planted(fault)

    result = check(path)

    assert result.returncode == 1
    assert FAULTS[fault] in result.stderr


@pytest.mark.parametrize("content", ["services: [", "", "services: {}"])
def test_an_invalid_stack_file_gets_an_error_message(tmp_path: Path, content: str) -> None:
    """A broken or empty file gets an error message and no stack trace."""
    path = tmp_path / "broken.yml"
    path.write_text(content, encoding="utf-8")

    result = check(path)

    assert result.returncode == 2
    assert result.stderr.startswith(str(path))
    assert "Traceback" not in result.stderr


def test_a_missing_docker_client_is_reported(tmp_path: Path) -> None:
    """Without a client that has `stack config`, and no way to install one, the error says so."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "env"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    for name, body in (("docker", "exit 125"), ("id", "echo 1000")):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tools / name).chmod(0o755)

    result = subprocess.run(  # noqa: S603  our own script
        [str(ROOT / "deploy" / "check.sh")],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 1
    assert "install a docker client that knows 'docker stack config'" in result.stderr
