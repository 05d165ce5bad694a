"""The real servers alone (MongoDB, Valkey, Kafka), for developers and for tests.

At the terminal, `python -m embedded.servers [mongod] [valkey] [kafka]` starts them, prints their
environment variables and runs until Ctrl-C or SIGTERM.

In a test, one session fixture is enough for all; everything is on free ports of 127.0.0.1 in a
temporary folder, and is removed afterwards even when pytest is killed:

    from embedded.servers import Servers, running

    @pytest.fixture(scope="session")
    def servers() -> Iterator[Servers]:
        with running("mongod", "valkey", "kafka") as servers:   # or fewer of them
            yield servers

    async def test_something(servers: Servers) -> None:
        client = AsyncIOMotorClient(servers.mongodb_url)

`servers.environment` has the variables that the processes read. `servers.stop("kafka")`,
`servers.start("kafka")` and `servers.kill("mongod")` cause trouble; they block, so that an
asynchronous test calls them as `await asyncio.to_thread(servers.stop, "kafka")`.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from embedded import kafka, mongod, valkey
from embedded.errors import StackError
from embedded.jobs import gather_or_cancel
from embedded.loop_thread import LoopThread
from embedded.paths import Paths, from_environment
from embedded.ports import PortBook
from embedded.program import Program
from embedded.running import Running
from embedded.supervisor import Supervisor

# Name of the server → the variable that points the processes to it.
VARIABLES = {
    "mongod": "MONGODB_URL",
    "valkey": "REDIS_URL",
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
}


async def prepare(name: str, paths: Paths, ports: PortBook) -> Program:
    """Return one of the servers as a program, after its one-time setup (files, formatting)."""
    if name == "mongod":
        return mongod.program(paths, ports.port("mongod"))
    if name == "valkey":
        return valkey.program(paths, ports.port("valkey"))
    if name == "kafka":
        return await kafka.prepare(paths, ports.port("kafka"), ports.port("kafka-controller"))
    raise StackError(f"Unknown server {name}; known servers: {', '.join(VARIABLES)}.")


def variable(program: Program) -> tuple[str, str]:
    """The environment variable that points the processes to this server, and its value."""
    return VARIABLES[program.name], program.url.removeprefix("kafka://")


Servers = Running


@contextlib.contextmanager
def running(
    *names: str, data: Path | None = None, report: Callable[[str], None] = lambda _: None
) -> Iterator[Servers]:
    """Run the named servers (all three by default) while the context is open.

    `data` keeps their data for a later run; without it, they use a folder that is removed.

    Raises:
        StackError: one of them did not become ready.
    """
    folder = data or Path(tempfile.mkdtemp(prefix="parley-servers-"))
    paths = Paths(data=folder.resolve(), cache=from_environment(os.environ).cache).make()
    loop_thread = LoopThread("embedded servers")
    supervisor = Supervisor(report)
    try:
        loop_thread.call(supervisor.__aenter__())
        try:
            environment = loop_thread.call(_start(names or tuple(VARIABLES), paths, supervisor))
            yield Servers(loop_thread, supervisor, environment)
        finally:
            loop_thread.call(supervisor.__aexit__())
    finally:
        loop_thread.stop()
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _start(names: Sequence[str], paths: Paths, supervisor: Supervisor) -> dict[str, str]:
    ports = PortBook(paths.ports)

    async def start(name: str) -> tuple[str, str]:
        program = await prepare(name, paths, ports)
        await supervisor.start(program)
        return variable(program)

    return dict(await gather_or_cancel(*(start(name) for name in names)))


def main() -> int:
    """Run servers until SIGTERM or Ctrl-C; print how to reach them."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with running(*sys.argv[1:], report=lambda line: print(line, file=sys.stderr)) as servers:
            for name, value in servers.environment.items():
                print(f"{name}={value}", flush=True)
            stopped.wait()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
