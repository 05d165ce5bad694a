"""Accepting and declining offers."""

import asyncio

from marketplace.actions import matches
from marketplace.domain.matches import MatchState
from marketplace.domain.pages import PageRequest
from marketplace.errors import Code, ParleyError
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


async def test_accepting_opens_the_conversation_in_the_same_write(stage: Stage) -> None:
    """Both sides join, the first entry records it, and both are notified."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    offer = (await stage.offered(rfi))[vendor.account_id]

    accepted = await matches.accept(stage.world, vendor, offer.id)

    assert accepted.state is MatchState.ACCEPTED
    assert accepted.conversation_id is not None
    conversation = await stage.store.conversations.get(accepted.conversation_id)
    assert conversation is not None
    assert [participant.account_id for participant in conversation.participants] == [
        customer.account_id,
        vendor.account_id,
    ]
    (notice,) = await stage.store.entries.after(conversation.id, 0, 10)
    assert (notice.sequence, notice.code) == (1, "participant_joined")
    assert stage.event_names()[-2:] == ["match.accepted", "conversation.started"]
    rooms = {announcement.room for announcement in stage.live.named("match.updated")}
    assert rooms == {f"account:{customer.account_id}", f"account:{vendor.account_id}"}


async def test_an_offer_is_accepted_once(stage: Stage) -> None:
    """Of two windows of one vendor, one opens the conversation and the other is refused."""
    vendor = await stage.vendor()
    rfi = await stage.submitted(await stage.customer())
    offer = (await stage.offered(rfi))[vendor.account_id]

    outcomes = await asyncio.gather(
        *(matches.accept(stage.world, vendor, offer.id) for _ in range(3)),
        return_exceptions=True,
    )

    codes = [outcome.code for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert codes == [Code.WRONG_STATE] * 2
    assert len(stage.store.tables.conversations) == 1


async def test_declining_frees_the_place_of_vendor_and_rfi(stage: Stage) -> None:
    """A decline returns the vendor's capacity and lowers the RFI's match count."""
    vendor = await stage.vendor(capacity=1)
    rfi = await stage.submitted(await stage.customer())
    offer = (await stage.offered(rfi))[vendor.account_id]
    assert await stage.open_matches(vendor) == 1

    declined = await matches.decline(stage.world, vendor, offer.id, "on holiday")

    assert (declined.state, declined.closed_reason) == (MatchState.DECLINED, "on holiday")
    assert await stage.open_matches(vendor) == 0
    kept = await stage.store.rfis.get(rfi.id)
    assert kept is not None
    assert kept.match_count == 0
    again = matches.decline(stage.world, vendor, offer.id, None)
    assert await refused(again) is Code.WRONG_STATE
    assert await stage.open_matches(vendor) == 0


async def test_an_offer_can_be_answered_only_by_its_vendor(stage: Stage) -> None:
    """For other vendors an offer does not exist; a customer is forbidden to answer it."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    offer = (await stage.offered(rfi))[vendor.account_id]
    stranger = await stage.vendor()

    for actor, code in ((stranger, Code.NOT_FOUND), (customer, Code.FORBIDDEN)):
        assert await refused(matches.accept(stage.world, actor, offer.id)) is code
        assert await refused(matches.decline(stage.world, actor, offer.id, None)) is code


async def test_each_side_sees_its_matches(stage: Stage) -> None:
    """A customer sees all matches of its RFI, a vendor its own, and a stranger none."""
    customer = await stage.customer()
    vendors = [await stage.vendor() for _ in range(3)]
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    stranger = await stage.vendor(categories=("roofing",))

    assert len(await matches.visible_matches(stage.world, customer, rfi.id)) == 3
    (own,) = await matches.visible_matches(stage.world, vendors[0], rfi.id)
    assert own.vendor_id == vendors[0].account_id
    assert await refused(matches.visible_matches(stage.world, stranger, rfi.id)) is Code.NOT_FOUND
    page = await matches.own_matches(stage.world, vendors[1], None, PageRequest(10))
    assert [(match.vendor_id, of.id) for match, of in page.items] == [
        (vendors[1].account_id, rfi.id)
    ]
