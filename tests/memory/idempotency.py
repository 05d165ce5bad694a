"""Answers kept under their Idempotency-Key."""

from dataclasses import replace
from typing import Any

from marketplace.ports import StoredResponse
from tests.memory.tables import Tables


class IdempotencyKeys:
    """Keys, unique by (scope, key)."""

    def __init__(self, tables: Tables) -> None:
        self._kept = tables.idempotency_keys

    async def begin(self, scope: str, key: str, request_hash: str) -> StoredResponse | None:
        """Take the key; None when it was free, else what it stands for."""
        kept = self._kept.get((scope, key))
        if kept is None:
            self._kept[scope, key] = StoredResponse(request_hash, None, None)
        return kept

    async def finish(self, scope: str, key: str, status: int, body: dict[str, Any]) -> None:
        """Keep the answer."""
        if (scope, key) in self._kept:
            self._kept[scope, key] = replace(self._kept[scope, key], status=status, body=body)

    async def forget(self, scope: str, key: str) -> None:
        """Free the key after a failure; an answer that is there stays."""
        kept = self._kept.get((scope, key))
        if kept is not None and kept.status is None:
            del self._kept[scope, key]
