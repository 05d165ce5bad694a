"""Servers, nginx, and processes of either version, which can be replaced one by one."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from embedded import processes
from embedded.paths import Paths
from embedded.servers import credentials, nginx, packaged
from embedded.servers.running import Running
from embedded.supervision import jobs
from embedded.supervision.loop_thread import LoopThread
from embedded.supervision.ports import HOST, PortBook
from embedded.supervision.program import Program
from embedded.supervision.supervisor import Supervisor
from tests.upgrade.versions import Version

RESTS = ("rest-1", "rest-2")
# Name → package. There are two of each package that serves people; the others take over from each
# other by lease or as members of a group, so a second one appears while the first is replaced.
PACKAGES = {
    **dict.fromkeys(RESTS, "rest"),
    **dict.fromkeys(processes.GATEWAYS, "realtime"),
    "relay": "relay",
    "relay-2": "relay",
    "matching": "matching",
    "notify": "notify",
}
_STOP_ORDER = (("nginx",), tuple(PACKAGES), ("sandbox",), ("valkey", "kafka", "mongod"))


class Mixed(Running):
    """A running stack in which each process has a version."""

    def __init__(self, loop_thread: LoopThread, supervisor: Supervisor, paths: Paths) -> None:
        super().__init__(loop_thread, supervisor, {})
        self._paths = paths
        self._ports = PortBook(paths.ports)
        self._versions: dict[str, Version] = {}

    def version(self, name: str) -> str:
        """The version that a process runs now."""
        return self._versions[name].name

    def current_rest(self) -> str:
        """The address of a REST process of the current version."""
        return next(self.url(name) for name in RESTS if self.version(name) == "current")

    def run(self, name: str, version: Version) -> None:
        """Start a process in this version; one that already has this name is stopped first."""
        if name in self._versions:
            self.stop(name)
        program = processes.python(
            name, PACKAGES[name], self._paths, self._ports.port(name), self.environment
        )
        theirs = replace(
            program,
            argv=(version.python, "-m", PACKAGES[name]),
            directory=version.directory,
        )
        self._versions[name] = version
        self._loop_thread.call(self._supervisor.start(theirs))

    def start_servers(self) -> None:
        """Start MongoDB, Valkey, Kafka and the provider sandbox."""
        self._loop_thread.call(self._start_servers())

    def start_entry(self) -> None:
        """Start nginx in front of the running processes."""
        self._loop_thread.call(self._supervisor.start(self._nginx()))

    async def _start_servers(self) -> None:
        self.environment |= credentials.load(self._paths.secrets)
        await jobs.gather_or_cancel(*(self._server(name) for name in packaged.VARIABLES))
        port = self._ports.port("sandbox")
        sandbox = processes.python(
            "sandbox", "embedded.sandbox", self._paths, port, self.environment
        )
        await self._supervisor.start(sandbox)
        self.environment |= {
            "SENDGRID_API_URL": sandbox.url,
            "TWILIO_API_URL": sandbox.url,
            "PARLEY_LIMIT_SCALE": "1000",
        }

    async def _server(self, name: str) -> None:
        program = await packaged.prepare(name, self._paths, self._ports)
        await self._supervisor.start(program)
        variable, value = packaged.variable(program)
        self.environment[variable] = value

    def _nginx(self) -> Program:
        self._paths.page.mkdir(exist_ok=True)
        (self._paths.page / "index.html").write_text("<!doctype html><title>Parley</title>")
        self._ports.port("rest")  # the embedded stack knows one by this name
        program = nginx.program(
            self._paths, self._ports, self._ports.port("nginx"), self.environment
        )
        rests = ",".join(f"{HOST}:{self._ports.known(name)}" for name in RESTS)
        return replace(program, environment={**program.environment, "PARLEY_REST_UPSTREAMS": rests})


@contextlib.contextmanager
def mixed() -> Iterator[Mixed]:
    """Start the servers, and no process yet; everything is stopped and removed at the end."""
    with (
        Paths.opened(None, "parley-upgrade-") as paths,
        LoopThread("upgrade") as loop_thread,
        loop_thread.entered(Supervisor(lambda _: None)) as supervisor,
    ):
        running = Mixed(loop_thread, supervisor, paths.make())
        try:
            running.start_servers()
            yield running
        finally:
            loop_thread.call(supervisor.stop_all(_STOP_ORDER))
