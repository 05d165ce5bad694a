"""A `rest` that treats every key as unused: a repetition is one more request."""

from typing import Any

from marketplace.domain.requests import RequestKey
from marketplace.ids import new_id
from marketplace.ports import Claim
from marketplace.process import run
from marketplace.storage import MongoStore
from marketplace.storage.idempotency import MongoIdempotencyKeys
from rest.__main__ import main


async def begin(_: Any, scope: str, request: RequestKey, __: float) -> Claim:
    """Claim the key, whatever is stored for it."""
    return Claim(scope, request.key, new_id())


async def release(*_: Any) -> bool:
    """Free the key, which nobody holds."""
    return True


def claimed(store: MongoStore, *_: object) -> MongoStore:
    """Bind no transaction to the claim."""
    return store


if __name__ == "__main__":
    MongoIdempotencyKeys.begin = begin  # type: ignore[method-assign, assignment] # the planted fault
    MongoIdempotencyKeys.release = release  # type: ignore[method-assign, assignment] # nothing was claimed
    MongoStore.claimed = claimed  # type: ignore[method-assign, assignment] # and nothing notices it
    run(main)
