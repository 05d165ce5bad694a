"""Parley's own processes, the provider sandbox and nginx, as programs of the stack."""

import sys
from collections.abc import Mapping

from embedded.paths import CHECKOUT, Paths
from embedded.ports import HOST, PortBook
from embedded.program import Program

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


def nginx(paths: Paths, ports: PortBook, http_port: int, shared: Mapping[str, str]) -> Program:
    """nginx as a program, in front of REST, the gateways and the page."""
    url = f"http://{HOST}:{http_port}"
    return Program(
        name="nginx",
        argv=(sys.executable, "-m", "nginx"),
        directory=CHECKOUT,
        log=paths.logs / "nginx.log",
        url=url,
        health=f"{url}/",
        environment={
            "PARLEY_BIND_HOST": HOST,
            "PARLEY_HTTP_PORT": str(http_port),
            "PARLEY_WEB_ROOT": str(paths.page),
            "PARLEY_RUNTIME_DIR": str(paths.data / "nginx"),
            "PARLEY_LIMIT_SCALE": shared.get("PARLEY_LIMIT_SCALE", ""),
            "PARLEY_REST_UPSTREAMS": f"{HOST}:{ports.known('rest')}",
            "PARLEY_REALTIME_UPSTREAMS": ",".join(
                f"{name}={HOST}:{ports.known(name)}" for name in GATEWAYS
            ),
        },
    )
