"""All supervised programs, by name."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from typing import Self

from embedded.errors import StackError
from embedded.supervision.guard import Guard
from embedded.supervision.keeper import Keeper
from embedded.supervision.program import Program

Report = Callable[[str], None]


class Supervisor:
    """Starts, monitors and stops programs; open it with `async with`, from a long-lived thread.

    `on_change` is called whenever a process has started or exited.
    """

    def __init__(self, report: Report, on_change: Callable[[], None] = lambda: None) -> None:
        self._report = report
        self._on_change = on_change
        self._keepers: dict[str, Keeper] = {}
        self._guard: Guard | None = None

    async def __aenter__(self) -> Self:
        self._guard = await Guard.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop_all()
        if self._guard is not None:
            await self._guard.stop()

    def programs(self) -> list[tuple[Program, int | None]]:
        """Every program with its process id, or None while it is down."""
        return [(keeper.program, keeper.pid) for keeper in self._keepers.values()]

    def program(self, name: str) -> Program:
        """The program with this name."""
        return self._keeper(name).program

    def pid(self, name: str) -> int | None:
        """The process id of a program, or None while it is down."""
        return self._keeper(name).pid

    async def start(self, program: Program) -> None:
        """Start a program, wait until it is ready, and keep it running from then on.

        Raises:
            StackError: it did not become ready.
        """
        if self._guard is None:
            raise RuntimeError("the supervisor is not open")
        keeper = Keeper(program, self._guard, self._report, self._on_change)
        self._keepers[program.name] = keeper
        took_s = await keeper.start()
        self._report(f"{program.name:<12} ready in {took_s:.1f} s")

    async def start_again(self, name: str) -> None:
        """Start a program that was stopped."""
        await self._keeper(name).start()

    async def stop(self, name: str) -> None:
        """Stop a program and keep it down until `start_again`."""
        await self._keeper(name).stop()

    def kill(self, name: str, number: signal.Signals, hold_s: float = 0.0) -> None:
        """Send a signal to a program; if it dies, it stays down for at least `hold_s` seconds."""
        self._keeper(name).kill(number, hold_s)

    async def stop_all(self, order: Iterable[Iterable[str]] = ()) -> None:
        """Stop everything: the groups in `order` one after the other, then the rest."""
        for group in order:
            await self._stop_group([name for name in group if name in self._keepers])
        await self._stop_group(self._keepers)

    async def _stop_group(self, names: Iterable[str]) -> None:
        await asyncio.gather(*(self._keepers[name].stop() for name in names))

    def _keeper(self, name: str) -> Keeper:
        try:
            return self._keepers[name]
        except KeyError:
            known = ", ".join(self._keepers)
            raise StackError(f"Unknown program {name}; this stack has: {known}.") from None
