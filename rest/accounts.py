"""Register an account; the caller's profile, email address and password."""

from typing import Any

from marketplace.actions import accounts, emails, passwords
from marketplace.addresses import network_of
from marketplace.domain.accounts import Account
from marketplace.errors import Code
from marketplace.schemas.accounts import (
    AccountView,
    ChangeEmail,
    ChangePassword,
    ChangeProfile,
    Register,
    Tokens,
    UndoEmail,
)
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
    account_id, email = stored["account_id"], context.body["email"]
    account = await accounts.as_registered(context.world, account_id, email)
    return Answer(await log_in(context, account), status)


@ROUTES.post(
    "/v1/accounts",
    is_public=True,
    body=Register(),
    answers={201: Tokens()},
    idempotency=Idempotency(_registered, _scope, _log_in_again),
    errors=[Code.EMAIL_TAKEN, Code.UNAUTHENTICATED],
)
async def create_account(context: RequestContext) -> Answer:
    """Register as a customer or a vendor.

    A vendor's account starts with an empty profile, which the vendor completes at `/v1/vendors/me`.
    A retry with the same Idempotency-Key returns new tokens for the same account, unless its email
    address, password or second factor has changed since.
    """
    context.service.limits.register(context.request.client_address, context.body["email"])
    network = network_of(context.request.client_address)
    account = await accounts.register(context.world, context.body, network)
    return Answer(await log_in(context, account), 201)


@ROUTES.get("/v1/me", answer=AccountView())
async def get_me(context: RequestContext) -> Answer:
    """Get the caller's account."""
    account = await accounts.own_account(context.world, context.actor)
    return Answer(await accounts.as_seen(context.world, account))


@ROUTES.patch("/v1/me", body=ChangeProfile(), answer=AccountView())
async def update_me(context: RequestContext) -> Answer:
    """Change the caller's name, phone, locale or time zone; omitted fields stay unchanged.

    A new phone is not verified. A conversation keeps the name that the caller had when it started.
    """
    account = await accounts.update(context.world, context.actor, context.body)
    return Answer(await accounts.as_seen(context.world, account))


@ROUTES.post(
    "/v1/me/email",
    body=ChangeEmail(),
    answers={202: None},
    errors=[Code.WRONG_PASSWORD, Code.STEP_UP_REQUIRED, Code.WRONG_STATE],
)
async def change_email(context: RequestContext) -> Answer:
    """Change the caller's email address.

    The new address gets a code for `POST /v1/verifications/email/confirm`; until then the old
    address stays. The old address gets a notice, with a link that prevents or undoes the change
    within seven days if the address was verified. If the new address belongs to another account,
    that account gets a notice instead of the code; the response is the same. If the caller has a
    second factor, it must have been given within fifteen minutes.
    """
    access, body = context.access, context.body
    network = network_of(context.request.client_address)

    async def request() -> None:
        await emails.request_change(
            context.world,
            context.actor,
            access.session_id,
            body["email"],
            body["password"],
            network,
        )

    await context.service.log_ins.attempt(network, access.account_id, request)
    return Answer(status=202)


@ROUTES.post(
    "/v1/email-changes/undo",
    is_public=True,
    body=UndoEmail(),
    answers={204: None},
    errors=[Code.INVALID_CODE, Code.EMAIL_TAKEN],
)
async def undo_email_change(context: RequestContext) -> Answer:
    """Give an account back to its old email address.

    `token` is what the link in the notice has after its `#`. Every log-in of the account ends, its
    password no longer works, and the old address gets the link of a password reset.
    """
    network = network_of(context.request.client_address)
    ended = await context.service.log_ins.attempt(
        network, "email-changes", lambda: emails.undo(context.world, context.body["token"])
    )
    context.service.sessions.forget(*ended)
    return Answer(status=204)


@ROUTES.post(
    "/v1/me/password",
    body=ChangePassword(),
    answers={204: None},
    errors=[Code.WRONG_PASSWORD, Code.STEP_UP_REQUIRED],
)
async def change_password(context: RequestContext) -> Answer:
    """Change the caller's password; the caller's other log-ins end.

    If the caller has a second factor, it must have been given within fifteen minutes.
    """
    access, body = context.access, context.body
    network = network_of(context.request.client_address)

    async def change() -> list[str]:
        return await passwords.change(
            context.world, context.actor, access.session_id, body["current"], body["new"], network
        )

    ended = await context.service.log_ins.attempt(network, access.account_id, change)
    context.service.sessions.forget(*ended)
    return Answer(status=204)
