"""What waits expires at its moment, no matter which process handles its timer, and how often."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.actions import awards, conversations, lifetimes, matches, quotes, rfis
from marketplace.domain.accounts import Actor
from marketplace.domain.lifetimes import (
    answer_timer_ids,
    match_timer_ids,
    offer_timer_ids,
    rfi_timer_ids,
)
from marketplace.domain.matches import EXPIRED, NO_ANSWER, Match, MatchState
from marketplace.domain.rfis import CloseReason, Rfi, RfiState
from marketplace.domain.timers import TimerKind, timer_id
from marketplace.errors import Code
from tests.builders import NOW, quote_figures
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.waiting import claim, match_of, rfi_of, timers
from tests.rows import a_timer

DAY = timedelta(days=1)


async def an_offer(stage: Stage, vendor: Actor, **content: object) -> tuple[Actor, Rfi, Match]:
    """A customer, their open RFI, and its offer to the vendor."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer, max_vendors=1, **content)
    return customer, rfi, (await stage.offered(rfi))[vendor.account_id]


async def test_each_state_of_an_rfi_has_its_timers(stage: Stage) -> None:
    """A draft costs none; submission sets them, a new date moves them, an extension too."""
    customer = await stage.customer()
    drafted = await rfis.copy(stage.world, customer, (await stage.submitted(customer)).id)
    ids = rfi_timer_ids(drafted.id)
    assert await timers(stage, *ids) == {}

    rfi = await rfis.submit(stage.world, customer, drafted.id, 1)
    assert {timer.due_at for timer in (await timers(stage, *ids)).values()} == {
        NOW + 90 * DAY,
        NOW + 87 * DAY,
    }
    rfi = await rfis.revise(
        stage.world, customer, rfi.id, rfi.revision, {"needed_by": NOW + 8 * DAY}
    )
    assert (await timers(stage, ids[0]))[ids[0]].due_at == rfi.expires_at == NOW + 8 * DAY
    rfi = await lifetimes.extend(stage.world, customer, rfi.id, rfi.revision, NOW + 9 * DAY)
    assert (await timers(stage, ids[0]))[ids[0]].due_at == rfi.expires_at == NOW + 9 * DAY
    await rfis.close(stage.world, customer, rfi.id, rfi.revision, CloseReason.NOT_NEEDED)
    assert await timers(stage, *ids) == {}
    assert (await rfi_of(stage, rfi.id)).expires_at is None


async def test_each_answer_of_a_vendor_ends_what_waited_for_it(stage: Stage) -> None:
    """Offer, acceptance and quote replace each other's timers; so do a decline and an award."""
    vendor = await stage.vendor(capacity=1)
    _, rfi, offer = await an_offer(stage, vendor)
    assert set(await timers(stage, *match_timer_ids(offer.id))) == set(offer_timer_ids(offer.id))

    stage.clock.advance(days=1)
    await matches.accept(stage.world, vendor, offer.id)
    accepted = await timers(stage, *match_timer_ids(offer.id))
    assert set(accepted) == set(answer_timer_ids(offer.id))
    assert max(timer.due_at for timer in accepted.values()) == NOW + 4 * DAY

    content = quote_figures(rfi_revision=rfi.revision)
    await quotes.submit(stage.world, vendor, rfi.id, content)
    assert await timers(stage, *match_timer_ids(offer.id)) == {}

    declining = await stage.vendor()
    _, _, other = await an_offer(stage, declining)
    await matches.decline(stage.world, declining, other.id, None)
    assert await timers(stage, *match_timer_ids(other.id)) == {}


async def test_the_end_of_an_rfi_ends_all_timers_on_it(stage: Stage) -> None:
    """Withdrawal cancels those of its matches in the same transaction."""
    vendor = await stage.vendor()
    customer, rfi, offer = await an_offer(stage, vendor)

    await rfis.withdraw(stage.world, customer, rfi.id, rfi.revision)

    assert await timers(stage, *rfi_timer_ids(rfi.id), *match_timer_ids(offer.id)) == {}


