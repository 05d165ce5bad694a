"""Every error as `application/problem+json` (RFC 9457); never a stack trace."""

import asyncio
import logging
import math
from dataclasses import dataclass, field

import orjson
from marshmallow import fields, validate
from sanic.exceptions import MethodNotAllowed, SanicException
from sanic.handlers import ErrorHandler
from sanic.request import Request
from sanic.response import HTTPResponse

from marketplace.errors import MEANINGS, Code, FieldError, ParleyError, TemporaryError
from marketplace.ids import new_id
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.strict import Strict
from rest.requests import RestRequest

LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
# Our sentences for what Sanic itself refuses; the status stays Sanic's.
_BY_STATUS = {
    400: (Code.MALFORMED, "The request is not valid HTTP."),
    404: (Code.NOT_FOUND, "There is nothing at this path; /docs lists every operation."),
    405: (Code.METHOD_NOT_ALLOWED, "This path does not support that method."),
    408: (Code.MALFORMED, "The request did not arrive in time."),
    413: (Code.PAYLOAD_TOO_LARGE, "The request is larger than this path accepts."),
    414: (Code.PAYLOAD_TOO_LARGE, "The URL is too long."),
    417: (Code.MALFORMED, "The only supported expectation is Expect: 100-continue."),
    503: (Code.UNAVAILABLE, "The response was not ready in time. Try again."),
}
_NOT_NOW = "A required service is temporarily unavailable. Try again."


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


_PROBLEM = ProblemView()


@dataclass(frozen=True, slots=True)
class _ProblemContent:
    code: Code
    detail: str
    status: int
    errors: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


class Problems(ErrorHandler):
    """Turns every exception into a problem; unexpected ones are logged, not shown."""

    def default(self, request: Request, exception: BaseException) -> HTTPResponse:
        """The problem response for an exception."""
        request_id = request.request_id if isinstance(request, RestRequest) else new_id()
        content = _content_of(exception)
        if content.code is Code.INTERNAL:
            LOG.error(
                "request failed",
                exc_info=exception,
                extra={
                    "request_id": request_id,
                    "method": request.method,
                    "path": request.path,
                },
            )
        return problem(content, request_id, has_credentials="authorization" in request.headers)


def problem(content: _ProblemContent, request_id: str, *, has_credentials: bool) -> HTTPResponse:
    """The response for a problem."""
    body = _PROBLEM.dump(
        {
            "type": "about:blank",
            "title": MEANINGS[content.code].title,
            "status": content.status,
            "detail": content.detail,
            "code": content.code,
            "errors": content.errors,
            "request_id": request_id,
        }
    )
    headers = dict(content.headers)
    if content.status == 401:
        refused = ', error="invalid_token"' if has_credentials else ""
        headers["WWW-Authenticate"] = f'Bearer realm="parley"{refused}'
    return HTTPResponse(orjson.dumps(body), content.status, headers, MEDIA_TYPE)


def _content_of(exception: BaseException) -> _ProblemContent:
    if isinstance(exception, ParleyError):
        return _from_parley_error(exception)
    if isinstance(exception, TemporaryError):
        return _from_parley_error(ParleyError(Code.UNAVAILABLE, _NOT_NOW))
    if isinstance(exception, asyncio.CancelledError):
        return _from_parley_error(
            ParleyError(Code.DRAINING, "This process is shutting down. Try again.")
        )
    if isinstance(exception, SanicException) and exception.status_code in _BY_STATUS:
        code, detail = _BY_STATUS[exception.status_code]
        return _ProblemContent(code, detail, exception.status_code, headers=_headers(exception))
    if isinstance(exception, SanicException) and 400 <= exception.status_code < 500:
        return _ProblemContent(
            Code.MALFORMED, "The request could not be parsed.", exception.status_code
        )
    return _ProblemContent(Code.INTERNAL, "The error was logged under this request_id.", 500)


def _from_parley_error(error: ParleyError) -> _ProblemContent:
    headers = {}
    wait_ms = error.retry_after_ms
    if wait_ms is None and error.meaning.is_temporary and error.code is not Code.INTERNAL:
        wait_ms = 1_000
    if wait_ms is not None:
        headers["Retry-After"] = str(math.ceil(wait_ms / 1_000))
    return _ProblemContent(error.code, error.message, error.meaning.status, error.errors, headers)


def _headers(exception: SanicException) -> dict[str, str]:
    if isinstance(exception, MethodNotAllowed):
        allowed = exception.headers.get("Allow", "")
        return {"Allow": ", ".join(sorted(filter(None, map(str.strip, allowed.split(",")))))}
    return {"Retry-After": "1"} if exception.status_code == 503 else {}
