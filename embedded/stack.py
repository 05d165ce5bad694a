"""The whole stack: the order in which it starts and stops."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from embedded import machine, page, processes, status
from embedded.errors import StackError
from embedded.paths import CHECKOUT, Paths
from embedded.servers import credentials, nginx, packaged, probes
from embedded.servers.running import Running
from embedded.supervision import jobs, lock
from embedded.supervision import ports as free_ports
from embedded.supervision.loop_thread import LoopThread
from embedded.supervision.ports import HOST, PortBook
from embedded.supervision.program import Program
from embedded.supervision.supervisor import Report, Supervisor
from marketplace.environment import is_set

# Entry points first, then what serves them, then the servers that everything depends on.
STOP_ORDER = (
    ("nginx",),
    ("realtime-1", "realtime-2", "rest"),
    ("matching", "notify"),
    ("relay",),
    ("sandbox",),
    ("valkey", "kafka", "mongod"),
)
# Prefixes of the variables that the processes read; nothing else is passed on.
_OURS = (
    "PARLEY_",
    "MONGODB_",
    "KAFKA_",
    "REDIS_",
    "SENDGRID_",
    "TWILIO_",
    "EMAIL_",
    "OTEL_",
    "S3_",
    "CLAMD_",
)
# A caller who sets one of these has a provider, and gets no sandbox.
_PROVIDERS = ("SENDGRID_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
_LOADING_TIMEOUT_S = 600


class Stack:
    """One stack on one data folder. Open it with `async with`, then `start` it.

    `environment` is the caller's: external servers, provider credentials, limits. After `start`,
    `self.environment` also has the addresses and secrets of everything started here.
    """

    def __init__(
        self, paths: Paths, http_port: int, environment: Mapping[str, str], report: Report
    ) -> None:
        self._paths = paths
        self._http_port = http_port
        self._caller_variables = environment
        self._report = report
        self._open = contextlib.AsyncExitStack()
        self._has_sandbox = not any(is_set(environment, name) for name in _PROVIDERS)
        self.environment: dict[str, str] = {}
        self.supervisor = Supervisor(report, self._note)

    async def __aenter__(self) -> Self:
        """Check the machine and take the lock.

        Raises:
            StackError: the stack cannot run here; the message says what to do.
        """
        machine.check_architecture()
        if not self._caller_variables.get("MONGODB_URL"):
            machine.check_library()
        self._paths.make()
        machine.check_disk(self._paths.data)
        async with contextlib.AsyncExitStack() as opened:
            self._take_lock(opened)
            opened.callback(self._forget)
            machine.check_port(self._http_port)
            await opened.enter_async_context(self.supervisor)
            opened.push_async_callback(self.supervisor.stop_all, STOP_ORDER)
            self._ports = PortBook(self._paths.ports)
            self._open = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @property
    def url(self) -> str:
        """The public URL, for people and apps."""
        return f"http://{HOST}:{self._http_port}"

    @property
    def sandbox_url(self) -> str:
        """Where outgoing messages end up; empty with real providers."""
        return self.environment["SENDGRID_API_URL"] if self._has_sandbox else ""

    async def start(self) -> None:
        """Start everything, concurrently where nothing has to wait.

        Raises:
            StackError: something did not become ready.
        """
        self._set_environment()
        await jobs.gather_or_cancel(
            *(self._server(name) for name in packaged.VARIABLES), self._sandbox(), self._page()
        )
        credentials.write_private(self._paths.environment, json.dumps(self.environment))
        await jobs.gather_or_cancel(
            *(self._process(name, package) for name, package in processes.PROCESSES.items())
        )
        await self.supervisor.start(
            nginx.program(self._paths, self._ports, self._http_port, self.environment)
        )

    async def load_demo(self) -> None:
        """Load the demo data; does nothing if it is loaded already.

        Raises:
            StackError: the load failed.
        """
        argv = (sys.executable, "-m", "embedded.loading")
        if await jobs.run(argv, CHECKOUT, None, _LOADING_TIMEOUT_S, self.environment) != 0:
            raise StackError("The demo data could not be loaded; see the lines above.")

    def _take_lock(self, opened: contextlib.AsyncExitStack) -> None:
        try:
            opened.enter_context(lock.held(self._paths.lock))
        except lock.HeldError as error:
            raise StackError(
                f"A stack is already running on {self._paths.data} (process {error.holder}). Stop "
                f"it with `kill {error.holder}`, or set PARLEY_DATA_DIR to another folder."
            ) from None

    def _set_environment(self) -> None:
        """Build the environment of every process: the caller's variables override ours."""
        secrets = credentials.load(self._paths.secrets)
        self.environment = {
            name: value
            for name, value in secrets.items()
            if (self._has_sandbox or name == "PARLEY_TOKEN_SECRET")
            and not self._caller_variables.get(f"{name}_FILE")
        }
        self.environment |= {
            "PARLEY_PUBLIC_URL": self.url,
            **{
                name: value
                for name, value in self._caller_variables.items()
                if value and name.startswith(_OURS)
            },
        }

    async def _server(self, name: str) -> None:
        """Start a server, or check that the caller's own one answers."""
        variable = packaged.VARIABLES[name]
        if url := self._caller_variables.get(variable):
            if not await probes.is_healthy(f"kafka://{url}" if name == "kafka" else url):
                raise StackError(f"{variable} is set, but no server responds there.")
            return
        program = await packaged.prepare(name, self._paths, self._ports)
        await self.supervisor.start(program)
        key, value = packaged.variable(program)
        self.environment[key] = value

    async def _sandbox(self) -> None:
        if self._has_sandbox:
            program = self._python("sandbox", "embedded.sandbox")
            self.environment |= {"SENDGRID_API_URL": program.url, "TWILIO_API_URL": program.url}
            await self.supervisor.start(program)

    async def _page(self) -> None:
        started_at = time.monotonic()
        await page.build(self._paths)
        self._report(f"{'page':<12} ready in {time.monotonic() - started_at:.1f} s")

    async def _process(self, name: str, package: str) -> None:
        await self.supervisor.start(self._python(name, package))

    def _python(self, name: str, module: str) -> Program:
        port = self._ports.port(name)
        return processes.python(name, module, self._paths, port, self.environment)

    def _forget(self) -> None:
        self._paths.status.unlink(missing_ok=True)
        self._paths.environment.unlink(missing_ok=True)

    def _note(self) -> None:
        status.write(self._paths.status, self.supervisor.programs())


@contextlib.contextmanager
def running(
    data: Path | None = None,
    http_port: int | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    with_demo: bool = False,
    report: Report = lambda _: None,
) -> Iterator[Running]:
    """Run a whole stack while the context is open, for tests: on free ports, beside other stacks.

    `environment` adds to this process's own (limits, for example). Without `data` the stack has a
    new folder that is removed afterwards. The public URL is `running.url("nginx")`.

    Raises:
        StackError: it did not become ready.
    """
    merged_environment = {**os.environ, **(environment or {})}
    with (
        Paths.opened(data, "parley-stack-") as paths,
        LoopThread("embedded stack") as loop_thread,
        loop_thread.entered(
            Stack(paths, http_port or free_ports.choose(), merged_environment, report)
        ) as stack,
    ):
        loop_thread.call(stack.start())
        if with_demo:
            loop_thread.call(stack.load_demo())
        yield Running(loop_thread, stack.supervisor, stack.environment)
