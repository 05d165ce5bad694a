"""The fixed list of error codes."""

import pytest

from marketplace.errors import MEANINGS, Code, FieldError, ParleyError


@pytest.mark.parametrize("code", Code)
def test_each_code_has_a_meaning(code: Code) -> None:
    """Every code has what an HTTP response needs: an error status and a title."""
    meaning = MEANINGS[code]

    assert 400 <= meaning.status < 600
    assert meaning.title[0].isupper()
    assert not meaning.title.endswith(".")


def test_codes_are_unique_and_in_snake_case() -> None:
    """Codes are unique, in lower case with underscores, since apps compare them."""
    assert all(code.value == code.name.lower() for code in Code)


@pytest.mark.parametrize("code", Code)
def test_server_errors_are_temporary(code: Code) -> None:
    """A 5xx and a rate limit may succeed later; no other error of the caller may."""
    meaning = MEANINGS[code]
    may_succeed_later = meaning.status >= 500 or meaning.status == 429

    assert meaning.is_temporary is (may_succeed_later or code is Code.IDEMPOTENCY_KEY_IN_USE)


def test_an_error_has_its_code_paths_and_retry_time() -> None:
    """The exception carries everything that a transport needs."""
    at_fault = [FieldError("budget.currency", "Three letters.")]

    error = ParleyError(Code.RATE_LIMITED, "Slow down.", errors=at_fault, retry_after_ms=250)

    assert str(error) == error.message == "Slow down."
    assert error.errors == tuple(at_fault)
    assert error.retry_after_ms == 250
    assert error.meaning.status == 429
