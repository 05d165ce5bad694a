"""Every error as `application/problem+json` (RFC 9457); never a stack trace."""

import asyncio
import math

import orjson
from marshmallow import fields, validate
from sanic.exceptions import MethodNotAllowed, RangeNotSatisfiable, SanicException
from sanic.handlers import ErrorHandler
from sanic.request import Request
from sanic.response import HTTPResponse

from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.schemas.errors import problem_view, public_error
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.strict import Strict
from rest.requests import RestRequest

MEDIA_TYPE = "application/problem+json"
# Our sentences for what Sanic itself refuses; the status stays Sanic's.
_BY_STATUS = {
    400: (Code.MALFORMED, "The request is not valid HTTP."),
    404: (Code.NOT_FOUND, "There is nothing at this path; /docs lists every operation."),
    405: (Code.METHOD_NOT_ALLOWED, "This path does not support that method."),
    408: (Code.MALFORMED, "The request did not arrive in time."),
    413: (Code.PAYLOAD_TOO_LARGE, "The request is larger than this path accepts."),
    414: (Code.PAYLOAD_TOO_LARGE, "The URL is too long."),
    416: (Code.MALFORMED, "The requested range is outside the file."),
    417: (Code.MALFORMED, "The only supported expectation is Expect: 100-continue."),
    503: (Code.UNAVAILABLE, "The response was not ready in time. Try again."),
}


class FieldProblem(Strict):
    """One invalid value."""

    path = fields.String(required=True, metadata={"example": "budget.currency"})
    message = fields.String(required=True)


class ProblemView(Strict):
    """An error (RFC 9457); programs compare `code`."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = Whole(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, validate=validate.OneOf([code.value for code in Code]))
    errors = fields.List(fields.Nested(FieldProblem), required=True)
    request_id = fields.String(required=True)


class Problems(ErrorHandler):
    """Turns every exception into a problem; unexpected ones are logged, not shown."""

    def default(self, request: Request, exception: BaseException) -> HTTPResponse:
        """The problem response for an exception."""
        request_id = request.request_id if isinstance(request, RestRequest) else new_id()
        known, status = _known(exception)
        error = public_error(
            known or exception,
            "request",
            "The error was logged under this request_id.",
            request_id=request_id,
            method=request.method,
            path=request.path,
        )
        status = status or error.meaning.status
        headers = _headers(error)
        if isinstance(exception, MethodNotAllowed):
            headers["Allow"] = _allowed_methods(exception)
        if isinstance(exception, RangeNotSatisfiable):
            headers["Content-Range"] = str(exception.headers["Content-Range"])
        if status == 401:
            refused = ', error="invalid_token"' if "authorization" in request.headers else ""
            headers["WWW-Authenticate"] = f'Bearer realm="parley"{refused}'
        body = orjson.dumps(problem_view(error, status, request_id))
        return HTTPResponse(body, status, headers, MEDIA_TYPE)


def _known(exception: BaseException) -> tuple[ParleyError | None, int | None]:
    """What a cancelled request, or Sanic's own refusal and its status, mean to the client."""
    if isinstance(exception, asyncio.CancelledError):
        return ParleyError(Code.DRAINING, "This process is shutting down. Try again."), None
    if isinstance(exception, SanicException):
        status = exception.status_code
        if status in _BY_STATUS:
            return ParleyError(*_BY_STATUS[status]), status
        if 400 <= status < 500:
            return ParleyError(Code.MALFORMED, "The request could not be parsed."), status
    return None, None


def _headers(error: ParleyError) -> dict[str, str]:
    wait_ms = error.retry_after_ms
    if wait_ms is None and error.meaning.is_temporary and error.code is not Code.INTERNAL:
        wait_ms = 1_000
    return {} if wait_ms is None else {"Retry-After": str(math.ceil(wait_ms / 1_000))}


def _allowed_methods(exception: MethodNotAllowed) -> str:
    allowed = exception.headers.get("Allow", "")
    return ", ".join(sorted(filter(None, map(str.strip, allowed.split(",")))))
