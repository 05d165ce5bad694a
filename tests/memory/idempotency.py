"""Claims of Idempotency-Keys, and the answers stored under them."""

import time
from dataclasses import replace
from typing import Any

from marketplace.domain.requests import RequestKey
from marketplace.ids import new_id
from marketplace.ports import Claim, ClaimLostError, StoredResponse
from tests.memory.tables import KeyRecord, Tables


class IdempotencyKeys:
    """Keys, unique by (scope, key)."""

    def __init__(self, tables: Tables) -> None:
        self._kept = tables.idempotency_keys

    async def begin(
        self, scope: str, request: RequestKey, lease_s: float
    ) -> Claim | StoredResponse:
        """Claim the key, or return what is stored under it."""
        now_s = time.monotonic()
        kept = self._kept.get((scope, request.key))
        free = StoredResponse(request.request_hash, None, None)
        if kept is not None and (kept.response != free or kept.ends_at_s > now_s):
            return kept.response
        claim = Claim(scope, request.key, new_id())
        self._kept[scope, request.key] = KeyRecord(free, claim.lease, now_s + lease_s)
        return claim

    async def find(self, scope: str, key: str) -> StoredResponse | None:
        """What is stored under the key, without claiming it."""
        kept = self._kept.get((scope, key))
        return None if kept is None else kept.response

    async def finish(self, claim: Claim, status: int, body: dict[str, Any]) -> None:
        """Store the answer."""
        kept = self._held(claim)
        if kept is None:
            raise ClaimLostError
        answered = replace(kept.response, status=status, body=body)
        self._kept[claim.scope, claim.key] = replace(kept, response=answered)

    async def release(self, claim: Claim) -> bool:
        """Release the key after a refusal; False when the claim was lost."""
        if self._held(claim) is None:
            return False
        del self._kept[claim.scope, claim.key]
        return True

    async def expire(self, claim: Claim) -> None:
        """End the lease."""
        kept = self._held(claim)
        if kept is not None:
            self._kept[claim.scope, claim.key] = replace(kept, ends_at_s=time.monotonic())

    def _held(self, claim: Claim) -> KeyRecord | None:
        kept = self._kept.get((claim.scope, claim.key))
        is_held = kept is not None and kept.lease == claim.lease and kept.response.status is None
        return kept if is_held else None
