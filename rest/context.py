"""What a handler gets, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marketplace.domain.accounts import Actor
from marketplace.domain.requests import RequestKey
from marketplace.errors import Code, ParleyError
from marketplace.ports import World
from marketplace.tokens import Access
from rest.preconditions import Revisions
from rest.requests import RestRequest
from rest.service import Service


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request whose parts have been checked as its operation declares them.

    `payload` is the body as decoded, `body` as its schema loads it.  `expected_revisions` are those of
    If-Match; None stands for any.  `world` is what actions reach; `key` is there when the handler
    itself stores the Idempotency-Key.
    """

    service: Service
    request: RestRequest
    optional_access: Access | None
    path: Mapping[str, str]
    query: dict[str, Any]
    payload: object
    body: dict[str, Any]
    expected_revisions: Revisions
    world: World
    key: RequestKey | None = None

    @property
    def access(self) -> Access:
        """What the access token says.

        Raises:
            ParleyError: `unauthenticated`, in an operation that is for everybody.
        """
        if self.optional_access is None:
            raise ParleyError(Code.UNAUTHENTICATED, "Send Authorization: Bearer <access token>.")
        return self.optional_access

    @property
    def actor(self) -> Actor:
        """Who acts; events they cause carry the request's id."""
        access = self.access
        return Actor(access.account_id, access.role, correlation_id=self.request.request_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives.

    `body` is what the operation's schema for the status writes; with `is_written` it is JSON
    already.
    """

    body: Any = None
    status: int = 200
    is_written: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
