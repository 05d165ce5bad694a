"""What the stack file promises of every service."""

import configparser
import re
from pathlib import Path
from typing import Any

import pytest

from nginx.settings import from_environment as nginx_settings
from tests.deploy.conftest import ROOT, Stack

# Root packages that are no process of a deployment: the core, the stack of one machine, its load.
NO_PROCESS = {"marketplace", "embedded", "benchmarks"}
SERVERS = {"mongodb", "kafka", "valkey"}
# An own port of the node or a volume: the old task has to be gone before the new one comes.
IN_PLACE = {"nginx", "mongodb", "kafka"}


def processes() -> set[str]:
    """Return the root packages that run as a process, as setup.cfg lists them."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return set(setup["importlinter"]["root_packages"].split()) - NO_PROCESS


def seconds(duration: str) -> int:
    """Return a stack file's duration in seconds; those written as `30s` are all we use."""
    match = re.fullmatch(r"(\d+)s", duration)
    assert match, f"{duration} is not in seconds"
    return int(match[1])


def memory_mib(amount: str) -> int:
    """Return an amount of memory such as `512M` or `1G` in MiB."""
    return int(amount[:-1]) * {"M": 1, "G": 1024}[amount[-1]]


def test_services_are_the_root_packages_and_the_three_servers(parsed_stack: Stack) -> None:
    """The root listing is the deployment picture: a service for each process, and the servers."""
    assert set(parsed_stack["services"]) == processes() | SERVERS


def test_each_process_runs_its_own_package_from_the_one_image(parsed_stack: Stack) -> None:
    """Every process has the same image, and the command `python -m` with its own name."""
    services = parsed_stack["services"]

    commands = {name: services[name]["command"] for name in processes()}

    assert commands == {name: ["python", "-m", name] for name in processes()}
    assert len({services[name]["image"] for name in processes()}) == 1


@pytest.mark.parametrize("name", sorted(processes() | SERVERS))
def test_a_sick_task_is_noticed_and_replaced_without_end(parsed_stack: Stack, name: str) -> None:
    """Each service has a health check that can end, and restarts with a pause, without a limit."""
    service = parsed_stack["services"][name]

    check, restart = service["healthcheck"], service["deploy"]["restart_policy"]

    assert seconds(check["timeout"]) < seconds(check["interval"])
    assert check["retries"] >= 3
    assert restart["condition"] == "any"
    assert seconds(restart["delay"]) > 0
    assert "max_attempts" not in restart


@pytest.mark.parametrize("name", sorted(processes() | SERVERS))
def test_a_bad_version_is_rolled_back_one_task_at_a_time(parsed_stack: Stack, name: str) -> None:
    """Updates go one by one and return to the version before when a task fails under watch."""
    deploy = parsed_stack["services"][name]["deploy"]

    assert deploy["update_config"]["parallelism"] == 1
    assert deploy["update_config"]["failure_action"] == "rollback"
    assert seconds(deploy["update_config"]["monitor"]) >= 30
    assert deploy["rollback_config"]["parallelism"] == 1


@pytest.mark.parametrize("name", sorted(processes() | SERVERS))
def test_a_service_is_bounded_in_memory_processor_and_logs(parsed_stack: Stack, name: str) -> None:
    """No service can take a node's memory, processor or disk from the others."""
    service = parsed_stack["services"][name]
    resources = service["deploy"]["resources"]

    limits, reserved = resources["limits"], resources["reservations"]

    assert memory_mib(reserved["memory"]) < memory_mib(limits["memory"])
    assert float(reserved["cpus"]) < float(limits["cpus"])
    assert service["logging"]["options"]["max-size"]
    assert service["logging"]["options"]["max-file"]


@pytest.mark.parametrize("name", sorted(processes() - IN_PLACE))
def test_a_process_survives_one_killed_task_and_an_update(parsed_stack: Stack, name: str) -> None:
    """There are two of each, and the new one is healthy before the old one is told to stop."""
    deploy = parsed_stack["services"][name]["deploy"]

    assert deploy["replicas"] >= 2
    assert deploy["update_config"]["order"] == "start-first"
    assert deploy["rollback_config"]["order"] == "start-first"


