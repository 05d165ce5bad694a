"""Idempotency: a POST repeated with its Idempotency-Key has one effect and always the same answer.

After draft-ietf-httpapi-idempotency-key-header: the same key with the same request gets the first
answer (with `Idempotent-Replayed: true`), 409 while the first request runs, 422 with a different
request.

A key is claimed before the work begins. The claim is a lease: if it expires without an answer, the
next request takes it over. The answer is stored in the transaction of the effect, and that
transaction commits only while the claim holds. So the answer exists if and only if the effect does,
and only one of two attempts can commit, whenever the other was stopped or cut off.

A message stores its key itself, so that it remains a single insert.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import orjson

from marketplace.domain.conversations import Entry
from marketplace.domain.requests import RequestKey, require_same_request
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ports import Claim, ClaimLostError, StoredResponse
from marketplace.schemas.views import message_view
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Operation
from rest.requests import read_idempotency_key
from rest.responses import Written, write

# A transaction gives up after 10 s and says why; this limit covers the whole operation.
DEADLINE_S = 15.0
# After the deadline, the server aborts within 5 s a transaction that nobody commits.
LEASE_S = DEADLINE_S + 5.0
REPLAYED = {"Idempotent-Replayed": "true"}
Work: TypeAlias = Callable[[RequestContext], Awaitable[Written]]


@dataclass(frozen=True, slots=True)
class _KeyedRequest:
    """A request that carries an Idempotency-Key, and the scope that the key belongs to."""

    operation: Operation
    idempotency: Idempotency
    context: RequestContext
    scope: str
    request: RequestKey


async def run_once(operation: Operation, context: RequestContext, work: Work) -> Written:
    """Do the work, unless there is an answer under the request's key already.

    Raises:
        ParleyError: `idempotency_key_in_use`, `idempotency_key_reused`.
    """
    key = None if operation.idempotency is None else read_idempotency_key(context.request)
    if operation.idempotency is None or key is None:
        return await work(context)
    request = RequestKey(key, _request_hash(context))
    keyed = _KeyedRequest(
        operation, operation.idempotency, context, operation.idempotency.scope(context), request
    )
    if operation.idempotency.answer is None:
        return await _run_in_message(keyed, work)
    return await _run_claimed(keyed, operation.idempotency.answer, work)


def keyed_hash(context: RequestContext, *parts: bytes) -> str:
    """A hash that only this deployment can compute.

    It is keyed because the input can contain a password and an email address: a reader of the
    database can guess neither from it.
    """
    secret = context.service.parts.settings.token_secret.encode()
    return hmac.new(secret, b"idempotency\n" + b"\n".join(parts), hashlib.sha256).hexdigest()


def _request_hash(context: RequestContext) -> str:
    """A hash that is equal for equal values, however a client orders and spaces its JSON."""
    body = orjson.dumps(context.payload, option=orjson.OPT_SORT_KEYS)
    return keyed_hash(context, context.request.method.encode(), context.request.path.encode(), body)


async def _run_claimed(
    keyed: _KeyedRequest, answer: Callable[[Any], Answer], work: Work
) -> Written:
    """Claim the key and do the work under the claim, or return the answer stored under the key."""
    keys = keyed.context.world.store.idempotency_keys
    while True:
        await _message_under(keyed)
        claim = await keys.begin(keyed.scope, keyed.request, LEASE_S)
        if isinstance(claim, StoredResponse):
            return await _replay(keyed, claim)
        try:
            return await work(_under(keyed, claim, answer))
        except ClaimLostError:  # another request took over: it has answered, or is running
            continue
        except ParleyError:  # refused, unless the refusal is due to the effect of a takeover
            if not await keys.release(claim):
                continue
            raise
        except Exception:
            with suppress(TemporaryError):
                await keys.expire(claim)
            raise


def _under(keyed: _KeyedRequest, claim: Claim, answer: Callable[[Any], Answer]) -> RequestContext:
    """The context with a store whose transaction commits under the claim, with the answer."""

    def stored_response(result: Any) -> tuple[int, dict[str, Any]]:
        written = write(keyed.operation, answer(result))
        return written.status, written.body

    world = keyed.context.world
    return replace(
        keyed.context, world=replace(world, store=world.store.claimed(claim, stored_response))
    )


async def _run_in_message(keyed: _KeyedRequest, work: Work) -> Written:
    """Send the message that will hold the key, or return the one that does."""
    # Another operation has the key, or the previous version stored a message's key here.
    stored = await keyed.context.world.store.idempotency_keys.find(keyed.scope, keyed.request.key)
    if stored is not None:
        require_same_request(keyed.request, stored.request_hash)
        if stored.status is not None:
            return await _replay(keyed, stored)
    message = await _message_under(keyed)
    if message is not None:
        return Written(201, message_view(message), REPLAYED)
    return await work(replace(keyed.context, key=keyed.request))


async def _message_under(keyed: _KeyedRequest) -> Entry | None:
    """The message that holds the key; refuses the request if it differs from the message's own."""
    message = await keyed.context.world.store.entries.sent_under(keyed.scope, keyed.request.key)
    if message is not None and message.request is not None:
        require_same_request(keyed.request, message.request.request_hash)
    return message


async def _replay(keyed: _KeyedRequest, stored: StoredResponse) -> Written:
    require_same_request(keyed.request, stored.request_hash)
    if stored.status is None or stored.body is None:
        raise ParleyError(
            Code.IDEMPOTENCY_KEY_IN_USE,
            "The first request with this Idempotency-Key is still in progress, or its outcome is not "
            "known yet. Send the same request again.",
            retry_after_ms=1_000,
        )
    if keyed.idempotency.restore is None:
        return Written(stored.status, stored.body, REPLAYED)
    answer = await keyed.idempotency.restore(keyed.context, stored.body, stored.status)
    replayed = Answer(answer.body, answer.status, answer.is_written, REPLAYED)
    return write(keyed.operation, replayed)
