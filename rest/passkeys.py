"""The caller's passkeys."""

from marketplace.actions import passkeys, sessions
from marketplace.errors import Code
from marketplace.schemas.passkeys import AddPasskey, PasskeyOptionsView, PasskeysView, PasskeyView
from rest.context import Answer, RequestContext
from rest.operations import Routes

ROUTES = Routes("Accounts")


@ROUTES.get("/v1/me/passkeys", answer=PasskeysView())
async def list_passkeys(context: RequestContext) -> Answer:
    """List the caller's passkeys, newest first; there are at most 20."""
    return Answer({"items": await passkeys.own_passkeys(context.world, context.actor)})


@ROUTES.post(
    "/v1/me/passkeys/options",
    answer=PasskeyOptionsView(),
    errors=[Code.STEP_UP_REQUIRED, Code.WRONG_STATE],
)
async def options_to_add_passkey(context: RequestContext) -> Answer:
    """Begin to add a passkey (WebAuthn).

    Give `options` to `PublicKeyCredential.parseCreationOptionsFromJSON()` and the result to
    `navigator.credentials.create()`, within five minutes.
    """
    await sessions.require_step_up(context.world, context.access.session_id)
    return Answer({"options": await passkeys.options_to_add(context.world, context.actor)})


@ROUTES.post(
    "/v1/me/passkeys",
    body=AddPasskey(),
    answers={201: PasskeyView()},
    errors=[Code.STEP_UP_REQUIRED, Code.INVALID_CODE, Code.WRONG_STATE],
)
async def add_passkey(context: RequestContext) -> Answer:
    """Add the passkey that the device has made.

    `credential` is the text that `JSON.stringify()` makes of what `navigator.credentials.create()`
    returned. The passkey then logs in without a password and without a code (`POST
    /v1/tokens/passkey`).
    """
    await sessions.require_step_up(context.world, context.access.session_id)
    body = context.body
    added = await passkeys.add(context.world, context.actor, body["credential"], body["name"])
    return Answer(added, 201)


@ROUTES.delete("/v1/me/passkeys/{passkey_id}", answers={204: None}, errors=[Code.STEP_UP_REQUIRED])
async def remove_passkey(context: RequestContext) -> Answer:
    """Remove one of the caller's passkeys."""
    await sessions.require_step_up(context.world, context.access.session_id)
    await passkeys.remove(context.world, context.actor, context.path["passkey_id"])
    return Answer(status=204)
