"""Lets one relay work while another waits to take over."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from prometheus_client import Gauge

from marketplace import tasks
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.storage.leases import Lease

LOG = get_logger(__name__)
TTL_S = 6.0
RENEW_EVERY_S = 1.5
FINISH_WITHIN_S = 10.0

_IS_WORKING = Gauge("parley_relay_is_working", "1 in the relay that holds the lease")


class LeaseKeeper:
    """Holds the lease whenever possible, and runs the work while it holds it."""

    def __init__(self, lease: Lease, stopping: asyncio.Event) -> None:
        self._lease = lease
        self._stopping = stopping
        self._held_until = 0.0

    def is_held(self) -> bool:
        """Whether the lease is certainly ours, by our own clock with a margin of a second."""
        return asyncio.get_running_loop().time() < self._held_until - 1.0

    async def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Work whenever the lease is held, until `stopping`; then release it at once."""
        working: asyncio.Task[None] | None = None
        try:
            while not self._stopping.is_set():
                await self._renew()
                _IS_WORKING.set(self.is_held())
                if self.is_held() and (working is None or working.done()):
                    if working is not None:
                        working.result()  # raises: a defect must end the process visibly
                    LOG.info("this relay has the lease")
                    working = tasks.held(work(), "relay")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RENEW_EVERY_S)
        finally:
            if working is not None:
                await asyncio.wait([working], timeout=FINISH_WITHIN_S)
                await tasks.end([working])
            with contextlib.suppress(TemporaryError):
                await self._lease.release()

    async def _renew(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        try:
            if await self._lease.hold():
                self._held_until = asked_at + TTL_S
        except TemporaryError as error:
            LOG.warning("the lease could not be renewed", why=str(error))
