"""A request that its client may repeat: the key it chose, and which request that was."""

import hmac
from dataclasses import dataclass

from marketplace.errors import Code, ParleyError


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An Idempotency-Key, and a hash by which another request under the same key is told apart."""

    key: str
    request_hash: str


def require_same_request(request: RequestKey, first_hash: str) -> None:
    """Refuse a request whose key came with another request before.

    Raises:
        ParleyError: `idempotency_key_reused`.
    """
    if not hmac.compare_digest(first_hash, request.request_hash):
        raise ParleyError(
            Code.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was already used for a different request. Use a new one.",
        )
