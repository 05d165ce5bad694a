"""Set up a second factor for log-ins, and turn it off."""

from marketplace.actions import second_factors, sessions
from marketplace.errors import Code
from marketplace.schemas.accounts import ConfirmCode, NewTotpView, RecoveryCodesView
from rest.context import Answer, RequestContext
from rest.operations import Routes

ROUTES = Routes("Accounts")


@ROUTES.post(
    "/v1/me/totp",
    answers={201: NewTotpView()},
    errors=[Code.STEP_UP_REQUIRED, Code.WRONG_STATE],
)
async def set_up_totp(context: RequestContext) -> Answer:
    """Begin to set up a second factor (RFC 6238).

    Show `uri` as a QR code, and `secret` for typing. The factor is off until the first code of the
    app is confirmed. Beginning again replaces the secret.
    """
    await sessions.require_step_up(context.world, context.access.session_id)
    secret, uri = await second_factors.set_up(context.world, context.actor)
    return Answer({"secret": secret, "uri": uri}, 201)


@ROUTES.post(
    "/v1/me/totp/confirm",
    body=ConfirmCode(),
    answer=RecoveryCodesView(),
    errors=[Code.INVALID_CODE, Code.WRONG_STATE],
)
async def confirm_totp(context: RequestContext) -> Answer:
    """Turn the second factor on with a code of the app.

    The response has ten recovery codes, which are shown only here. Each replaces the factor once.
    """
    codes = await second_factors.confirm(context.world, context.actor, context.body["code"])
    return Answer({"recovery_codes": codes})


@ROUTES.delete("/v1/me/totp", answers={204: None}, errors=[Code.STEP_UP_REQUIRED])
async def turn_off_totp(context: RequestContext) -> Answer:
    """Turn the second factor off."""
    await sessions.require_step_up(context.world, context.access.session_id)
    await second_factors.turn_off(context.world, context.actor)
    return Answer(status=204)
