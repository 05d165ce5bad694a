"""An exception becomes one error, which the socket and REST write with the same fields."""

import logging

import pytest

from marketplace.errors import MEANINGS, Code, FieldError, ParleyError, TemporaryError
from marketplace.schemas.errors import error_view, problem_view, public_error, unavailable


def test_a_refusal_is_passed_on_unchanged(caplog: pytest.LogCaptureFixture) -> None:
    """The app gets what the action said, and nothing is logged."""
    refusal = ParleyError(Code.FORBIDDEN, "Only the sender may change a message.")

    assert public_error(refusal, "a call", "It was logged.") is refusal
    assert caplog.records == []


@pytest.mark.parametrize("error", [TemporaryError("MongoDB: AutoReconnect"), TimeoutError("late")])
def test_a_temporary_error_becomes_unavailable_with_a_retry_time(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the cause, and the app does not."""
    public = public_error(error, "a call", "It was logged.", call="send_message")

    assert (public.code, public.retry_after_ms) == (Code.UNAVAILABLE, 1_000)
    assert str(error) not in public.message
    (line,) = caplog.records
    assert (line.levelno, line.getMessage()) == (logging.WARNING, "a call failed temporarily")
    assert (vars(line)["call"], vars(line)["why"]) == ("send_message", str(error))


def test_an_unexpected_exception_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the traceback, and the app a sentence that says where to look."""
    error = RuntimeError("the secret plan")

    public = public_error(error, "request", "It was logged under this id.", request_id="r-1")

    assert (public.code, public.message) == (Code.INTERNAL, "It was logged under this id.")
    (line,) = caplog.records
    assert (line.levelno, line.getMessage()) == (logging.ERROR, "request failed")
    assert line.exc_info is not None
    assert line.exc_info[1] is error
    assert vars(line)["request_id"] == "r-1"


def test_the_socket_writes_optional_fields_only_if_set() -> None:
    """Fields at fault and a time to wait are written only if there are any."""
    at_fault = [FieldError("body", "Must not be empty.")]
    whole = ParleyError(Code.RATE_LIMITED, "Wait.", errors=at_fault, retry_after_ms=250)

    assert error_view(ParleyError(Code.NOT_FOUND, "There is none.")) == {
        "code": "not_found",
        "message": "There is none.",
        "temporary": False,
    }
    assert error_view(whole) == {
        "code": "rate_limited",
        "message": "Wait.",
        "temporary": True,
        "errors": [{"path": "body", "message": "Must not be empty."}],
        "retry_after_ms": 250,
    }
    assert "retry_after_ms" not in error_view(unavailable())


def test_a_problem_has_the_same_fields_under_the_names_of_rfc_9457() -> None:
    """`errors` is always there, and the status may be one that the server itself chose."""
    at_fault = [FieldError("body", "Must not be empty.")]
    error = ParleyError(Code.MALFORMED, "Not valid.", errors=at_fault)

    problem = problem_view(error, 417, "r-1")

    assert problem == {
        "type": "about:blank",
        "title": MEANINGS[Code.MALFORMED].title,
        "status": 417,
        "detail": "Not valid.",
        "code": "malformed",
        "errors": [{"path": "body", "message": "Must not be empty."}],
        "request_id": "r-1",
    }
    assert problem_view(unavailable(), 503, "r-2")["errors"] == []
