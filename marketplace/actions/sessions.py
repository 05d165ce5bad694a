"""An account's log-ins: list them, end them, confirm who somebody is."""

from marketplace.actions import accounts, announcements, passkeys, second_factors
from marketplace.domain.accounts import Account, Actor, Session, wrong_password
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.passkeys import refused as not_accepted
from marketplace.errors import Code, ParleyError, invalid
from marketplace.ports import World


async def own_sessions(world: World, actor: Actor, request: PageRequest) -> Page[Session]:
    """The actor's log-ins that have not ended, newest first."""
    return await world.store.sessions.of_account(actor.account_id, request)


async def end(world: World, actor: Actor, session_id: str) -> None:
    """End one of the actor's log-ins, and its connections to gateways.

    Raises:
        ParleyError: `not_found`, also for the log-in of somebody else.
    """
    session = await world.store.sessions.get(session_id)
    if session is None or session.account_id != actor.account_id:
        raise ParleyError(Code.NOT_FOUND, "You have no log-in with this id.")
    await accounts.log_out(world, actor.account_id, session_id)


async def end_all(world: World, actor: Actor) -> list[str]:
    """End all of the actor's log-ins, this one included; returns their ids."""
    connected_as = await accounts.acting_id(world.store, actor.account_id)
    ended = await world.store.sessions.delete_all(actor.account_id)
    for session_id in ended:
        announcements.session_ended(world, connected_as, session_id)
    return ended


async def step_up(
    world: World,
    actor: Actor,
    session_id: str,
    password: str | None,
    totp: str | None,
    passkey: str | None = None,
    asked_by: str = "",
) -> None:
    """Record that the actor proved who they are: by a passkey, or the second factor if one is on.

    Raises:
        ParleyError: `wrong_password`, `second_factor_required`, `invalid_code`, `rate_limited`;
            `validation_failed` without a password; `unavailable` if too many people log in at once.
    """
    account = await accounts.own_account(world, actor)
    if passkey is not None:
        if (await passkeys.prove(world, passkey, "passkey")).id != account.id:
            raise not_accepted("passkey")
    elif not await second_factors.check(world, account, totp):
        if password is None:
            raise invalid("password", "Send your password.")
        if not await accounts.is_password(world, account, password, asked_by):
            raise wrong_password("password")
    now = world.clock.now()
    await world.store.sessions.authenticated(session_id, now, account.credentials)


async def require_factor(world: World, account: Account, session_id: str) -> None:
    """Refuse a change by password alone if a second factor is on and was not given recently.

    Raises:
        ParleyError: `step_up_required`; `unauthenticated` if the log-in has ended.
    """
    factor = await world.store.second_factors.get(account.id)
    if factor is not None and factor.is_on:
        await require_step_up(world, session_id)


async def require_step_up(world: World, session_id: str) -> None:
    """Refuse a log-in whose owner did not prove recently who they are.

    Raises:
        ParleyError: `step_up_required`; `unauthenticated` if it has ended.
    """
    session = await world.store.sessions.get(session_id)
    if session is None:
        raise ParleyError(Code.UNAUTHENTICATED, "This log-in has ended. Log in again.")
    session.require_recent(world.clock.now())
