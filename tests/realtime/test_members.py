"""Members of a vendor's team, connected as the vendor."""

from dataclasses import replace

from marketplace.actions import accounts, members
from marketplace.bootstrap import SystemClock
from marketplace.domain.accounts import Actor, Role
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from marketplace.tokens import Tokens
from realtime.limits import CONNECTIONS_OF_ACCOUNT
from tests.builders import a_session, a_vendor, an_account
from tests.realtime.apps import Person, Talk
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import gateway
from tests.realtime.test_gateway import refusal
from tests.rows import a_member


async def an_agent(store: MongoStore, settings: Settings, vendor: Person) -> Person:
    """A member of the vendor's team, with a log-in."""
    account = an_account(role=Role.VENDOR)
    session = a_session(account_id=account.id)
    await store.accounts.add(account)
    await store.sessions.add(session)
    await store.members.add(a_member(id=account.id, vendor_id=vendor.id))
    tokens = Tokens(settings.token_secret, SystemClock())
    token = tokens.issue(account, session.id, 3_600, vendor_id=vendor.id)
    return Person(account, session.id, token)


async def test_an_agents_message_is_the_vendors(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """On every app of both sides, over two gateways."""
    await store.vendors.add(a_vendor(id=talk.vendor.id))
    agent = await connect(gateways[0], await an_agent(store, settings, talk.vendor))
    owner = await connect(gateways[1], talk.vendor)
    customer = await connect(gateways[1], talk.customer)
    for app in (agent, owner, customer):
        await app.ok("join_conversation", talk.named())

    await agent.ok("send_message", talk.says("m-1"))

    for app in (agent, owner, customer):
        await app.until(lambda app=app: bool(app.named("message.sent")))  # type: ignore[misc]
        (message,) = app.named("message.sent")
        assert message["sender_id"] == talk.vendor.id


async def test_a_removed_member_is_disconnected_at_once(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """The others of the team stay connected, and the member cannot come back."""
    await store.vendors.add(a_vendor(id=talk.vendor.id))
    person = await an_agent(store, settings, talk.vendor)
    agent = await connect(gateways[0], person)
    owner = await connect(gateways[0], talk.vendor)
    for app in (agent, owner):
        await app.ok("join_conversation", talk.named())

    world = gateways[1].parts.world
    await members.remove(world, Actor(talk.vendor.id, Role.VENDOR), person.id)
    await agent.closed()

    assert agent.named("connection.closing") == [{"code": "unauthenticated"}]
    await owner.ok("send_message", talk.says("m-1"))
    assert agent.named("message.sent") == []
    refused = await refusal(gateways[0], {"token": person.token})
    assert refused["code"] == "unauthenticated"


async def test_a_log_in_that_began_during_the_removal_is_refused(
    gateways: Gateways, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """Its session is active, but the account is in no team."""
    person = await an_agent(store, settings, talk.vendor)
    await store.members.remove(person.id)

    refused = await refusal(gateways[0], {"token": person.token})

    assert refused["code"] == "unauthenticated"


async def test_a_members_log_out_ends_only_its_own_connections(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """Though all of them act as the vendor."""
    person = await an_agent(store, settings, talk.vendor)
    agent = await connect(gateways[0], person)
    owner = await connect(gateways[0], talk.vendor)

    world = gateways[1].parts.world
    await accounts.log_out(world, person.id, person.session_id)
    await agent.closed()

    await owner.ok("join_conversation", talk.named())


async def test_a_member_with_too_many_connections_locks_nobody_else_out(
    connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """Each person of a team has connections of their own."""
    person = await an_agent(store, settings, talk.vendor)
    strict = replace(settings, limit_scale=3 / CONNECTIONS_OF_ACCOUNT)
    async with gateway(strict, "realtime-3") as here:
        for _ in range(3):
            await connect(here, person)

        refused = await refusal(here, {"token": person.token})
        owner = await connect(here, talk.vendor)

        assert refused["code"] == "too_many_connections"
        await owner.ok("join_conversation", talk.named())
