"""A running stack, or its servers alone, under the control of a test."""

import signal

from embedded.loop_thread import LoopThread
from embedded.supervisor import Supervisor


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
