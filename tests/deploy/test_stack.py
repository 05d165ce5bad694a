"""The stack file's guarantees for every service."""

import configparser
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from marketplace.settings import Settings
from nginx.settings import from_environment as nginx_settings
from tests.deploy.conftest import ROOT, Stack

# Root packages that are not deployed: the core, the single-machine stack, the benchmarks.
NO_PROCESS = {"marketplace", "embedded", "benchmarks"}
SERVERS = {"mongodb", "kafka", "valkey"}
# They own a port of the node or a volume, so the old task has to stop before the new one starts.
IN_PLACE = {"nginx", "mongodb", "kafka"}


def processes() -> set[str]:
    """The root packages that run as a process, as listed in setup.cfg."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return set(setup["importlinter"]["root_packages"].split()) - NO_PROCESS


def seconds(duration: str) -> int:
    """A duration of the stack file in seconds; only the form `30s` is supported."""
    match = re.fullmatch(r"(\d+)s", duration)
    assert match, f"{duration} is not in seconds"
    return int(match[1])


def memory_mib(amount: str) -> int:
    """An amount of memory such as `512M` or `1G`, in MiB."""
    return int(amount[:-1]) * {"M": 1, "G": 1024}[amount[-1]]


def test_services_are_the_root_packages_and_the_three_servers(parsed_stack: Stack) -> None:
    """The services are one per process, plus the three servers."""
    assert set(parsed_stack["services"]) == processes() | SERVERS


def test_each_process_runs_its_own_package_from_the_one_image(parsed_stack: Stack) -> None:
    """Every process runs `python -m` with its own name, from the same image."""
    services = parsed_stack["services"]

    commands = {name: services[name]["command"] for name in processes()}

    assert commands == {name: ["python", "-m", name] for name in processes()}
    assert len({services[name]["image"] for name in processes()}) == 1


@pytest.mark.parametrize("name", sorted(processes() | SERVERS))
def test_an_unhealthy_task_is_always_replaced(parsed_stack: Stack, name: str) -> None:
    """Each health check has a time-out, and restarts have a pause but no limit."""
    service = parsed_stack["services"][name]

    check, restart = service["healthcheck"], service["deploy"]["restart_policy"]

    assert seconds(check["timeout"]) < seconds(check["interval"])
    assert check["retries"] >= 3
    assert restart["condition"] == "any"
    assert seconds(restart["delay"]) > 0
    assert "max_attempts" not in restart


@pytest.mark.parametrize("name", sorted(processes() | SERVERS))
def test_a_failed_update_is_rolled_back_one_task_at_a_time(parsed_stack: Stack, name: str) -> None:
    """Updates go task by task, and roll back when a task fails while it is monitored."""
    deploy = parsed_stack["services"][name]["deploy"]

    assert deploy["update_config"]["parallelism"] == 1
    assert deploy["update_config"]["failure_action"] == "rollback"
    assert seconds(deploy["update_config"]["monitor"]) >= 30
    assert deploy["rollback_config"]["parallelism"] == 1


@pytest.mark.parametrize("name", sorted(processes() | SERVERS))
def test_each_service_has_limits_on_memory_cpu_and_logs(parsed_stack: Stack, name: str) -> None:
    """No service can exhaust a node's memory, CPU or disk."""
    service = parsed_stack["services"][name]
    resources = service["deploy"]["resources"]

    limits, reserved = resources["limits"], resources["reservations"]

    assert memory_mib(reserved["memory"]) < memory_mib(limits["memory"])
    assert float(reserved["cpus"]) < float(limits["cpus"])
    assert service["logging"]["options"]["max-size"]
    assert service["logging"]["options"]["max-file"]


@pytest.mark.parametrize("name", sorted(processes() - IN_PLACE))
def test_a_process_survives_one_killed_task_and_an_update(parsed_stack: Stack, name: str) -> None:
    """There are two tasks of each, and a new one is healthy before an old one stops."""
    deploy = parsed_stack["services"][name]["deploy"]

    assert deploy["replicas"] >= 2
    assert deploy["update_config"]["order"] == "start-first"
    assert deploy["rollback_config"]["order"] == "start-first"