@pytest.mark.parametrize("name", sorted(IN_PLACE))
def test_what_owns_a_port_or_a_volume_is_never_there_twice(parsed_stack: Stack, name: str) -> None:
    """A node's port and a data folder have one owner: the old task stops first."""
    deploy = parsed_stack["services"][name]["deploy"]

    assert deploy["update_config"]["order"] == "stop-first"
    assert deploy["rollback_config"]["order"] == "stop-first"


@pytest.mark.parametrize("name", sorted(processes()))
def test_a_process_can_write_nowhere_but_in_its_tmp(parsed_stack: Stack, name: str) -> None:
    """The root file system is read-only, /tmp is bounded memory, and no capability is left."""
    service = parsed_stack["services"][name]

    writable = {mount["target"]: mount["type"] for mount in service["volumes"]}

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert writable == {"/tmp": "tmpfs"}  # noqa: S108  the mount point in the container


def test_no_secret_stands_in_the_stack_file(parsed_stack: Stack) -> None:
    """What must stay secret comes from outside: every secret is external, every value a path."""
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
    """One service publishes a port, and the servers are on the network without a way out."""
    services: dict[str, Any] = parsed_stack["services"]

    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert parsed_stack["networks"]["backend"]["internal"] is True
    assert all(services[name]["networks"] == ["backend"] for name in SERVERS)


def test_nginx_sees_each_realtime_task(parsed_stack: Stack) -> None:
    """Polling sticks to one gateway: nginx finds it by its task's name in the swarm's DNS."""
    environment = parsed_stack["services"]["nginx"]["environment"]

    assert environment["PARLEY_REALTIME_UPSTREAMS"] == "tasks.realtime:8000"
    assert environment["PARLEY_RESOLVER"] == "127.0.0.11"
    name = parsed_stack["services"]["realtime"]["environment"]["PARLEY_PROCESS_NAME"]
    assert name == "{{.Service.Name}}.{{.Task.Slot}}.{{.Task.ID}}"
    assert parsed_stack["services"]["realtime"]["environment"]["PARLEY_BIND_PORT"] == "8000"


def test_processes_accept_the_environment_they_are_given(parsed_stack: Stack) -> None:
    """Every PARLEY_… and provider variable of a service is one that the settings know."""
    settings = (ROOT / "marketplace" / "settings.py").read_text(encoding="utf-8")
    known = set(re.findall(r'data_key="(\w+)"', settings))

    given = {
        variable.removesuffix("_FILE")
        for name in processes() - {"nginx"}
        for variable in parsed_stack["services"][name]["environment"]
    }

    assert given <= known


def test_nginx_accepts_the_environment_it_is_given(parsed_stack: Stack, tmp_path: Path) -> None:
    """The variables of the stack file make a configuration, with the page in its place."""
    (tmp_path / "index.html").write_text("<!doctype html>", encoding="utf-8")
    given = dict(parsed_stack["services"]["nginx"]["environment"])
    assert given.pop("PARLEY_TRUSTED_PROXIES") == "${PARLEY_TRUSTED_PROXIES:-}"
    assert given.pop("PARLEY_LIMIT_SCALE") == "${PARLEY_LIMIT_SCALE:-1}"

    settings = nginx_settings({**given, "PARLEY_WEB_ROOT": str(tmp_path)})

    target = parsed_stack["services"]["nginx"]["ports"][0]["target"]
    assert (settings.bind_host, settings.http_port) == ("0.0.0.0", target)  # noqa: S104
    assert [upstream.service for upstream in settings.realtime] == ["realtime"]


def test_nginx_is_not_replaced_because_another_is_away(parsed_stack: Stack) -> None:
    """Its health is what it answers by itself, not the readiness it passes on from rest."""
    test = " ".join(parsed_stack["services"]["nginx"]["healthcheck"]["test"])

    assert "PARLEY_HTTP_PORT" in test
    assert "/health" not in test
