"""Parley's own processes as programs; the sandbox is described in the same way."""

import sys
from collections.abc import Mapping

from embedded.paths import CHECKOUT, Paths
from embedded.supervision.ports import HOST
from embedded.supervision.program import Program

# Two, so that development shows what only happens with several gateways.
GATEWAYS = ("realtime-1", "realtime-2")

# Name of the process → package that runs it.
PROCESSES = {
    "rest": "rest",
    **dict.fromkeys(GATEWAYS, "realtime"),
    "relay": "relay",
    "matching": "matching",
    "notify": "notify",
}


def python(name: str, module: str, paths: Paths, port: int, shared: Mapping[str, str]) -> Program:
    """A Python process as a program: its port, and the URL of its readiness check."""
    url = f"http://{HOST}:{port}"
    return Program(
        name=name,
        argv=(sys.executable, "-m", module),
        directory=CHECKOUT,
        log=paths.logs / f"{name}.log",
        url=url,
        health=f"{url}/health/ready",
        environment={
            **shared,
            "PARLEY_PROCESS_NAME": name,
            "PARLEY_BIND_HOST": HOST,
            "PARLEY_BIND_PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        },
        stop_timeout_s=15,
    )
