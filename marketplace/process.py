"""A process's life cycle: settings, logs, dependencies, health, metrics, and a clean shutdown.

Every package's `__main__` calls `run` with its main coroutine. The coroutine gets a `Process`, sets
`is_ready`, and returns once `stopping` is set.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

import orjson
import uvloop
from aiohttp import web

from marketplace import metrics, tasks, tracing
from marketplace.bootstrap import Check, Parts, open_parts
from marketplace.errors import SettingsError, TemporaryError
from marketplace.logs import configure_logging, get_logger
from marketplace.settings import Settings, from_environment

LOG = get_logger(__name__)
CHECK_TIMEOUT_S = 3.0
# Anybody may request the health report; the dependencies are checked at most once a second.
HEALTH_CACHE_S = 1.0
# A gateway takes longest to shut down: 8 s for its connections, 15 s for pending writes.
SHUTDOWN_TIMEOUT_S = 25.0

Main = Callable[["Process"], Coroutine[Any, Any, None]]


class Process:
    """What a package's main coroutine gets: dependencies, background work, and the stop signal.

    If work in `background` ends on its own, the process shuts down: it is no longer ready,
    `stopping` is set, and the exit code is 1, so that its supervisor restarts it.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.settings: Settings = parts.settings
        self.stopping = asyncio.Event()
        self.checks: dict[str, Check] = {"mongodb": parts.check_store}
        self.is_ready = False
        self._health_check: asyncio.Task[Mapping[str, str]] | None = None
        self._checked_at = 0.0
        self.background = tasks.Background(self._fail)
        # The background work that ended on its own, if any.
        self.failed: str | None = None
        # The task of `main`: the process ends with it. Cancelled if it does not end in time.
        self.main_task: asyncio.Task[None] | None = None

    async def health(self) -> tuple[bool, Mapping[str, object]]:
        """Whether the process can do its work now, and each check's result."""
        outcomes = await self._outcomes()
        checks = dict(outcomes)
        if self.failed is not None:
            checks["background"] = f"{self.failed} has ended"
        is_ready = (
            self.is_ready
            and not self.stopping.is_set()
            and all(outcome == "ok" for outcome in outcomes.values())
        )
        return is_ready, {
            "ready": is_ready,
            "process": self.settings.process_name,
            "draining": self.stopping.is_set(),
            "checks": checks,
        }

    async def _outcomes(self) -> Mapping[str, str]:
        """Each check's result, at most a second old; concurrent calls share one run."""
        now = asyncio.get_running_loop().time()
        if self._health_check is None or (
            self._health_check.done() and now >= self._checked_at + HEALTH_CACHE_S
        ):
            self._health_check = tasks.held(self._check(), "health")
        return await asyncio.shield(self._health_check)

    async def _check(self) -> Mapping[str, str]:
        names = list(self.checks)
        outcomes = await asyncio.gather(*(_outcome(self.checks[name]) for name in names))
        self._checked_at = asyncio.get_running_loop().time()
        return dict(zip(names, outcomes, strict=True))

    def _fail(self, name: str) -> None:
        """Shut the process down, cleanly if possible, and after a while in any case."""
        if self.failed is None:
            self.failed = name
            if self.main_task is not None:
                asyncio.get_running_loop().call_later(SHUTDOWN_TIMEOUT_S, self.main_task.cancel)
        self.is_ready = False
        self.stopping.set()


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_TIMEOUT_S)
    except TimeoutError:
        return f"no response within {CHECK_TIMEOUT_S:.0f} s"
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

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=metrics.metrics_text(),
            headers={"Content-Type": metrics.METRICS_CONTENT_TYPE},
        )

    app = web.Application(client_max_size=64 * 1024)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics", show_metrics)
    return app


async def serve(app: web.Application, settings: Settings) -> web.AppRunner:
    """Listen where the settings say; call `cleanup()` on the returned runner to stop."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, settings.bind_host, settings.bind_port, backlog=4096)
    await site.start()
    return runner


def run(main: Main) -> None:
    """Run a package's main coroutine until SIGTERM or SIGINT.

    Exits with 1 if the process cannot start or its background work ended on its own.
    """
    try:
        settings = from_environment()
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.process_name, settings.log_level, settings.secrets())
    tracing.configure(settings.process_name, settings.otlp_endpoint)
    try:
        failed = uvloop.run(_run(settings, main))
    except TemporaryError as error:
        LOG.error("cannot start", why=str(error))
        sys.exit(1)
    except OSError as error:
        LOG.error("cannot listen", port=settings.bind_port, why=str(error))
        sys.exit(1)
    except SettingsError as error:
        sys.exit(str(error))
    except Exception:  # the log removes secrets from the traceback
        LOG.critical("unexpected error; the process exits", exc_info=True)
        sys.exit(1)
    finally:
        tracing.shut_down()
    if failed is not None:
        sys.exit(1)


async def _run(settings: Settings, main: Main) -> str | None:
    """Run `main` with open dependencies; returns the background work that failed, if any."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        process = Process(await stack.enter_async_context(open_parts(settings)))
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, process.stopping.set)
        # Objects that exist by now stay. The garbage collector's passes over them, each second or
        # so under load, accounted for half of the latency of one message in a hundred and a tenth
        # of a gateway's CPU time.
        gc.collect()
        gc.freeze()
        LOG.info("starting")
        process.main_task = tasks.held(main(process), "main")
        with suppress(asyncio.CancelledError):
            await process.main_task
        await process.background.end()
        LOG.info("stopped")
    return process.failed
