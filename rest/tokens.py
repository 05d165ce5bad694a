"""Log in, refresh, log out."""

from typing import Any

from marketplace.actions import accounts
from marketplace.domain.accounts import Account, normalized_email
from marketplace.domain.ids import new_id
from marketplace.errors import Code
from marketplace.schemas.accounts import LogIn, Refresh, Tokens
from marketplace.tokens import ACCESS_TOKEN_TTL_S, hash_of, new_refresh_token, session_id_of
from rest.calls import Answer, Call
from rest.operations import Routes

ROUTES = Routes("Tokens")


async def log_in(call: Call, account: Account) -> dict[str, Any]:
    """Open a session for the account, and give its first tokens."""
    session_id = new_id()
    refresh_token = new_refresh_token(session_id)
    await accounts.open_session(call.world, account, session_id, hash_of(refresh_token))
    return _tokens(call, account, session_id, refresh_token)


@ROUTES.post(
    "/v1/tokens",
    is_public=True,
    body=LogIn(),
    answer=Tokens(),
    errors=[Code.UNAUTHENTICATED],
)
async def create_tokens(call: Call) -> Answer:
    """Log in.

    The access token is good for 15 minutes, the refresh token once within 30 days.
    """
    email = normalized_email(call.body["email"])
    call.service.limits.log_in(call.request.client_address, email)
    account = await accounts.authenticate(call.world, email, call.body["password"])
    return Answer(await log_in(call, account))


@ROUTES.post(
    "/v1/tokens/refresh",
    is_public=True,
    body=Refresh(),
    answer=Tokens(),
    errors=[Code.UNAUTHENTICATED],
)
async def refresh_tokens(call: Call) -> Answer:
    """Exchange a refresh token for new tokens.

    A refresh token works once. When one comes a second time, somebody holds a copy, and the log-in
    ends for both.
    """
    old = call.body["refresh_token"]
    session_id = session_id_of(old)
    new = new_refresh_token(session_id)
    logged_in = await accounts.refresh(call.world, session_id, hash_of(old), hash_of(new))
    return Answer(_tokens(call, logged_in.account, session_id, new))


@ROUTES.delete("/v1/tokens", answers={204: None})
async def delete_tokens(call: Call) -> Answer:
    """Log out.

    The refresh token stops to work at once, and connections to gateways end. The access token stops
    within ten seconds.
    """
    await accounts.log_out(call.world, call.access.account_id, call.access.session_id)
    call.service.sessions.forget(call.access.session_id)
    return Answer(status=204)


def _tokens(call: Call, account: Account, session_id: str, refresh_token: str) -> dict[str, Any]:
    return {
        "account": account,
        "access_token": call.service.parts.tokens.issue(account, session_id),
        "refresh_token": refresh_token,
        "expires_in_s": ACCESS_TOKEN_TTL_S,
    }
