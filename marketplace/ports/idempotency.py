"""Answers kept under their Idempotency-Key."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The answer an Idempotency-Key stands for; `status` is None while the first still runs."""

    request_hash: str
    status: int | None
    body: dict[str, Any] | None


class IdempotencyKeys(Protocol):
    """Answers kept for a day, unique by (scope, key)."""

    async def begin(self, scope: str, key: str, request_hash: str) -> StoredResponse | None:
        """Take the key; None when it was free, else what it stands for."""

    async def finish(self, scope: str, key: str, status: int, body: dict[str, Any]) -> None:
        """Keep the answer."""

    async def forget(self, scope: str, key: str) -> None:
        """Free the key after a failure that the same request may survive next time."""
