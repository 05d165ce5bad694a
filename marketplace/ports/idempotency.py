"""Idempotency-Keys: which request holds one, and the response stored with its effect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from marketplace.domain.requests import RequestKey
from marketplace.errors import BaseError

# Turns a transaction's result into the status and body of the response.
KeptAnswer: TypeAlias = Callable[[Any], tuple[int, dict[str, Any]]]


class ClaimLostError(BaseError):
    """The claim expired and another request took it over, or its effect is already stored."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt's claim on a key; `lease` distinguishes it from every other attempt."""

    scope: str
    key: str
    lease: str


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response stored under an Idempotency-Key.

    `status` is None while the first request is still running.
    """

    request_hash: str
    status: int | None
    body: dict[str, Any] | None


class IdempotencyKeys(Protocol):
    """Claims and responses, unique by (scope, key) and kept for a day.

    A claim is a lease. `finish` stores the response in the transaction of the effect, so a request
    that takes over an expired claim finds the response if and only if the effect happened.
    """

    async def begin(
        self, scope: str, request: RequestKey, lease_s: float
    ) -> Claim | StoredResponse:
        """Claim the key for `lease_s` seconds, or return what is stored under it.

        An expired claim of the same request without a response is taken over.
        """

    async def find(self, scope: str, key: str) -> StoredResponse | None:
        """What is stored under the key, without claiming it."""

    async def finish(self, claim: Claim, status: int, body: dict[str, Any]) -> None:
        """Store the response, within the transaction of the effect.

        Raises:
            ClaimLostError: the claim no longer belongs to this attempt; the transaction must not
                commit.
        """

    async def release(self, claim: Claim) -> bool:
        """Free the key after a refusal; False, without any change, if the claim was lost."""

    async def expire(self, claim: Claim) -> None:
        """End the lease of an attempt that has ended with an unknown outcome.

        The key stays taken: the next request takes the claim over, and this attempt can no longer
        commit.
        """
