"""Health, metrics, and the documents about this service."""

from marshmallow import fields

from marketplace import metrics
from marketplace.schemas.fields.numbers import Flag
from marketplace.schemas.strict import Strict
from rest.context import Answer, RequestContext
from rest.operations import Routes

ROUTES = Routes("Operations")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}


class LiveView(Strict):
    """The process is running."""

    live = Flag(required=True)
    process = fields.String(required=True)


class ReadyView(Strict):
    """Whether the process is ready for work, with the result of each check."""

    ready = Flag(required=True)
    process = fields.String(required=True)
    draining = Flag(required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


@ROUTES.get("/health/live", is_public=True, query=None, answer=LiveView())
async def get_live(context: RequestContext) -> Answer:
    """Check that the process is running."""
    return Answer({"live": True, "process": context.service.parts.settings.process_name})


@ROUTES.get(
    "/health/ready", is_public=True, query=None, answers={200: ReadyView(), 503: ReadyView()}
)
async def get_ready(context: RequestContext) -> Answer:
    """Check that the process is ready for work."""
    is_ready, report = await context.service.health()
    return Answer(report, 200 if is_ready else 503)


@ROUTES.get("/metrics", is_public=True, query=None, answers={200: metrics.METRICS_CONTENT_TYPE})
async def get_metrics(_: RequestContext) -> Answer:
    """Get this process's metrics in the Prometheus text format."""
    return Answer(metrics.metrics_text())


@ROUTES.get("/openapi.json", is_public=True, query=None, answers={200: "application/json"})
async def get_openapi(context: RequestContext) -> Answer:
    """Get this document (OpenAPI 3.1)."""
    return Answer(context.service.openapi_json, headers={"Cache-Control": "no-cache"})


@ROUTES.get("/docs", is_public=True, query=None, answers={200: "text/html; charset=utf-8"})
async def get_documentation(context: RequestContext) -> Answer:
    """Get this document as an HTML page."""
    return Answer(context.service.documentation_html, headers=_PAGE)


@ROUTES.get("/asyncapi.json", is_public=True, query=None, answers={200: "application/json"})
async def get_asyncapi(context: RequestContext) -> Answer:
    """Get the socket's document (AsyncAPI 3.0)."""
    return Answer(context.service.asyncapi_json, headers={"Cache-Control": "no-cache"})


@ROUTES.get("/docs/socket", is_public=True, query=None, answers={200: "text/html; charset=utf-8"})
async def get_socket_documentation(context: RequestContext) -> Answer:
    """Get the socket's document as an HTML page."""
    return Answer(context.service.socket_documentation_html, headers=_PAGE)
