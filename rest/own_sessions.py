"""The caller's log-ins: list them, end them, confirm who the caller is."""

from dataclasses import asdict
from typing import Any

from marketplace.actions import sessions
from marketplace.addresses import network_of
from marketplace.domain.accounts import Session
from marketplace.domain.pages import Page
from marketplace.errors import Code
from marketplace.schemas.accounts import OwnSessionView, StepUp
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Accounts")


@ROUTES.get("/v1/me/sessions", query=PageQuery(), answer=page_schema(OwnSessionView))
async def list_sessions(context: RequestContext) -> Answer:
    """List the caller's log-ins, newest first, with the device and the last use of each."""
    page = await sessions.own_sessions(context.world, context.actor, page_request(context.query))
    items = tuple(_as_seen(session, context.access.session_id) for session in page.items)
    return Answer(Page(items, page.next_cursor))


@ROUTES.delete("/v1/me/sessions", answers={204: None})
async def end_sessions(context: RequestContext) -> Answer:
    """End all of the caller's log-ins, this one included, and their connections to gateways."""
    context.service.sessions.forget(*await sessions.end_all(context.world, context.actor))
    return Answer(status=204)


@ROUTES.delete("/v1/me/sessions/{session_id}", answers={204: None})
async def end_session(context: RequestContext) -> Answer:
    """End one of the caller's log-ins, and its connections to gateways."""
    await sessions.end(context.world, context.actor, context.path["session_id"])
    context.service.sessions.forget(context.path["session_id"])
    return Answer(status=204)


@ROUTES.post(
    "/v1/me/step-up",
    body=StepUp(),
    answers={204: None},
    errors=[Code.WRONG_PASSWORD, Code.SECOND_FACTOR_REQUIRED, Code.INVALID_CODE],
)
async def step_up(context: RequestContext) -> Answer:
    """Confirm that it is the caller, for the dangerous changes of the next fifteen minutes.

    A log-in counts as well. Send `totp` if the account has a second factor, and `password` otherwise;
    or `passkey`, the answer of one of the caller's passkeys to `POST /v1/tokens/passkey/options`.
    """
    access, body = context.access, context.body
    network = network_of(context.request.client_address)

    async def prove() -> None:
        await sessions.step_up(
            context.world,
            context.actor,
            access.session_id,
            body["password"],
            body["totp"],
            body["passkey"],
            network,
        )

    await context.service.log_ins.attempt(network, access.account_id, prove)
    return Answer(status=204)


def _as_seen(session: Session, current_id: str) -> dict[str, Any]:
    return {
        **asdict(session),
        "last_used_at": session.last_used_at,
        "is_current": session.id == current_id,
    }
