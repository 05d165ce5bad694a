"""Real gateways send every push of the contract, in its documented form."""

from dataclasses import dataclass

from marketplace.actions import (
    account_feed,
    awards,
    blocks,
    inbox,
    matches,
    members,
    quotes,
    rfis,
    vendors,
)
from marketplace.actions.account_feed import notification_items
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.members import MemberRole
from marketplace.domain.rfis import Rfi
from marketplace.ids import new_id
from marketplace.ports import World
from marketplace.schemas.socket import PUSHES
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.builders import a_notification, a_vendor, quote_figures, rfi_content
from tests.realtime.apps import App, Person, Talk, a_person
from tests.realtime.conftest import Connect, Gateways

_SYSTEM = Actor("matching", Role.SYSTEM)
_ADMIN = Actor("admin", Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Stage:
    """A customer and a vendor with their apps, and the world in which other processes act."""

    world: World
    customer: Person
    vendor: Person
    app: App
    vendor_app: App

    @property
    def apps(self) -> tuple[App, App]:
        """The customer's app and the vendor's app."""
        return self.app, self.vendor_app

    @property
    def actor(self) -> Actor:
        """The customer as an actor."""
        return Actor(self.customer.id, Role.CUSTOMER)

    @property
    def vendor_actor(self) -> Actor:
        """The vendor as an actor."""
        return Actor(self.vendor.id, Role.VENDOR)

    async def offered(self) -> tuple[Rfi, str]:
        """Submit an RFI that is offered to the vendor; both apps join it."""
        drafted = await rfis.draft(self.world, self.actor, rfi_content())
        rfi = await rfis.submit(self.world, self.actor, drafted.id, 1)
        await matches.match_rfi(self.world, _SYSTEM, "matching", f"event-of-{rfi.id}", rfi.id)
        (match,) = await self.world.store.matches.of_rfi(rfi.id)
        for app in self.apps:
            await app.ok("join_rfi", {"rfi_id": rfi.id})
        return rfi, match.id


async def _an_award(stage: Stage) -> None:
    """From the offer to the award: pushes for matches, the conversation, quotes and the RFI itself."""
    rfi, match_id = await stage.offered()
    accepted = await matches.accept(stage.world, stage.vendor_actor, match_id)
    for app in stage.apps:
        await app.ok("join_conversation", {"conversation_id": accepted.conversation_id})
    figures = quote_figures(rfi_revision=2)
    await quotes.submit(stage.world, stage.vendor_actor, rfi.id, figures)
    better = {**figures, "amount_minor": 7}
    quote, _ = await quotes.submit(stage.world, stage.vendor_actor, rfi.id, better)
    await awards.award(stage.world, stage.actor, rfi.id, 2, quote.id, quote.revision)


async def _a_declined_offer(stage: Stage) -> None:
    """A vendor that declines an offer has to leave the RFI's room."""
    _, match_id = await stage.offered()
    await matches.decline(stage.world, stage.vendor_actor, match_id, None)


async def _a_talk(stage: Stage, talk: Talk) -> None:
    """Everything that can happen in a conversation, up to the block that closes it."""
    for app in stage.apps:
        await app.ok("join_conversation", talk.named())
    await stage.app.ok("set_typing", talk.named(is_typing=True))
    message = (await stage.app.ok("send_message", talk.says("m-1")))["message"]
    named = talk.named(message_id=message["id"])
    await stage.app.ok("edit_message", {**named, "body": "Hi"})
    await stage.app.ok("delete_message", named)
    await stage.vendor_app.ok("mark_read", talk.named(sequence=1))
    await inbox.mute(stage.world, stage.actor, talk.id, is_muted=True)
    await blocks.block(stage.world, stage.actor, talk.id)


async def _a_decision(stage: Stage) -> None:
    """An admin suspends the vendor, and reinstates it."""
    for decision in ("suspend", "reinstate"):
        await vendors.decide(stage.world, _ADMIN, stage.vendor.id, decision, "because")


async def _a_team(stage: Stage, talk: Talk) -> None:
    """The vendor invites somebody, and assigns a conversation to itself."""
    email = f"{new_id()}@team.example"
    await members.invite(stage.world, stage.vendor_actor, email, MemberRole.AGENT)
    await members.assign(stage.world, stage.vendor_actor, talk.id, stage.vendor.id)


async def test_every_push_of_the_contract_arrives(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """Every push arrives at least once, and no undocumented one; `connect` checks their schemas.

    The exception is `gap`, which needs a store that is down: see rooms/test_gaps.py.
    """
    world = gateways[1].parts.world
    await store.vendors.add(a_vendor(id=talk.vendor.id))
    app, vendor_app = (
        await connect(gateways[0], talk.customer),
        await connect(gateways[1], talk.vendor),
    )
    stage = Stage(world, talk.customer, talk.vendor, app, vendor_app)
    soon_over = await connect(gateways[0], await a_person(store, settings, ttl_s=3))
    notification = a_notification(account_id=talk.vendor.id)

    await _an_award(stage)
    await _a_declined_offer(stage)
    await _a_team(stage, talk)
    await _a_talk(stage, talk)
    await _a_decision(stage)
    told = await store.transact(lambda tx: tx.feed.append(notification_items([notification])))
    await account_feed.tell(world, told)

    apps = (*stage.apps, soon_over)
    await vendor_app.until(lambda: {"room.left", "notification.created"} <= _names(vendor_app))
    await soon_over.until(lambda: bool(soon_over.named("session.expiring")))
    await soon_over.closed()
    expected = PUSHES.keys() - {"gap"}
    await app.until(lambda: expected <= set().union(*map(_names, apps)))
    assert set().union(*map(_names, apps)) - {"disconnect"} == expected


def _names(app: App) -> set[str]:
    return {name for name, _ in app.pushes}
