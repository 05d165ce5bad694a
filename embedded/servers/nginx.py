"""nginx, started by the package `nginx`, in front of REST, the gateways and the page."""

import sys
from collections.abc import Mapping

from embedded.paths import CHECKOUT, Paths
from embedded.processes import GATEWAYS
from embedded.supervision.ports import HOST, PortBook
from embedded.supervision.program import Program


def program(paths: Paths, ports: PortBook, http_port: int, shared: Mapping[str, str]) -> Program:
    """nginx as a program; `ports` has those of REST and of every gateway."""
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
