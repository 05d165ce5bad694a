"""How long a provider that is too busy asks us to wait."""

import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from `Retry-After` (seconds or a date: RFC 9110 §10.2.3), or `X-RateLimit-Reset`.

    The latter is SendGrid's, a Unix time (its page "Rate Limits").  None when neither is usable.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        if asked:
            moment = parsedate_to_datetime(asked)
            until = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        else:
            until = float(headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return None
    return max(0.0, until - time.time())
