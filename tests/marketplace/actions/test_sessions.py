"""An account's log-ins."""

from marketplace.actions import accounts, sessions
from marketplace.domain.accounts import Actor, PresentedToken
from marketplace.domain.pages import PageRequest
from marketplace.errors import Code
from marketplace.ports import SignalName
from tests.builders import NOW
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_second_factors import code_now, turned_on


async def logged_in(stage: Stage, actor: Actor, *session_ids: str) -> None:
    """Open log-ins with these ids, a minute apart."""
    account = await accounts.own_account(stage.world, actor)
    for session_id in session_ids:
        await accounts.open_session(stage.world, account, session_id, "hash-1", "Firefox on Linux")
        stage.clock.advance(minutes=1)


async def test_a_log_in_shows_its_device_and_its_last_refresh(stage: Stage) -> None:
    """The last use follows from the refresh, which is a write anyway."""
    actor = await stage.customer()
    await logged_in(stage, actor, "s-1")
    stage.clock.advance(minutes=30)
    await accounts.refresh(stage.world, PresentedToken("s-1", "hash-1", "hash-2", is_issued=True))

    page = await sessions.own_sessions(stage.world, actor, PageRequest())

    (session,) = page.items
    assert (session.device, session.created_at) == ("Firefox on Linux", NOW)
    assert session.last_used_at == stage.clock.now()


async def test_a_log_in_is_ended_by_its_owner_alone(stage: Stage) -> None:
    """For anybody else it does not exist; the gateways are told to close its connections."""
    actor, stranger = await stage.customer(), await stage.customer()
    await logged_in(stage, actor, "s-1", "s-2")

    assert await refused(sessions.end(stage.world, stranger, "s-1")) is Code.NOT_FOUND
    assert await refused(sessions.end(stage.world, actor, "nothing")) is Code.NOT_FOUND
    await sessions.end(stage.world, actor, "s-1")

    page = await sessions.own_sessions(stage.world, actor, PageRequest())
    assert [session.id for session in page.items] == ["s-2"]
    (signal,) = stage.live.signals
    assert (signal.name, signal.data) == (SignalName.SESSION_ENDED, {"session_id": "s-1"})


async def test_all_log_ins_are_ended_at_once(stage: Stage) -> None:
    """Those of other accounts go on."""
    actor, other = await stage.customer(), await stage.customer()
    await logged_in(stage, actor, "s-1", "s-2")
    await logged_in(stage, other, "s-3")

    assert sorted(await sessions.end_all(stage.world, actor)) == ["s-1", "s-2"]

    assert [*stage.store.tables.sessions] == ["s-3"]
    assert len(stage.live.signals) == 2


async def test_with_a_second_factor_the_password_alone_is_not_enough(stage: Stage) -> None:
    """To confirm who they are, the owner gives the code."""
    actor = await stage.customer()
    await logged_in(stage, actor, "s-1")
    secret, _ = await turned_on(stage, actor)
    stage.clock.advance(minutes=20)

    proving = sessions.step_up(stage.world, actor, "s-1", "any password", None)
    assert await refused(proving) is Code.SECOND_FACTOR_REQUIRED
    await sessions.step_up(stage.world, actor, "s-1", None, code_now(stage, secret))

    await sessions.require_step_up(stage.world, "s-1")
