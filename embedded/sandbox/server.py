"""The sandbox as one aiohttp application: the providers, the page, health and metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import Counter

from embedded.sandbox import sendgrid, twilio
from embedded.sandbox.deliveries import Deliveries
from embedded.sandbox.faults import Faults
from embedded.sandbox.inspection import Inspection, problem
from embedded.sandbox.page import Page
from embedded.sandbox.sendgrid import SendGrid
from embedded.sandbox.twilio import Twilio
from marketplace.logs import get_logger
from marketplace.metrics import METRICS_CONTENT_TYPE, metrics_text

# How long requests in flight may take at shutdown; all but hanging ones take milliseconds.
STOP_GRACE_S = 5.0

_LOG = get_logger(__name__)
_REQUESTS = Counter(
    "parley_sandbox_requests_total", "Requests answered", ["method", "route", "status"]
)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Account:
    """The credentials that the sandbox accepts, and the number that messages are sent from."""

    sendgrid_api_key: str = field(repr=False)
    twilio_account_sid: str
    twilio_auth_token: str = field(repr=False)
    twilio_from_number: str


def make_application(account: Account, deliveries: Deliveries, faults: Faults) -> web.Application:
    """Put the parts together; `faults` is stopped when the application shuts down."""
    application = web.Application(middlewares=[_count, _explain])
    provider = Twilio(
        account.twilio_account_sid,
        account.twilio_auth_token,
        account.twilio_from_number,
        deliveries,
        faults,
    )
    application.add_routes(SendGrid(account.sendgrid_api_key, deliveries, faults).routes())
    application.add_routes(provider.routes())
    application.add_routes(Inspection(deliveries, faults).routes())
    application.add_routes(Page(deliveries).routes())
    application.add_routes(
        [
            web.get("/health/live", _live),
            web.get("/health/ready", _ready),
            web.get("/metrics", _metrics),
        ]
    )

    async def let_go(_: web.Application) -> None:
        faults.stop()

    application.on_shutdown.append(let_go)
    return application


async def start(application: web.Application, host: str, port: int) -> web.AppRunner:
    """Listen; `cleanup()` of the runner stops it.

    Raises:
        OSError: the address is not available.
    """
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,  # a request without a response ends when its client disconnects
        shutdown_timeout=STOP_GRACE_S,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner


@web.middleware
async def _count(request: web.Request, handler: _Handler) -> web.StreamResponse:
    response = await handler(request)
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "none"
    _REQUESTS.labels(request.method, route, str(response.status)).inc()
    return response


@web.middleware
async def _explain(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Give an error without a body the format of the provider that the path belongs to."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        status, sentence = answer.status, answer.reason
    except (asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        _LOG.exception("request failed", method=request.method, path=request.path)
        status, sentence = (
            500,
            "An internal error occurred in the sandbox; its log has the details.",
        )
    if request.path.startswith(sendgrid.PATH):
        return sendgrid.error(status)
    if request.path.startswith(twilio.PATH):
        return twilio.error(request, status)
    return problem(status, sentence)


async def _live(_: web.Request) -> web.Response:
    return web.json_response({"status": "live"})


async def _ready(_: web.Request) -> web.Response:
    """Ready as soon as it listens: it depends on nothing."""
    return web.json_response({"status": "ready"})


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=metrics_text(), headers={"Content-Type": METRICS_CONTENT_TYPE})
