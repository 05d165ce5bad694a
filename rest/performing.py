"""The path of one request, from its parts to its response."""

import asyncio
import re
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

from sanic.response import HTTPResponse

from marketplace import tasks, tracing
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.schemas.strict import Strict
from marketplace.tokens import Access
from marketplace.tracing import NOT_RECORDED, Kind, Span
from rest.authentication import read_access
from rest.bodies import declared_bytes, give_up
from rest.context import RequestContext
from rest.idempotency import DEADLINE_S, run_once
from rest.limits import cost_of, cost_of_upload
from rest.operations import Discard, Operation
from rest.preconditions import expected_revisions, is_not_modified
from rest.queries import read_query
from rest.requests import RestRequest, read_json
from rest.responding import Response
from rest.responses import Written, to_response, write
from rest.service import Service
from rest.teams import acting_for

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NO_BODY = Strict()
# Parsing and checking take 1 ms for about 100 kB; several such bodies share no turn of the loop.
LARGE_BODY_BYTES = 32_000


async def perform(
    service: Service, operation: Operation, request: RestRequest, path: Mapping[str, str]
) -> Response:
    """Validate the request, run the operation, and write the response.

    Raises:
        ParleyError: the request is refused.
        TemporaryError: a server that it needs is unreachable.
    """
    with _span_of(operation, request) as span:
        response = await _performed(service, operation, request, path)
        span.set("http.response.status_code", response.status)
        span.set_ids(path)
        return response


async def _performed(
    service: Service, operation: Operation, request: RestRequest, path: Mapping[str, str]
) -> Response:
    try:
        context, discard = await _received(service, operation, request, path)
    except BaseException:
        if operation.receiver is not None:
            await give_up(request)
        raise
    work = _answered(operation, context)
    if operation.reads:
        return await work
    task = _tracked(service, work if discard is None else _then(work, discard))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:  # the client is gone: nobody else will see an exception
        task.add_done_callback(_log_fault)
        raise


def _span_of(operation: Operation, request: RestRequest) -> Span:
    """The span with which a request's trace begins, or in which a proxy's trace continues.

    nginx passes `traceparent` on from trusted proxies only.
    """
    if not (tracing.is_on() and operation.is_limited):  # neither health checks nor documents
        return NOT_RECORDED
    return tracing.begun(
        f"{operation.method} {operation.path}",
        Kind.SERVER,
        {
            "http.request.method": operation.method,
            "http.route": operation.path,
            "parley.correlation_id": request.request_id,
        },
        request.headers.getone("traceparent", None),
    )


async def _received(
    service: Service, operation: Operation, request: RestRequest, path: Mapping[str, str]
) -> tuple[RequestContext, Discard | None]:
    """The validated request with its body, and how to discard what was received of a file."""
    access = _admit(service, operation, request)
    if len(request.body) > LARGE_BODY_BYTES:
        await service.turns.take()
    context = _read(service, operation, request, path, access)
    if context.optional_access is not None:
        await service.sessions.require(context.optional_access.session_id)
        vendor_id = await acting_for(service, operation, context.optional_access)
        context = replace(context, vendor_id=vendor_id)
    if operation.receiver is None:
        return context, None
    # Here, and not in a task of its own: when the client is gone, nothing more arrives.
    received = await operation.receiver.receive(context)
    return replace(context, payload=received.payload, body=received.body), received.discard


def _admit(service: Service, operation: Operation, request: RestRequest) -> Access | None:
    """Check the rate limits, before anything more expensive, and the token."""
    cost = operation.cost - 1.0 + _cost_of_body(operation, request)
    if operation.is_limited:
        service.limits.request(request.client_address, cost)
    access = None if operation.is_public else read_access(service.parts.tokens, request)
    if access is not None:
        request.account_id = access.account_id
        service.limits.account_request(access.account_id, cost)
    return access


def _read(
    service: Service,
    operation: Operation,
    request: RestRequest,
    path: Mapping[str, str],
    access: Access | None,
) -> RequestContext:
    """Validate the parts, in the order in which their errors are most useful to the client."""
    if not all(_ID.fullmatch(value) for value in path.values()):
        raise ParleyError(Code.NOT_FOUND, "There is no resource with this id.")
    query: dict[str, Any] = {}
    if operation.query is not None:
        list_path = operation.path.format_map(path)
        query = read_query(
            operation.query,
            request.query_string,
            lambda cursor: service.cursors.open(list_path, cursor),
        )
    revisions = expected_revisions(request) if operation.needs_revision else None
    payload: object = {}
    body: dict[str, Any] = {}
    if not operation.reads and operation.receiver is None:
        is_required = operation.body is not None and not operation.is_body_optional
        schema = operation.body or _NO_BODY
        if request.body or is_required:
            payload = read_json(request, schema.size)
        body = schema.read(payload)
    world = service.parts.world
    return RequestContext(service, request, access, path, query, payload, body, revisions, world)


def _cost_of_body(operation: Operation, request: RestRequest) -> float:
    if operation.receiver is not None:
        return cost_of_upload(declared_bytes(request) or 0)
    return cost_of(len(request.body))


async def _answered(operation: Operation, context: RequestContext) -> Response:
    async def work(context: RequestContext) -> Written:
        return _sealed(context, operation, write(operation, await operation.handler(context)))

    try:
        async with asyncio.timeout(DEADLINE_S):
            response = to_response(operation, await run_once(operation, context, work))
    except TimeoutError as error:
        raise ParleyError(
            Code.UNAVAILABLE, f"The request took longer than {DEADLINE_S:.0f} s. Try again."
        ) from error
    if operation.supports_not_modified and is_not_modified(
        context.request, response.headers["ETag"]
    ):
        return HTTPResponse(status=304, headers={"ETag": response.headers["ETag"]})
    return response


def _sealed(context: RequestContext, operation: Operation, written: Written) -> Written:
    """The answer with its next position, if it has one, sealed as a cursor."""
    if operation.query is None or "cursor" not in operation.query.fields:
        return written
    position = written.body["next_cursor"]
    if position is None:
        return written
    cursor = context.service.cursors.seal(operation.path.format_map(context.path), position)
    return replace(written, body={**written.body, "next_cursor": cursor})


async def _then(work: Coroutine[Any, Any, Response], discard: Discard) -> Response:
    try:
        return await work
    finally:
        await discard()


def _tracked(service: Service, work: Coroutine[Any, Any, Response]) -> "asyncio.Task[Response]":
    """A task that continues when the client disconnects, so that a retry finds the first answer."""
    task = tasks.held(work, "change")
    service.running.add(task)
    task.add_done_callback(service.running.discard)
    return task


def _log_fault(task: "asyncio.Task[Response]") -> None:
    """Log the exception of a change, unless it is a refusal."""
    if task.cancelled() or not isinstance(task.exception(), ParleyError | TemporaryError):
        tasks.log_failure(task)
