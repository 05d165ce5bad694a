"""The time that a provider asks us to wait."""

import time
from email.utils import formatdate

import pytest

from notify.retry_after import retry_after_s


def test_retry_after_may_be_in_seconds() -> None:
    """`Retry-After: 7`."""
    assert retry_after_s({"Retry-After": "7"}) == 7


def test_retry_after_may_be_a_date() -> None:
    """`Retry-After: Thu, 17 May 2040 09:30:00 GMT`; a date in the past means now."""
    in_a_minute = formatdate(time.time() + 60, usegmt=True)

    assert retry_after_s({"Retry-After": in_a_minute}) == pytest.approx(60, abs=2)
    assert retry_after_s({"Retry-After": "Thu, 17 May 2001 09:30:00 GMT"}) == 0


def test_sendgrids_header_is_a_unix_time() -> None:
    """`X-RateLimit-Reset` is in Unix seconds."""
    headers = {"X-RateLimit-Reset": str(int(time.time()) + 30)}

    assert retry_after_s(headers) == pytest.approx(30, abs=2)


def test_a_malformed_header_is_ignored() -> None:
    """A malformed header counts as no header."""
    assert retry_after_s({"X-RateLimit-Reset": "soon"}) is None
    assert retry_after_s({}) is None


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5.5"])
def test_an_unreadable_value_is_ignored(value: str) -> None:
    """An unreadable value counts as no hint, and the usual pause applies."""
    assert retry_after_s({"Retry-After": value}) is None
