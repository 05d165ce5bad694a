"""Builds the Sanic app: a route for every operation, common headers on every response."""

import itertools
from typing import Any

from sanic import Sanic
from sanic.response import BaseHTTPResponse

from marketplace import logs
from marketplace.bootstrap import Parts
from marketplace.ids import new_id
from marketplace.inputs import phones
from rest import (
    account_feed,
    accounts,
    administration,
    attachments,
    audit,
    awards,
    blocks,
    categories,
    conversations,
    decisions,
    files,
    health,
    inbox,
    matches,
    members,
    metrics,
    notifications,
    own_sessions,
    passkeys,
    password_resets,
    personal_data,
    quotes,
    reports,
    reviews,
    rfis,
    second_factors,
    timelines,
    tokens,
    vendor_documents,
    vendors,
    verifications,
)
from rest.cursors import Cursors
from rest.documents import asyncapi, openapi, pages
from rest.erasing import Erasing
from rest.file_links import FileLinks
from rest.limits import Limits
from rest.log_ins import LogIns
from rest.operations import Operation
from rest.performing import perform
from rest.problems import Problems
from rest.requests import RestRequest
from rest.responding import Response
from rest.service import Health, Service
from rest.sessions import LiveSessions

App = Sanic[Any, Any]

_NOUNS = (
    accounts,
    verifications,
    password_resets,
    own_sessions,
    second_factors,
    passkeys,
    personal_data,
    account_feed,
    tokens,
    vendors,
    vendor_documents,
    members,
    administration,
    reviews,
    audit,
    decisions,
    categories,
    rfis,
    timelines,
    quotes,
    awards,
    matches,
    inbox,
    conversations,
    blocks,
    reports,
    attachments,
    files,
    notifications,
    health,
)
OPERATIONS: tuple[Operation, ...] = tuple(
    operation for noun in _NOUNS for operation in noun.ROUTES.operations
)
_CONFIG = {
    "REQUEST_MAX_SIZE": 1024 * 1024,
    "REQUEST_MAX_HEADER_SIZE": 16 * 1024,
    "REQUEST_TIMEOUT": 10,
    # Receiving the body (10 s), the operation (15 s), and some slack.
    "RESPONSE_TIMEOUT": 28,
    # Longer than the proxy keeps its connections (30 s), so that we never close one that the proxy
    # is about to use.
    "KEEP_ALIVE_TIMEOUT": 75,
    "AUTO_EXTEND": False,
    "MOTD": False,
    "ACCESS_LOG": False,
}
_APPS_CREATED = itertools.count()


def make_app(parts: Parts, health_check: Health) -> App:
    """Build an app over the parts; several apps can live in one process."""
    phones.load()
    service = Service(
        parts,
        health_check,
        Limits(parts.settings.limit_scale),
        LogIns(parts.settings.limit_scale),
        LiveSessions(parts.store.sessions),
        Cursors(parts.settings.token_secret),
        FileLinks(parts),
        Erasing(parts.world),
    )
    document = openapi.document(OPERATIONS, parts.settings.public_url)
    service.openapi_json = openapi.to_json(document)
    service.documentation_html = pages.rest_page(document)
    socket = asyncapi.document(parts.settings.public_url)
    service.asyncapi_json = openapi.to_json(socket)
    service.socket_documentation_html = pages.socket_page(socket)
    app: App = Sanic(
        f"rest-{new_id()}",  # Sanic registers apps by name, which must be unique per process
        request_class=RestRequest,
        error_handler=Problems(),
        configure_logging=False,
        strict_slashes=True,
    )
    app.config.update(_CONFIG)
    # At startup Sanic rewrites its classes without the unused hooks, which saves 90 µs a request.
    # It rewrites them from source, and fails on classes that are rewritten already.
    app.config.TOUCHUP = next(_APPS_CREATED) == 0
    app.ctx.service = service
    for operation in OPERATIONS:
        _add(app, service, operation)
    app.register_middleware(_finish, "response")
    return app


def _add(app: App, service: Service, operation: Operation) -> None:
    async def handle(request: RestRequest, **path: str) -> Response:
        return await perform(service, operation, request, path)

    app.add_route(
        handle,  # type: ignore[arg-type] # Sanic also takes a response that is written as it goes
        operation.path.replace("{", "<").replace("}", ":str>"),
        methods=["GET", "HEAD"] if operation.method == "GET" else [operation.method],
        name=operation.id,
        stream=operation.receiver is not None,
        ctx_path=operation.path,
    )


async def _finish(request: RestRequest, response: BaseHTTPResponse) -> None:
    """Add the headers that every response has, errors included; count it; end its log lines."""
    response.headers["X-Request-Id"] = request.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    metrics.observe(request, response.status)
    logs.bind(None)
