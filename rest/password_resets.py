"""Reset a forgotten password by a link in an email."""

from marketplace.actions import passwords
from marketplace.addresses import network_of
from marketplace.errors import Code
from marketplace.schemas.accounts import ConfirmReset, RequestReset
from rest.context import Answer, RequestContext
from rest.operations import Routes

ROUTES = Routes("Accounts")


@ROUTES.post(
    "/v1/password-resets", is_public=True, body=RequestReset(), answers={202: None}, errors=[]
)
async def request_password_reset(context: RequestContext) -> Answer:
    """Send a link to an email address that resets the password of its account.

    The response is the same, and takes equally long, whether or not there is such an account. The
    link is valid for one hour; a further one replaces it.
    """
    email = context.body["email"]
    context.service.limits.password_reset(context.request.client_address, email)
    # Not awaited: the time that it takes depends on whether there is an account.
    context.service.keep(passwords.request_reset(context.world, email), "password reset")
    return Answer(status=202)


@ROUTES.post(
    "/v1/password-resets/confirm",
    is_public=True,
    body=ConfirmReset(),
    answers={204: None},
    errors=[Code.INVALID_CODE],
)
async def confirm_password_reset(context: RequestContext) -> Answer:
    """Set a new password with the token of a link; every log-in of the account ends.

    `token` is what the link has after its `#`. It works once.
    """
    body, network = context.body, network_of(context.request.client_address)

    async def reset() -> list[str]:
        return await passwords.reset(context.world, body["token"], body["password"], network)

    ended = await context.service.log_ins.attempt(network, "password-resets", reset)
    context.service.sessions.forget(*ended)
    return Answer(status=204)