@pytest.mark.parametrize("name", sorted(IN_PLACE))
def test_a_task_with_a_port_or_a_volume_stops_before_its_successor_starts(
    parsed_stack: Stack, name: str
) -> None:
    """A node's port and a data folder have one owner, so the old task stops first."""
    deploy = parsed_stack["services"][name]["deploy"]

    assert deploy["update_config"]["order"] == "stop-first"
    assert deploy["rollback_config"]["order"] == "stop-first"


@pytest.mark.parametrize("name", sorted(processes()))
def test_processes_can_write_only_to_tmp(parsed_stack: Stack, name: str) -> None:
    """The root file system is read-only, /tmp is bounded memory, and no capability is left."""
    service = parsed_stack["services"][name]

    writable = {mount["target"]: mount["type"] for mount in service["volumes"]}

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert writable == {"/tmp": "tmpfs"}  # noqa: S108  the mount point in the container


def test_the_stack_file_contains_no_secret(parsed_stack: Stack) -> None:
    """Every secret is external, and every secret variable is a path."""
    secret = re.compile(r"SECRET|TOKEN|PASSWORD|API_KEY|MONGODB_URL|REDIS_URL")

    spoken = [
        (name, variable, value)
        for name, service in parsed_stack["services"].items()
        for variable, value in (service.get("environment") or {}).items()
        if secret.search(variable) and not str(value).startswith("/run/secrets/")
    ]

    assert spoken == []
    assert all(declared == {"external": True} for declared in parsed_stack["secrets"].values())


def test_only_nginx_is_reachable_from_outside(parsed_stack: Stack) -> None:
    """Only nginx publishes a port, and the servers' network has no route outside."""
    services: dict[str, Any] = parsed_stack["services"]

    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert parsed_stack["networks"]["backend"]["internal"] is True
    assert all(services[name]["networks"] == ["backend"] for name in SERVERS)


def test_nginx_resolves_each_realtime_task(parsed_stack: Stack) -> None:
    """Long polling needs sticky gateways, so nginx resolves each task in the swarm's DNS."""
    environment = parsed_stack["services"]["nginx"]["environment"]

    assert environment["PARLEY_REALTIME_UPSTREAMS"] == "tasks.realtime:8000"
    assert environment["PARLEY_RESOLVER"] == "127.0.0.11"
    name = parsed_stack["services"]["realtime"]["environment"]["PARLEY_PROCESS_NAME"]
    assert name == "{{.Service.Name}}.{{.Task.Slot}}.{{.Task.ID}}"
    assert parsed_stack["services"]["realtime"]["environment"]["PARLEY_BIND_PORT"] == "8000"


def test_processes_accept_the_stack_files_environment(parsed_stack: Stack) -> None:
    """The settings know every PARLEY_… and provider variable that a service gets."""
    known = {field.metadata["name"] for field in fields(Settings)}
    known |= {"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}  # read by OpenTelemetry itself

    given = {
        variable.removesuffix("_FILE")
        for name in processes() - {"nginx"}
        for variable in parsed_stack["services"][name]["environment"]
    }

    assert given <= known


def test_nginx_accepts_the_stack_files_environment(parsed_stack: Stack, tmp_path: Path) -> None:
    """The stack file's variables make a valid configuration, with the page in its folder."""
    (tmp_path / "index.html").write_text("<!doctype html>", encoding="utf-8")
    given = dict(parsed_stack["services"]["nginx"]["environment"])
    assert given.pop("PARLEY_TRUSTED_PROXIES") == "${PARLEY_TRUSTED_PROXIES:-}"
    assert given.pop("PARLEY_LIMIT_SCALE") == "${PARLEY_LIMIT_SCALE:-1}"

    settings = nginx_settings({**given, "PARLEY_WEB_ROOT": str(tmp_path)})

    target = parsed_stack["services"]["nginx"]["ports"][0]["target"]
    assert (settings.bind_host, settings.http_port) == ("0.0.0.0", target)  # noqa: S104
    assert [upstream.service for upstream in settings.realtime] == ["realtime"]


def test_nginx_stays_healthy_while_rest_is_unavailable(parsed_stack: Stack) -> None:
    """nginx's health check covers nginx itself, not the readiness it proxies from rest."""
    test = " ".join(parsed_stack["services"]["nginx"]["healthcheck"]["test"])

    assert "PARLEY_HTTP_PORT" in test
    assert "/health" not in test
