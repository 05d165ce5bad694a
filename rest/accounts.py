"""Register an account; get the caller's account."""

from typing import Any

from marketplace.actions import accounts
from marketplace.addresses import network_of
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.errors import Code
from marketplace.schemas.accounts import AccountView, Register, Tokens
from rest.context import Answer, RequestContext
from rest.idempotency import keyed_hash
from rest.operations import Idempotency, Routes
from rest.tokens import log_in

ROUTES = Routes("Accounts")


def _scope(context: RequestContext) -> str:
    """The key scope of a request without an account: the email address being registered."""
    return f"anonymous:{keyed_hash(context, context.body['email'].encode())}"


def _registered(account: Account) -> Answer:
    """The account without tokens: nothing that grants a log-in is stored."""
    return Answer({"account_id": account.id}, 201, is_written=True)


async def _log_in_again(context: RequestContext, stored: dict[str, Any], status: int) -> Answer:
    """New tokens for the account that the first request created."""
    actor = Actor(stored["account_id"], Role(context.body["role"]))
    account = await accounts.own_account(context.world, actor)
    return Answer(await log_in(context, account), status)


@ROUTES.post(
    "/v1/accounts",
    is_public=True,
    body=Register(),
    answers={201: Tokens()},
    idempotency=Idempotency(_registered, _scope, _log_in_again),
    errors=[Code.EMAIL_TAKEN],
)
async def create_account(context: RequestContext) -> Answer:
    """Register as a customer or a vendor.

    A vendor's account starts with an empty profile, which the vendor completes at `/v1/vendors/me`.
    A retry with the same Idempotency-Key returns new tokens for the same account.
    """
    context.service.limits.register(context.request.client_address, context.body["email"])
    network = network_of(context.request.client_address)
    account = await accounts.register(context.world, context.body, network)
    return Answer(await log_in(context, account), 201)


@ROUTES.get("/v1/me", answer=AccountView())
async def get_me(context: RequestContext) -> Answer:
    """Get the caller's account."""
    return Answer(await accounts.own_account(context.world, context.actor))
