"""A POST that creates, sent again: the first answer comes back, and nothing is made twice.

After draft-ietf-httpapi-idempotency-key-header: the same key with the same request gets the first
answer (with `Idempotent-Replayed: true`), 409 while the first runs, 422 with another request.  A
refused request has changed nothing and frees its key.
"""

import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable

import orjson

from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ports import StoredResponse
from rest.calls import Answer, Call
from rest.operations import Once, Operation
from rest.requests import read_idempotency_key
from rest.responses import Written, write

LOG = logging.getLogger(__name__)
REPLAYED = {"Idempotent-Replayed": "true"}


async def once(operation: Operation, call: Call, work: Callable[[], Awaitable[Written]]) -> Written:
    """Do the work, unless the request's key stands for an answer already.

    Raises:
        ParleyError: `idempotency_key_in_use`, `idempotency_key_reused`.
    """
    key = None if operation.once is None else read_idempotency_key(call.request)
    if operation.once is None or key is None:
        return await work()
    keys, scope = call.world.store.idempotency_keys, operation.once.scope(call)
    request_hash = _request_hash(call)
    stored = await keys.begin(scope, key, request_hash)
    if stored is not None:
        return await _again(operation, operation.once, call, stored, request_hash)
    try:
        written = await work()
    except BaseException:
        await keys.forget(scope, key)
        raise
    try:
        await keys.finish(scope, key, written.status, operation.once.keep(written.body))
    except TemporaryError:
        # The work is done and is answered; the key stays taken, so it cannot be done twice.
        LOG.warning("an answer could not be kept", extra={"request_id": call.request.request_id})
    return written


def keyed_hash(call: Call, *parts: bytes) -> str:
    """A hash that only this deployment can make.

    Keyed, because what is hashed can hold a password and an email address: whoever reads the
    database can guess neither from it.
    """
    secret = call.service.parts.settings.token_secret.encode()
    return hmac.new(secret, b"idempotency\n" + b"\n".join(parts), hashlib.sha256).hexdigest()


def _request_hash(call: Call) -> str:
    """The same for the same values, however a client orders and spaces its JSON."""
    body = orjson.dumps(call.payload, option=orjson.OPT_SORT_KEYS)
    return keyed_hash(call, call.request.method.encode(), call.request.path.encode(), body)


async def _again(
    operation: Operation, kept_as: Once, call: Call, stored: StoredResponse, request_hash: str
) -> Written:
    if not hmac.compare_digest(stored.request_hash, request_hash):
        raise ParleyError(
            Code.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key came with another request before."
        )
    if stored.status is None or stored.body is None:
        raise ParleyError(
            Code.IDEMPOTENCY_KEY_IN_USE,
            "The first request with this Idempotency-Key is still running.",
            retry_after_ms=1_000,
        )
    if kept_as.restore is None:
        return Written(stored.status, stored.body, REPLAYED)
    answer = await kept_as.restore(call, stored.body, stored.status)
    return write(operation, Answer(answer.body, answer.status, answer.is_written, REPLAYED))
