"""Rate limits as token buckets in this process's memory, so that they do not vanish with Redis."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from marketplace.errors import Code, ParleyError

_MOST_BUCKETS = 50_000


class RateLimit:
    """So many at once, and so many a minute after that, for each key.

    The least recently used of 50,000 buckets is forgotten, which bounds the memory to some 10 MB.
    """

    def __init__(
        self, burst: float, per_minute: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = max(1.0, burst)
        self._per_s = per_minute / 60
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Take one from the key's bucket.

        Raises:
            ParleyError: `rate_limited`, with the time until the next one is there.
        """
        now = self._monotonic()
        left, at = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        is_empty = left < 1
        self._buckets[key] = (left if is_empty else left - 1, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if is_empty:
            wait_ms = math.ceil((1 - left) / self._per_s * 1_000)
            raise ParleyError(
                Code.RATE_LIMITED, "Too many attempts; wait a while.", retry_after_ms=wait_ms
            )


class Limits:
    """The limits of the operations that need no log-in, each times `scale`.

    By address against guessing over many accounts, by email against guessing one account's password
    from many addresses.  An office behind one address logs in some dozens a minute at most.
    """

    def __init__(self, scale: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._log_in_address = RateLimit(60 * scale, 60 * scale, monotonic)
        self._log_in_email = RateLimit(10 * scale, 10 * scale, monotonic)
        self._register_address = RateLimit(30 * scale, 10 * scale, monotonic)
        self._register_email = RateLimit(5 * scale, 2 * scale, monotonic)

    def log_in(self, address: str, email: str) -> None:
        """Count an attempt to log in.

        Raises:
            ParleyError: `rate_limited`.
        """
        self._log_in_address.take(network_of(address))
        self._log_in_email.take(email)

    def register(self, address: str, email: str) -> None:
        """Count an attempt to register.

        Raises:
            ParleyError: `rate_limited`.
        """
        self._register_address.take(network_of(address))
        self._register_email.take(email)


def network_of(address: str) -> str:
    """What one person holds: an IPv4 address, or the /64 that an IPv6 address is in."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
