"""Two `rest` processes and an nginx in front of them, next to those of a running stack."""

import json
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from embedded import processes
from embedded.paths import Paths
from embedded.servers import nginx
from embedded.supervision import ports, probes
from embedded.supervision.ports import PortBook
from embedded.supervision.supervisor import Supervisor
from tests.journeys.waiting import eventually

NAMES = ("rest-1", "rest-2")


@dataclass(frozen=True, slots=True)
class Rests:
    """The two, by name, with methods to make trouble; `url` is nginx's."""

    url: str
    supervisor: Supervisor

    async def kill(self, name: str, hold_s: float) -> None:
        """`kill -9` one; the supervisor restarts it, after `hold_s` seconds at the earliest."""
        before = self.supervisor.pid(name)
        self.supervisor.kill(name, signal.SIGKILL, hold_s)

        async def is_gone() -> bool:
            return self.supervisor.pid(name) != before

        await eventually(is_gone)

    async def is_back(self, name: str) -> None:
        """Wait until it is ready again."""
        health = f"{self.supervisor.program(name).url}/health/ready"
        await eventually(lambda: probes.http_answers(health))


@asynccontextmanager
async def two_rests(environment: Mapping[str, str], module: str = "rest") -> AsyncIterator[Rests]:
    """Run `module` twice in this environment, and nginx in front of both."""
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(data=Path(folder), cache=Path(folder)).make()
        paths.page.mkdir()
        (paths.page / "index.html").write_text("<!doctype html><title>Parley</title>\n")
        async with Supervisor(lambda _: None) as supervisor:
            addresses = []
            for name in NAMES:
                port = ports.choose()
                addresses.append(f"{ports.HOST}:{port}")
                await supervisor.start(
                    processes.python(name, module, paths, port, dict(environment))
                )
            # nginx requires gateways too; nobody uses them here.
            known = {name: ports.choose() for name in ("rest", *processes.GATEWAYS)}
            paths.ports.write_text(json.dumps(known))
            port = ports.choose()
            entry = nginx.program(paths, PortBook(paths.ports), port, environment)
            upstreams = {"PARLEY_REST_UPSTREAMS": ",".join(addresses)}
            await supervisor.start(replace(entry, environment={**entry.environment, **upstreams}))
            yield Rests(entry.url, supervisor)
