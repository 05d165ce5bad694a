"""Errors as apps get them: over REST, over the socket and from nginx."""

from typing import Any

from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.logs import get_logger

LOG = get_logger(__name__)


def public_error(
    error: BaseException, work: str, internal: str, **log_fields: object
) -> ParleyError:
    """The error that an app gets for an exception.

    One that nobody expected is logged with its traceback; the app gets the sentence `internal`.
    `work` says in the log what failed.
    """
    if isinstance(error, ParleyError):
        return error
    if isinstance(error, TemporaryError | TimeoutError):
        LOG.warning(f"{work} failed temporarily", **log_fields, why=str(error))
        return unavailable(retry_after_ms=1_000)
    LOG.error(f"{work} failed", exc_info=error, **log_fields)
    return ParleyError(Code.INTERNAL, internal)


def unavailable(retry_after_ms: int | None = None) -> ParleyError:
    """The error while a server that Parley depends on is away."""
    return ParleyError(
        Code.UNAVAILABLE,
        "A required service is temporarily unavailable. Try again.",
        retry_after_ms=retry_after_ms,
    )


def error_view(error: ParleyError) -> dict[str, Any]:
    """An error as the socket sends it; `errors` and `retry_after_ms` only if there are any."""
    view: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "temporary": error.meaning.is_temporary,
    }
    if error.errors:
        view["errors"] = [{"path": field.path, "message": field.message} for field in error.errors]
    if error.retry_after_ms is not None:
        view["retry_after_ms"] = error.retry_after_ms
    return view


def problem_view(error: ParleyError, status: int, request_id: str) -> dict[str, Any]:
    """An error as a problem (RFC 9457); the status may be another than its code's."""
    view = error_view(error)
    return {
        "type": "about:blank",
        "title": error.meaning.title,
        "status": status,
        "detail": view["message"],
        "code": view["code"],
        "errors": view.get("errors", []),
        "request_id": request_id,
    }
