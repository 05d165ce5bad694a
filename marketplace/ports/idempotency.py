"""Idempotency-Keys: which request holds one, and the answer that its effect was stored with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from marketplace.domain.requests import RequestKey

# The status and the body that a transaction's result is answered with.
KeptAnswer: TypeAlias = Callable[[Any], tuple[int, dict[str, Any]]]


class ClaimLostError(Exception):
    """The claim has expired and another request took it over, or its effect is stored already."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt's hold on a key; `lease` tells it from every other attempt."""

    scope: str
    key: str
    lease: str


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The answer an Idempotency-Key stands for; `status` is None while the first still runs."""

    request_hash: str
    status: int | None
    body: dict[str, Any] | None


class IdempotencyKeys(Protocol):
    """Claims and answers, unique by (scope, key) and kept for a day.

    A claim is a lease.  The answer is written by `finish`, in the transaction of the effect, so
    whoever takes over an expired claim finds the answer if and only if the effect happened.
    """

    async def begin(
        self, scope: str, request: RequestKey, lease_s: float
    ) -> Claim | StoredResponse:
        """Claim the key for `lease_s` seconds, or return what it stands for.

        A claim of the same request that has expired without an answer is taken over.
        """

    async def find(self, scope: str, key: str) -> StoredResponse | None:
        """What the key stands for, without claiming it."""

    async def finish(self, claim: Claim, status: int, body: dict[str, Any]) -> None:
        """Keep the answer, within the transaction of the effect.

        Raises:
            ClaimLostError: the claim is no longer this attempt's; the transaction must not commit.
        """

    async def release(self, claim: Claim) -> bool:
        """Free the key after a refusal; False, and nothing changes, when the claim was lost."""

    async def expire(self, claim: Claim) -> None:
        """End the lease of an attempt that has ended and does not know whether it took effect.

        The key stays taken: the next request takes the claim over, and this attempt can no longer
        commit.
        """
