"""A process's life: settings, logs, the real parts, health and metrics, and a clean end.

Every package's `__main__` calls `run` with its name and its main coroutine; the coroutine gets a
`Process`, says when it is ready, and returns when `stopping` is set.
"""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress

import orjson
import uvloop
from aiohttp import web

from marketplace import telemetry
from marketplace.bootstrap import Check, Parts, open_parts
from marketplace.errors import SettingsError, TemporaryError
from marketplace.settings import Settings, from_environment

LOG = logging.getLogger(__name__)
CHECK_WITHIN_S = 3.0


class Process:
    """What a package's main coroutine gets: the parts, the checks it adds, and the sign to stop."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.settings: Settings = parts.settings
        self.stopping = asyncio.Event()
        self.checks: dict[str, Check] = {"mongodb": parts.check_store}
        self.is_ready = False

    async def health(self) -> tuple[bool, Mapping[str, object]]:
        """Whether the process can do its work now, and what each check says."""
        names = list(self.checks)
        outcomes = await asyncio.gather(*(_outcome(self.checks[name]) for name in names))
        checks = dict(zip(names, outcomes, strict=True))
        is_ready = (
            self.is_ready
            and not self.stopping.is_set()
            and all(outcome == "ok" for outcome in outcomes)
        )
        return is_ready, {
            "ready": is_ready,
            "process": self.settings.process_name,
            "draining": self.stopping.is_set(),
            "checks": checks,
        }


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_WITHIN_S)
    except TimeoutError:
        return f"no answer within {CHECK_WITHIN_S:.0f} s"
    except TemporaryError as error:
        return str(error)
    return "ok"


def operations_app(process: Process) -> web.Application:
    """/health/live, /health/ready and /metrics, for processes that serve nothing else."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"live": True, "process": process.settings.process_name})

    async def ready(_: web.Request) -> web.Response:
        is_ready, report = await process.health()
        return web.Response(
            body=orjson.dumps(report),
            status=200 if is_ready else 503,
            content_type="application/json",
        )

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=telemetry.metrics_text(),
            headers={"Content-Type": telemetry.METRICS_CONTENT_TYPE},
        )

    app = web.Application(client_max_size=64 * 1024)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics", metrics)
    return app


async def serve(app: web.Application, settings: Settings) -> web.AppRunner:
    """Listen where the settings say; `cleanup()` of what is returned stops it."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, settings.bind_host, settings.bind_port, backlog=4096)
    await site.start()
    return runner


def run(main: Callable[[Process], Awaitable[None]]) -> None:
    """Run a package's main coroutine until SIGTERM or SIGINT; exits with 1 when it cannot start."""
    try:
        settings = from_environment()
    except SettingsError as error:
        sys.exit(str(error))
    telemetry.configure_logging(settings.process_name, settings.log_level)
    try:
        uvloop.run(_live(settings, main))
    except TemporaryError as error:
        LOG.error("cannot start", extra={"why": str(error)})
        sys.exit(1)
    except OSError as error:
        LOG.error("cannot listen", extra={"port": settings.bind_port, "why": str(error)})
        sys.exit(1)


async def _live(settings: Settings, main: Callable[[Process], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        process = Process(await stack.enter_async_context(open_parts(settings)))
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, process.stopping.set)
        # What is there by now stays: to the collector's walks through it, each second or so under load,
        # one message in a hundred owed half of its time, and the gateway a tenth of its work.
        gc.collect()
        gc.freeze()
        LOG.info("starting")
        with suppress(asyncio.CancelledError):
            await main(process)
        LOG.info("stopped")
