"""The servers, gateways and seeded conversations that the measures use.

    opened ─▶ mongod, valkey ─▶ `parley seed` ─▶ the same conversations for the peer

Nothing else runs: no REST, no matching, no page.  Kafka, the relay, notify and the sandbox run only
for their own rows.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from benchmarks import programs, tools
from benchmarks.load import Generator
from embedded import processes
from embedded.errors import StackError
from embedded.paths import CHECKOUT, Paths
from embedded.servers import credentials, nginx, packaged
from embedded.servers.running import Running
from embedded.supervision import jobs
from embedded.supervision.loop_thread import LoopThread
from embedded.supervision.ports import PortBook
from embedded.supervision.program import Program
from embedded.supervision.supervisor import Report, Supervisor

PARLEY, SECOND_GATEWAY = processes.GATEWAYS
PEER = programs.PEER
# Raises all of Parley's limits a thousandfold, since the peer has none.
LIMIT_SCALE = "1000"
_PEER_DATABASE = "peer"
_PACKAGES = {**processes.PROCESSES, "sandbox": "embedded.sandbox"}
_SEEDING_TIMEOUT_S = 180
# nginx requires REST's address; nobody requests it here.
_PORTS = (*processes.GATEWAYS, PEER, "rest", "relay", "notify", "sandbox", "nginx")


class Site(Running):
    """Starts and stops servers and gateways by name; `generator` has the conversations."""

    def __init__(self, paths: Paths, loop_thread: LoopThread, supervisor: Supervisor) -> None:
        environment = {
            **credentials.load(paths.secrets),
            "PARLEY_LIMIT_SCALE": LIMIT_SCALE,
            # A folder without another stack, so that `parley seed` uses the servers in this
            # environment.
            "PARLEY_DATA_DIR": str(paths.data),
        }
        super().__init__(loop_thread, supervisor, environment)
        self.paths = paths
        self.generator = Generator(tools.build_generator(paths.cache), paths.data / "talks.json")
        self._ports = PortBook(paths.ports)
        for name in _PORTS:
            self._ports.port(name)

    def start_server(self, name: str) -> None:
        """Start mongod, valkey or kafka, and pass its address to the processes started later."""
        program = self._loop_thread.call(packaged.prepare(name, self.paths, self._ports))
        self._loop_thread.call(self._supervisor.start(program))
        variable, value = packaged.variable(program)
        self.environment[variable] = value

    def up(self, name: str) -> str:
        """Start a process if it is down; returns its address."""
        if name not in self.names():
            self._loop_thread.call(self._supervisor.start(self._describe(name)))
        elif self.pid(name) is None:
            self.start(name)
        return self.url(name)

    def down(self, *names: str) -> None:
        """Stop the processes that were started, including a killed one that is held down."""
        for name in names:
            if name in self.names():
                self.stop(name)

    def only(self, *names: str) -> dict[str, str]:
        """Run exactly these processes; returns their addresses."""
        self.down(*(name for name in _PORTS if name not in names))
        return {name: self.up(name) for name in names}

    def running_pid(self, name: str) -> int:
        """The process id of a running process.

        Raises:
            StackError: the process is down.
        """
        pid = self.pid(name)
        if pid is None:
            raise StackError(f"{name} is down; see {self.paths.logs}.")
        return pid

    def seed(self, conversations: int) -> None:
        """Create conversations in Parley's database, and the same ones in the peer's.

        Raises:
            StackError: the seeding failed.
        """
        command = ("seed", "--conversations", str(conversations), "--json", self.generator.talks)
        argv = (str(Path(sys.executable).with_name("parley")), *map(str, command))
        log = self.paths.logs / "seed.log"
        done = jobs.run(argv, CHECKOUT, log, _SEEDING_TIMEOUT_S, self.environment)
        if self._loop_thread.call(done) != 0:
            raise StackError(f"The conversations could not be made: {log.read_text()}")
        with MongoClient[dict[str, Any]](self.mongodb_url) as client:
            found = client["parley"]["conversations"].find({}, {"participants": 1})
            client[_PEER_DATABASE]["conversations"].insert_many(
                {
                    "_id": conversation["_id"],
                    "participants": [
                        participant["account_id"] for participant in conversation["participants"]
                    ],
                    "sequence": 0,
                }
                for conversation in found
            )

    def _describe(self, name: str) -> Program:
        port = self._ports.known(name)
        if name == PEER:
            shared = {**self.environment, "MONGODB_DATABASE": _PEER_DATABASE}
            return programs.peer(self.paths, port, shared)
        if name == "nginx":
            programs.make_page(self.paths)
            return nginx.program(self.paths, self._ports, port, self.environment)
        package = _PACKAGES.get(name, name)
        return processes.python(name, package, self.paths, port, self.environment)


@contextlib.contextmanager
def opened(conversations: int, report: Report) -> Iterator[Site]:
    """A seeded site with its servers running; everything is stopped and removed at the end.

    Raises:
        StackError: a server or process did not become ready.
    """
    with (
        Paths.opened(None, "parley-benchmarks-") as paths,
        LoopThread("benchmarks") as loop_thread,
        loop_thread.entered(Supervisor(report)) as supervisor,
    ):
        site = Site(paths.make(), loop_thread, supervisor)
        for name in ("mongod", "valkey"):
            site.start_server(name)
        site.seed(conversations)
        yield site
