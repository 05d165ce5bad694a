"""A request that its client may repeat: its key, and a hash of its content."""

import hmac
from dataclasses import dataclass

from marketplace.errors import Code, ParleyError


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An Idempotency-Key, and a hash that identifies the request it was first used for."""

    key: str
    request_hash: str


def require_same_request(request: RequestKey, first_hash: str) -> None:
    """Refuse a request whose key was used for a different request.

    Raises:
        ParleyError: `idempotency_key_reused`.
    """
    if not hmac.compare_digest(first_hash, request.request_hash):
        raise ParleyError(
            Code.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was already used for a different request. Use a new one.",
        )
