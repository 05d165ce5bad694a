"""Check a stack file for faults that `docker stack config` accepts: names used but not declared.

`docker stack config` accepts a service with an undeclared secret or network (the deployment then
fails half-way), and it does not know `*_FILE` variables. This script prints one line for each fault
and exits with 1; without a fault it exits with 0.

    python deploy/check_stack.py swarm-stack.yml
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

SECRETS_FOLDER = "/run/secrets/"
KINDS = ("networks", "secrets", "configs", "volumes")
# What every service must declare; `DEPLOY_NEEDS` are the keys under `deploy`.
SERVICE_NEEDS = ("healthcheck", "logging", "stop_grace_period")
DEPLOY_NEEDS = ("update_config", "rollback_config", "restart_policy")


def findings(stack: dict[str, Any]) -> list[str]:
    """Return one sentence for each fault of the parsed stack file, in the file's order."""
    found = []
    for name, service in stack.get("services", {}).items():
        found += [f"service {name}: {fault}" for fault in _service_faults(service, stack)]
    used = {
        (kind, source)
        for service in stack.get("services", {}).values()
        for kind in KINDS
        for source, _ in _references(service, kind)
    }
    for kind in KINDS:
        for source in stack.get(kind) or {}:
            if (kind, source) not in used:
                found.append(f"{kind}: {source} is declared but no service uses it")
    return found


def _service_faults(service: dict[str, Any], stack: dict[str, Any]) -> Iterator[str]:
    for kind in KINDS:
        for source, _ in _references(service, kind):
            if source not in (stack.get(kind) or {}):
                yield f"{source} is not declared under {kind}"
    yield from _file_variable_faults(service)
    deploy = service.get("deploy", {})
    yield from (f"{need} is missing" for need in SERVICE_NEEDS if need not in service)
    yield from (f"deploy.{need} is missing" for need in DEPLOY_NEEDS if need not in deploy)
    for bound in ("limits", "reservations"):
        for resource in ("cpus", "memory"):
            if resource not in deploy.get("resources", {}).get(bound, {}):
                yield f"deploy.resources.{bound}.{resource} is missing"


def _references(service: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Yield (declared name, name inside the container) of each `kind` that a service uses."""
    for entry in service.get(kind) or []:
        if isinstance(entry, dict):
            if kind == "volumes" and entry.get("type") != "volume":
                continue
            source = str(entry["source"])
            yield source, str(entry.get("target", source))
        elif kind == "volumes":
            source, separator, target = str(entry).partition(":")
            if separator and not source.startswith((".", "/", "~")):
                yield source, target
        else:
            yield str(entry), str(entry)


def _file_variable_faults(service: dict[str, Any]) -> Iterator[str]:
    """Yield each variable `X_FILE` that does not name one of this service's secrets."""
    mounted = {
        target if target.startswith("/") else SECRETS_FOLDER + target
        for _, target in _references(service, "secrets")
    }
    for variable, value in (service.get("environment") or {}).items():
        if str(variable).endswith("_FILE") and value not in mounted:
            yield f"{variable} names {value}, which is no secret of this service"


def main(arguments: list[str]) -> int:
    """Check the file that the only argument names; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: check_stack.py STACK_FILE\n")
        return 2
    path = Path(arguments[0])
    try:
        stack = YAML(typ="safe").load(path)
    except (OSError, YAMLError) as error:
        sys.stderr.write(f"{path}: cannot be read: {error}\n")
        return 2
    if not isinstance(stack, dict) or not stack.get("services"):
        sys.stderr.write(f"{path}: has no services\n")
        return 2
    found = findings(stack)
    for line in found:
        sys.stderr.write(f"{path}: {line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
