"""What a handler receives, and what it returns."""

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
    """A request whose parts have been validated as its operation declares.

    `payload` is the decoded body, `body` the same as loaded by its schema. `expected_revisions`
    come from If-Match; None means any. `world` is what actions work on. `key` is set when the
    handler itself stores the Idempotency-Key. `vendor_id` is set while a member of a vendor's team
    acts as the vendor.
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
    vendor_id: str | None = None

    @property
    def access(self) -> Access:
        """The access granted by the token.

        Raises:
            ParleyError: `unauthenticated`, in a public operation without a token.
        """
        if self.optional_access is None:
            raise ParleyError(Code.UNAUTHENTICATED, "Send Authorization: Bearer <access token>.")
        return self.optional_access

    @property
    def actor(self) -> Actor:
        """The caller; the events it causes carry the request's id."""
        access, correlation_id = self.access, self.request.correlation_id
        if self.vendor_id is None:
            return Actor(access.account_id, access.role, correlation_id=correlation_id)
        return Actor(
            self.vendor_id,
            access.role,
            correlation_id=correlation_id,
            member_id=access.account_id,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns.

    The operation's schema for the status serializes `body`, unless `is_written` says that it is
    JSON already.
    """

    body: Any = None
    status: int = 200
    is_written: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
