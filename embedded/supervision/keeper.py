"""Keeps one program running: starts it, monitors it, restarts it when it dies, stops it."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable

from embedded.errors import StackError
from embedded.supervision import logs
from embedded.supervision.guard import Guard, kill_group
from embedded.supervision.program import Program, spawn
from marketplace import tasks
from marketplace.backoff import Backoff

POLL_S = 0.05
FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 15.0
STEADY_AFTER_S = 30.0
HEALTH_EVERY_S = 5.0
SICK_AFTER_FAILURES = 3


class Keeper:
    """One program and the process that currently runs it.

    A process that dies is restarted after a delay that doubles from 0.25 s to 15 s, and is reset
    once the process has been up for 30 s. A process that runs but is not ready is reported, not
    killed: it knows better than we do whether waiting helps.
    """

    def __init__(
        self,
        program: Program,
        guard: Guard,
        report: Callable[[str], None],
        on_change: Callable[[], None],
    ) -> None:
        self.program = program
        self._guard = guard
        self._report = report
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._held_until = 0.0

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is down."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> float:
        """Start the program and return how many seconds it took to become ready.

        Raises:
            StackError: it exited, or was not ready in time; the message has the end of its log.
        """
        started_at = time.monotonic()
        if self.program.log is not None:
            logs.begin(self.program.log)
        self._held_until = 0.0
        await self._launch()
        self._task = tasks.keep(self._keep(), f"keep {self.program.name}")
        return time.monotonic() - started_at

    async def stop(self) -> None:
        """Stop it with SIGTERM, or SIGKILL if that takes too long, and keep it down."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._end()

    def kill(self, number: signal.Signals, hold_s: float = 0.0) -> None:
        """Send a signal; if the process dies, it is restarted after at least `hold_s` seconds."""
        self._held_until = time.monotonic() + hold_s
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _launch(self) -> None:
        """Spawn, and wait until it is ready; on any failure, no process is left behind."""
        self._process = await spawn(self.program)
        self._guard.add(self._process.pid)
        self._on_change()
        try:
            async with asyncio.timeout(self.program.start_timeout_s):
                while not await self._is_ready_or_gone():  # noqa: ASYNC110 (no event to wait for)
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            await self._end()
            raise self._failure(f"was not ready after {self.program.start_timeout_s:g} s") from None
        except asyncio.CancelledError:
            await self._end()
            raise
        if self._process.returncode is not None:
            how = describe_exit(self._process.returncode)
            await self._end()
            raise self._failure(how)

    async def _is_ready_or_gone(self) -> bool:
        gone = self._process is None or self._process.returncode is not None
        return gone or await self.program.is_ready()

    def _failure(self, what: str) -> StackError:
        log = self.program.log
        tail = f" The end of its log ({log}):\n{logs.tail(log)}" if log is not None else ""
        return StackError(f"{self.program.name} {what}.{tail}")

    async def _keep(self) -> None:
        # Not drawn: a person reads the delay, and no other process restarts this program.
        backoff = Backoff(FIRST_DELAY_S, LONGEST_DELAY_S, draw=lambda: 1.0)
        while True:
            ready_at = time.monotonic()
            try:
                if self._process is not None:
                    await self._watch()
                if time.monotonic() - ready_at > STEADY_AFTER_S:
                    backoff.reset()
                await self._start_again(backoff)
            except Exception as error:  # the check failed; the program is kept running all the same
                self._report(f"{self.program.name} could not be checked: {error!r}")
                await asyncio.sleep(HEALTH_EVERY_S)

    async def _start_again(self, backoff: Backoff) -> None:
        """Restart until it is ready."""
        process = self._process
        how = describe_exit(process.returncode if process and process.returncode else 0)
        while True:
            await self._end()
            wait_s = max(backoff.next_s(), self._held_until - time.monotonic())
            self._report(f"{self.program.name} {how}; starting it again in {wait_s:.2g} s")
            await asyncio.sleep(wait_s)
            started_at = time.monotonic()
            try:
                await self._launch()
            except StackError as error:
                how = f"does not restart ({str(error).splitlines()[0]})"
            else:
                self._report(
                    f"{self.program.name} is ready again after {time.monotonic() - started_at:.1f} s"
                )
                return

    async def _watch(self) -> None:
        """Return when the process has exited; until then, report changes of its readiness."""
        assert self._process is not None  # noqa: S101 (set by _launch)
        failures = 0
        while not await self._ends_within(HEALTH_EVERY_S):
            if self.program.log is not None:
                logs.bound(self.program.log)
            is_ready = await self.program.is_ready()
            if is_ready and failures >= SICK_AFTER_FAILURES:
                self._report(f"{self.program.name} is ready again")
            failures = 0 if is_ready else failures + 1
            if failures == SICK_AFTER_FAILURES:
                self._report(
                    f"{self.program.name} is running, but has not been ready for "
                    f"{failures * HEALTH_EVERY_S:.0f} s; see {self.program.log}"
                )

    async def _ends_within(self, seconds: float) -> bool:
        assert self._process is not None  # noqa: S101 (set by _launch)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        return self._process.returncode is not None

    async def _end(self) -> None:
        """Stop the process if it runs, and kill whatever is left of its group."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            if not await self._ends_within(self.program.stop_timeout_s):
                self._report(f"{self.program.name} did not stop in time and was killed")
        kill_group(process.pid)
        await process.wait()
        self._guard.remove(process.pid)
        self._process = None
        self._on_change()


def describe_exit(code: int) -> str:
    """Say how a process ended, from its exit code (negative: the signal that killed it)."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"
