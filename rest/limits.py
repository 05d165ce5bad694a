"""The rate limits of REST, per address, email and account, each multiplied by `scale`.

They are kept in this process alone: with N processes of `rest`, N times as much is allowed.
"""

import time
from collections.abc import Callable

from marketplace.addresses import network_of
from marketplace.limits import RateLimit

_MINUTE_S = 60
_HOUR_S = 3_600
_BYTES_PER_REQUEST = 16 * 1024
_UPLOADED_BYTES_PER_REQUEST = 256 * 1024


class Limits:
    """Every request counts for its address, and for its account if it has one.

    An account has 30 a second: a page requests a dozen things at once when it loads. An address has
    100 a second, for an office behind one. Only programs reach these two. A large body counts as
    several requests, one more for each 16 KiB, since that is how long it takes to read.

    Registrations and password resets count by address and by email, exports by account. Log-in
    attempts have rules of their own (`rest/log_ins.py`).
    """

    def __init__(self, scale: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        def limit(burst: float, per_s: float) -> RateLimit:
            return RateLimit(burst * scale, per_s * scale, monotonic)

        self._address = limit(500, 100)
        self._account = limit(150, 30)
        self._register_address = limit(30, 10 / _MINUTE_S)
        self._register_email = limit(5, 2 / _MINUTE_S)
        self._reset_address = limit(30, 10 / _MINUTE_S)
        self._reset_email = limit(5, 2 / _MINUTE_S)
        self._export = limit(3, 3 / _HOUR_S)

    def request(self, address: str, cost: float = 1.0) -> None:
        """Count a request from an address.

        Raises:
            ParleyError: `rate_limited`.
        """
        self._address.take(network_of(address), cost)

    def account_request(self, account_id: str, cost: float = 1.0) -> None:
        """Count a request of an account.

        Raises:
            ParleyError: `rate_limited`.
        """
        self._account.take(account_id, cost)

    def register(self, address: str, email: str) -> None:
        """Count an attempt to register.

        Raises:
            ParleyError: `rate_limited`.
        """
        self._register_address.take(network_of(address))
        self._register_email.take(email)

    def password_reset(self, address: str, email: str) -> None:
        """Count a request for a password reset link, whether or not an account has the address.

        Raises:
            ParleyError: `rate_limited`.
        """
        self._reset_address.take(network_of(address))
        self._reset_email.take(email.strip().casefold())

    def export(self, account_id: str) -> None:
        """Count an export of an account's data.

        Raises:
            ParleyError: `rate_limited`.
        """
        self._export.take(account_id)


def cost_of(body_bytes: int) -> float:
    """How many requests a body counts as."""
    return 1.0 + body_bytes // _BYTES_PER_REQUEST


def cost_of_upload(body_bytes: int) -> float:
    """How many requests a file counts as: it is not parsed, only stored."""
    return 1.0 + body_bytes // _UPLOADED_BYTES_PER_REQUEST