async def test_an_offer_expires_at_its_moment(stage: Stage) -> None:
    """It is closed, its place is free, and the decision is stored with it."""
    vendor = await stage.vendor()
    _, rfi, offer = await an_offer(stage, vendor)
    stage.clock.advance(days=3)

    (due,) = await claim(stage, TimerKind.OFFER_EXPIRY)
    assert await lifetimes.expire_match(stage.world, due)
    assert not await lifetimes.expire_match(stage.world, due)

    closed = await match_of(stage, offer.id)
    assert (closed.state, closed.closed_reason) == (MatchState.CLOSED, EXPIRED)
    assert await stage.open_matches(vendor) == 0
    assert (await rfi_of(stage, rfi.id)).match_count == 0
    assert stage.event_names().count("match.closed") == 1
    (decision,) = await stage.store.decisions.before([offer.id], NOW + 9 * DAY, "", 10)
    assert decision.outcome == {"is_expired": True}
    assert await timers(stage, *match_timer_ids(offer.id)) == {}


async def test_a_vendor_that_accepts_and_says_nothing_is_taken_off(stage: Stage) -> None:
    """Its conversation gets a notice, and it no longer sees the RFI."""
    vendor = await stage.vendor()
    _, rfi, offer = await an_offer(stage, vendor)
    accepted = await matches.accept(stage.world, vendor, offer.id)
    stage.clock.advance(days=3)

    (due,) = await claim(stage, TimerKind.ANSWER_EXPIRY)
    assert await lifetimes.expire_match(stage.world, due)

    closed = await match_of(stage, offer.id)
    assert (closed.state, closed.closed_reason) == (MatchState.CLOSED, NO_ANSWER)
    entries = await stage.store.entries.after(accepted.conversation_id or "", 0, 10)
    assert [entry.code for entry in entries] == ["participant_joined", "match_closed"]
    assert await refused(rfis.visible_rfi(stage.world, vendor, rfi.id)) is Code.NOT_FOUND
    assert await stage.open_matches(vendor) == 0


@pytest.mark.parametrize("answer", ["message", "quote", "award"])
async def test_a_vendor_that_answered_stays(stage: Stage, answer: str) -> None:
    """A message does not cancel the timer, since chat pays for nothing; its handler looks."""
    vendor = await stage.vendor()
    customer, rfi, offer = await an_offer(stage, vendor)
    if answer == "message":
        accepted = await matches.accept(stage.world, vendor, offer.id)
        conversation = await conversations.own_conversation(
            stage.world, vendor, accepted.conversation_id or ""
        )
        await conversations.send_message(
            stage.world,
            vendor,
            conversation,
            client_message_id="m1",
            body="I can come on Friday.",
            attachment_ids=[],
        )
    else:
        quote = await stage.quoted(vendor, rfi)
        if answer == "award":
            await awards.award(
                stage.world, customer, rfi.id, rfi.revision, quote.id, quote.revision
            )
        # As the previous version leaves it, which does not know timers.
        await stage.store.timers.set_many(
            [a_timer(kind=TimerKind.ANSWER_EXPIRY, subject_id=offer.id)]
        )
    stage.clock.advance(days=3)

    (due,) = await claim(stage, TimerKind.ANSWER_EXPIRY)
    assert not await lifetimes.expire_match(stage.world, due)

    assert (await match_of(stage, offer.id)).state is MatchState.ACCEPTED
    assert await timers(stage, due.id) == {}


async def test_an_open_rfi_expires_with_all_that_is_on_it(stage: Stage) -> None:
    """Matches and quotes are closed, the vendors' places are free, and everybody hears of it."""
    vendor = await stage.vendor()
    customer, rfi, offer = await an_offer(stage, vendor, needed_by=NOW + 5 * DAY)
    quote = await stage.quoted(vendor, rfi)
    stage.clock.advance(days=5)

    (due,) = await claim(stage, TimerKind.RFI_EXPIRY)
    assert await lifetimes.expire_rfi(stage.world, due)

    ended = await rfi_of(stage, rfi.id)
    assert (ended.state, ended.ended_reason) == (RfiState.WITHDRAWN, "expired")
    assert ended.expires_at is None
    (revision,) = await stage.store.rfis.revisions(rfi.id, rfi.revision)
    assert (revision.cause, revision.actor_role) == ("expired", "system")
    closed = await match_of(stage, offer.id)
    assert (closed.state, closed.closed_reason) == (MatchState.CLOSED, "rfi_withdrawn")
    kept = await stage.store.quotes.get(quote.id)
    assert kept is not None
    assert kept.state == "closed"
    assert await stage.open_matches(vendor) == 0
    assert stage.live.named("rfi.changed")[-1].data["cause"] == "expired"
    assert (await rfis.visible_rfi(stage.world, customer, rfi.id)).ended_reason == "expired"


