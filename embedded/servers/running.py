"""Servers alone, for tests; and a running stack or its servers under a test's control.

One session fixture is enough for all servers; everything is on free ports of 127.0.0.1 in a
temporary folder, and is removed afterwards even when pytest is killed:

    from embedded.servers.running import Running, running

    @pytest.fixture(scope="session")
    def servers() -> Iterator[Running]:
        with running("mongod", "valkey", "kafka") as servers:   # or fewer of them
            yield servers

    async def test_something(servers: Running) -> None:
        client = AsyncIOMotorClient(servers.mongodb_url)

`servers.environment` has the variables that the processes read. `servers.stop("kafka")`,
`servers.start("kafka")` and `servers.kill("mongod")` cause trouble; they block, so that an
asynchronous test calls them as `await asyncio.to_thread(servers.stop, "kafka")`.
"""

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from embedded.paths import Paths
from embedded.servers import packaged
from embedded.supervision.jobs import gather_or_cancel
from embedded.supervision.loop_thread import LoopThread
from embedded.supervision.ports import PortBook
from embedded.supervision.supervisor import Supervisor


class Running:
    """Addresses of what runs, and methods that cause trouble.

    Every method blocks until its effect is there; an asynchronous test calls it as `await
    asyncio.to_thread(running.stop, "kafka")`. Names are those of `parley status`: mongod, valkey,
    kafka, sandbox, rest, realtime-1, realtime-2, relay, matching, notify, nginx.
    """

    def __init__(
        self, loop_thread: LoopThread, supervisor: Supervisor, environment: dict[str, str]
    ) -> None:
        self._loop_thread = loop_thread
        self._supervisor = supervisor
        self.environment = environment

    @property
    def mongodb_url(self) -> str:
        """URL that includes the name of the replica set."""
        return self.environment["MONGODB_URL"]

    @property
    def redis_url(self) -> str:
        """URL of Valkey's database 0."""
        return self.environment["REDIS_URL"]

    @property
    def kafka_bootstrap_servers(self) -> str:
        """The one broker, as host:port."""
        return self.environment["KAFKA_BOOTSTRAP_SERVERS"]

    def names(self) -> list[str]:
        """The names of everything started here, servers first."""
        return [program.name for program, _ in self._supervisor.programs()]

    def url(self, name: str) -> str:
        """URL of one process or server; nginx's is the public one."""
        return self._supervisor.program(name).url

    def pid(self, name: str) -> int | None:
        """The process id, or None while it is down."""
        return self._supervisor.pid(name)

    def stop(self, name: str) -> None:
        """Stop one with SIGTERM and keep it down."""
        self._loop_thread.call(self._supervisor.stop(name))

    def start(self, name: str) -> None:
        """Start a stopped one on the same port and data; return when it is ready."""
        self._loop_thread.call(self._supervisor.start_again(name))

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, hold_s: float = 0.0) -> None:
        """Send a signal; if the process dies, it is restarted after at least `hold_s` seconds."""

        async def kill() -> None:
            self._supervisor.kill(name, number, hold_s)

        self._loop_thread.call(kill())


@contextlib.contextmanager
def running(
    *names: str, data: Path | None = None, report: Callable[[str], None] = lambda _: None
) -> Iterator[Running]:
    """Run the named servers (all three by default) while the context is open.

    `data` keeps their data for a later run; without it, they use a folder that is removed.

    Raises:
        StackError: one of them did not become ready.
    """
    with (
        Paths.opened(data, "parley-servers-") as paths,
        LoopThread("embedded servers") as loop_thread,
        loop_thread.entered(Supervisor(report)) as supervisor,
    ):
        started = _start(names or tuple(packaged.VARIABLES), paths.make(), supervisor)
        yield Running(loop_thread, supervisor, loop_thread.call(started))


async def _start(names: Sequence[str], paths: Paths, supervisor: Supervisor) -> dict[str, str]:
    ports = PortBook(paths.ports)

    async def start(name: str) -> tuple[str, str]:
        program = await packaged.prepare(name, paths, ports)
        await supervisor.start(program)
        return packaged.variable(program)

    return dict(await gather_or_cancel(*(start(name) for name in names)))
