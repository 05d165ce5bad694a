"""An operation: one route with everything declared about it, in one place.

One object validates the request, serializes the answer and documents both, so they cannot drift
apart.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from marketplace.domain.members import MemberRole
from marketplace.errors import Code
from marketplace.schemas.strict import Strict
from rest.context import Answer, RequestContext
from rest.queries import NoQuery

Handler: TypeAlias = Callable[[RequestContext], Awaitable[Answer]]
# A schema produces JSON, a string is the media type of the handler's bytes, None is no content.
Content: TypeAlias = Strict | str | None
Discard: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """How an operation's effect and its answer are tied to an Idempotency-Key.

    `answer` builds the answer from the result of the action's transaction; it is stored in that
    transaction. None means that the effect's own document stores the key: the handler passes
    `context.key` on. `scope` says whose keys these are. `restore` turns the stored answer into a
    response, if it cannot be sent as stored.
    """

    answer: Callable[[Any], Answer] | None
    scope: Callable[[RequestContext], str] = lambda context: context.access.account_id
    restore: Callable[[RequestContext, dict[str, Any], int], Awaitable[Answer]] | None = None


IN_MESSAGE = Idempotency(answer=None)


async def _nothing() -> None:
    """Discard nothing."""


@dataclass(frozen=True, slots=True)
class Received:
    """A body that was received in a stream: JSON values that identify it, and what is left of it.

    `discard` is called once the request has been answered, or refused.
    """

    payload: object
    body: dict[str, Any]
    discard: Discard = _nothing


@dataclass(frozen=True, slots=True)
class Receiver:
    """How an operation receives a body that is never whole in memory.

    `media_types` are those that it takes; None stands for the bytes of a file.
    """

    media_types: Mapping[str, Strict | None]
    receive: Callable[[RequestContext], Awaitable[Received]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path.

    `path` has its parameters in braces. `needs_revision` requires If-Match, `gives_revision` sends
    the body's `revision` as ETag, `location` is formatted with the body's values. `cost` is how
    many requests it counts as. `receiver` receives the body instead of `body`; `is_file` says that
    the answer is a file, of which a client may ask for a range. `team` is the least role in which a
    member of a vendor's team performs it as the vendor; without it, members act for themselves.
    `errors` are the codes beyond those implied by the other fields. The handler's docstring is the
    summary and the description.
    """

    method: str
    path: str
    tag: str
    handler: Handler
    answers: Mapping[int, Content]
    errors: Sequence[Code] = ()
    is_public: bool = False
    query: Strict | None = field(default_factory=NoQuery)
    body: Strict | None = None
    is_body_optional: bool = False
    needs_revision: bool = False
    gives_revision: bool = False
    location: str | None = None
    idempotency: Idempotency | None = None
    cost: float = 1.0
    receiver: Receiver | None = None
    is_file: bool = False
    team: MemberRole | None = None

    @property
    def id(self) -> str:
        """The operation's name in documents and generated clients."""
        return str(getattr(self.handler, "__name__"))  # noqa: B009 # a Callable need not have one

    @property
    def is_limited(self) -> bool:
        """Whether rate limits apply; health, metrics and documents are exempt."""
        return self.path.startswith("/v1/")

    @property
    def reads(self) -> bool:
        """Whether it changes nothing, so that it may be cancelled."""
        return self.method == "GET"

    @property
    def supports_not_modified(self) -> bool:
        """Whether a client may send If-None-Match and get 304."""
        return self.reads and (self.gives_revision or self.is_file)

    def codes(self) -> list[Code]:
        """Every code that this operation may refuse with, in the order of their statuses."""
        possible = {Code.INTERNAL, Code.UNAVAILABLE, *self.errors}
        if self.is_limited:
            possible.add(Code.RATE_LIMITED)
        if not self.is_public:
            possible |= {Code.UNAUTHENTICATED, Code.TOKEN_EXPIRED}
        if self.query is not None:
            possible |= {Code.MALFORMED, Code.VALIDATION_FAILED}
        if "{" in self.path:
            possible.add(Code.NOT_FOUND)
        if not self.reads:
            possible |= {Code.MALFORMED, Code.VALIDATION_FAILED, Code.PAYLOAD_TOO_LARGE}
            possible |= {Code.UNSUPPORTED_MEDIA_TYPE, Code.DRAINING}
        if self.team is MemberRole.OWNER:
            possible.add(Code.FORBIDDEN)
        if self.needs_revision:
            possible |= {Code.REVISION_REQUIRED, Code.STALE_REVISION}
        if self.idempotency is not None:
            possible |= {Code.IDEMPOTENCY_KEY_IN_USE, Code.IDEMPOTENCY_KEY_REUSED}
        return [code for code in Code if code in possible]


class Routes:
    """The operations of one module, under one tag; `get`, `post`, `put` and so on decorate."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self.operations: list[Operation] = []

    def add(self, method: str, path: str, handler: Handler, **declared: Any) -> Operation:
        """Declare an operation; `declared` are the other fields of `Operation`.

        `answer` is short for `answers` with status 200.
        """
        if "answer" in declared:
            declared["answers"] = {200: declared.pop("answer")}
        operation = Operation(method, path, self._tag, handler, **declared)
        self.operations.append(operation)
        return operation

    def get(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a GET."""
        return self._decorator("GET", path, declared)

    def post(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a POST."""
        return self._decorator("POST", path, declared)

    def put(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a PUT."""
        return self._decorator("PUT", path, declared)

    def patch(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a PATCH."""
        return self._decorator("PATCH", path, declared)

    def delete(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a DELETE."""
        return self._decorator("DELETE", path, declared)

    def _decorator(
        self, method: str, path: str, declared: dict[str, Any]
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.add(method, path, handler, **declared)
            return handler

        return declare