async def test_a_draft_expires_when_nobody_changes_it(stage: Stage) -> None:
    """Its timers are set when a warning is near, and a change then gives it more time."""
    customer = await stage.customer()
    forgotten, changed = [
        await rfis.copy(stage.world, customer, (await stage.submitted(customer)).id)
        for _ in range(2)
    ]
    stage.clock.advance(days=27)
    assert await lifetimes.set_missing(stage.world, None) >= 2
    assert len(await timers(stage, *rfi_timer_ids(forgotten.id))) == 2
    await rfis.revise(stage.world, customer, changed.id, 1, {"title": "Something else"})
    stage.clock.advance(days=3)

    due = await claim(stage, TimerKind.RFI_EXPIRY)
    outcomes = {timer.subject_id: await lifetimes.expire_rfi(stage.world, timer) for timer in due}

    assert outcomes == {forgotten.id: True, changed.id: False}
    ended = await rfi_of(stage, forgotten.id)
    assert (ended.state, ended.submitted_at) == (RfiState.WITHDRAWN, None)
    expiry = timer_id(TimerKind.RFI_EXPIRY, changed.id)
    assert (await timers(stage, expiry))[expiry].due_at == NOW + 57 * DAY


async def test_a_timer_that_comes_too_early_is_set_again(stage: Stage) -> None:
    """A clock that jumped, or a longer lifetime than before, ends nothing too early."""
    vendor = await stage.vendor()
    _, rfi, offer = await an_offer(stage, vendor)
    stage.clock.advance(days=300)
    early = await claim(stage, TimerKind.OFFER_EXPIRY) + await claim(stage, TimerKind.RFI_EXPIRY)
    stage.clock.advance(days=-300)

    for timer in early:
        end = lifetimes.expire_rfi if timer.subject_id == rfi.id else lifetimes.expire_match
        assert not await end(stage.world, timer)

    assert (await match_of(stage, offer.id)).state is MatchState.OFFERED
    again = await timers(stage, *(timer.id for timer in early))
    assert {timer.due_at for timer in again.values()} == {NOW + 3 * DAY, NOW + 90 * DAY}
    assert {timer.lease for timer in again.values()} == {None}


async def test_only_its_customer_extends_closes_and_copies_an_rfi(stage: Stage) -> None:
    """Others are told that it does not exist, and nothing changes."""
    customer, stranger = await stage.customer(), await stage.customer()
    vendor = await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    before = stage.store.tables.snapshot()

    for actor in (stranger, vendor):
        for attempt in (
            lifetimes.extend(stage.world, actor, rfi.id, rfi.revision, NOW + 91 * DAY),
            rfis.close(stage.world, actor, rfi.id, rfi.revision, CloseReason.OTHER),
            rfis.copy(stage.world, actor, rfi.id),
        ):
            assert await refused(attempt) is Code.NOT_FOUND

    assert stage.store.tables.snapshot() == before


async def test_an_extension_is_bounded(stage: Stage) -> None:
    """Later than the expiry, and within the lifetime of an open RFI from now on."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer, needed_by=NOW + 5 * DAY)

    async def extend(until: timedelta) -> Rfi:
        return await lifetimes.extend(stage.world, customer, rfi.id, rfi.revision, NOW + until)

    assert await refused(extend(5 * DAY)) is Code.VALIDATION_FAILED
    assert await refused(extend(91 * DAY)) is Code.VALIDATION_FAILED
    assert (await extend(90 * DAY)).expires_at == NOW + 90 * DAY
    assert await refused(extend(90 * DAY)) is Code.STALE_REVISION


async def test_an_extension_counts_from_the_expiry_that_a_row_of_the_version_before_has(
    stage: Stage,
) -> None:
    """The row has no `expires_at`; its `needed_by` decides."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer, needed_by=NOW + 5 * DAY)
    stage.store.tables.rfis[rfi.id] = replace(rfi, expires_at=None)

    too_early = lifetimes.extend(stage.world, customer, rfi.id, rfi.revision, NOW + 4 * DAY)

    assert await refused(too_early) is Code.VALIDATION_FAILED
