"""How long a busy provider asks us to wait."""

import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from `Retry-After` (seconds or a date: RFC 9110 §10.2.3), or `X-RateLimit-Reset`.

    The latter is SendGrid's and holds a Unix time (see its page "Rate Limits").  None if neither
    header is usable.
    """
    asked = headers.get("Retry-After", "").strip()
    try:
        if asked.isascii() and asked.isdecimal():
            return float(asked)
        if asked:
            moment = parsedate_to_datetime(asked)
            until = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        else:
            until = float(headers.get("X-RateLimit-Reset", ""))
    except (ValueError, OverflowError):
        return None
    left_s = until - time.time()
    return max(0.0, left_s) if left_s == left_s else None  # noqa: PLR0124 # NaN is not a time
