"""Log in, refresh, log out."""

from typing import Any

from marketplace.actions import accounts, members, passkeys, second_factors
from marketplace.addresses import network_of
from marketplace.domain.accounts import Account, PresentedToken
from marketplace.errors import Code
from marketplace.ids import new_id
from marketplace.inputs import emails
from marketplace.inputs.devices import device
from marketplace.refresh_tokens import hash_of, session_id_of
from marketplace.schemas.accounts import LogIn, Refresh, Tokens
from marketplace.schemas.passkeys import PasskeyOptionsView, ProvePasskey
from marketplace.tokens import ACCESS_TOKEN_TTL_S
from rest.context import Answer, RequestContext
from rest.operations import Routes

ROUTES = Routes("Tokens")


async def log_in(context: RequestContext, account: Account) -> dict[str, Any]:
    """Open a session for the account, and return its first tokens."""
    session_id = new_id()
    refresh_token = context.service.parts.refresh_tokens.first(session_id)
    used = device(context.request.headers.getone("user-agent", ""))
    await accounts.open_session(context.world, account, session_id, hash_of(refresh_token), used)
    return await _tokens(context, account, session_id, refresh_token)


@ROUTES.post(
    "/v1/tokens",
    is_public=True,
    body=LogIn(),
    answer=Tokens(),
    errors=[Code.UNAUTHENTICATED, Code.SECOND_FACTOR_REQUIRED, Code.INVALID_CODE],
)
async def create_tokens(context: RequestContext) -> Answer:
    """Log in.

    If the account has a second factor, a correct password alone is refused with
    `second_factor_required`: repeat the request with `totp`, the code of the authenticator app or a
    recovery code. Each code works once.

    The access token is valid for 15 minutes. The refresh token is valid for 30 days and can be used
    once. After ten wrong passwords for one email address, responses to further wrong ones are delayed
    by up to five seconds, and the network address that sent them has to wait.
    """
    email = context.body["email"]
    network = network_of(context.request.client_address)

    async def check() -> Account:
        found = await accounts.authenticate(context.world, email, context.body["password"], network)
        await second_factors.check(context.world, found, context.body["totp"])
        return found

    account = await context.service.log_ins.attempt(network, emails.stored_forms(email)[0], check)
    return Answer(await log_in(context, account))


@ROUTES.post("/v1/tokens/passkey/options", is_public=True, answer=PasskeyOptionsView(), errors=[])
async def options_to_log_in(context: RequestContext) -> Answer:
    """Begin to log in with a passkey.

    Give `options` to `PublicKeyCredential.parseRequestOptionsFromJSON()` and the result to
    `navigator.credentials.get()`, within five minutes. The person chooses the passkey, so no email
    address is needed.
    """
    return Answer({"options": passkeys.options_to_prove(context.world)})


@ROUTES.post(
    "/v1/tokens/passkey",
    is_public=True,
    body=ProvePasskey(),
    answer=Tokens(),
    errors=[Code.INVALID_CODE, Code.UNAUTHENTICATED],
)
async def log_in_with_passkey(context: RequestContext) -> Answer:
    """Log in with a passkey, in place of the password and the second factor.

    `credential` is the text that `JSON.stringify()` makes of what `navigator.credentials.get()`
    returned. Each answer logs in once.
    """
    network = network_of(context.request.client_address)
    account = await context.service.log_ins.attempt(
        network, "passkeys", lambda: passkeys.prove(context.world, context.body["credential"])
    )
    return Answer(await log_in(context, account))


@ROUTES.post(
    "/v1/tokens/refresh",
    is_public=True,
    body=Refresh(),
    answer=Tokens(),
    errors=[Code.UNAUTHENTICATED],
)
async def refresh_tokens(context: RequestContext) -> Answer:
    """Exchange a refresh token for new tokens.

    If the response was lost, repeat the request within 60 seconds: it returns the same refresh token.
    If a used refresh token is presented later than that, somebody holds a copy of it, and the log-in
    ends for both.
    """
    refresh_tokens = context.service.parts.refresh_tokens
    old = context.body["refresh_token"]
    new = refresh_tokens.successor(old)
    presented = PresentedToken(
        session_id_of(old), hash_of(old), hash_of(new), refresh_tokens.is_issued(old)
    )
    logged_in = await accounts.refresh(context.world, presented)
    return Answer(await _tokens(context, logged_in.account, logged_in.session_id, new))


@ROUTES.delete("/v1/tokens", answers={204: None})
async def delete_tokens(context: RequestContext) -> Answer:
    """Log out.

    The refresh token becomes invalid at once, and the gateways close the log-in's connections. The
    access token becomes invalid within ten seconds.
    """
    await accounts.log_out(context.world, context.access.account_id, context.access.session_id)
    context.service.sessions.forget(context.access.session_id)
    return Answer(status=204)


async def _tokens(
    context: RequestContext, account: Account, session_id: str, refresh_token: str
) -> dict[str, Any]:
    # After the session was stored: a removal that comes later ends the session, too.
    vendor_id = await members.vendor_id_of(context.world, account)
    tokens = context.service.parts.tokens
    return {
        "account": await accounts.as_seen(context.world, account),
        "access_token": tokens.issue(account, session_id, vendor_id=vendor_id),
        "refresh_token": refresh_token,
        "expires_in_s": ACCESS_TOKEN_TTL_S,
    }
