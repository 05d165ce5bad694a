"""Rows without timers, or with one for another moment, get what their state asks for."""

from datetime import timedelta

from marketplace.actions import lifetimes
from marketplace.domain.lifetimes import (
    MOST_NOTICE,
    answer_timer_ids,
    match_timer_ids,
    offer_timer_ids,
    rfi_timer_ids,
)
from marketplace.domain.matches import MatchState
from marketplace.domain.rfis import RfiState
from marketplace.domain.timers import TimerKind, timer_id
from tests.builders import NOW, a_match, a_revision, an_rfi
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.waiting import claim, rfi_of, timers
from tests.rows import a_timer

DAY = timedelta(days=1)


async def test_rows_of_the_version_before_get_their_timers(stage: Stage) -> None:
    """It writes no timers and no expiry; a sweep sets what follows from the state."""
    open_rfi, draft = an_rfi(), an_rfi(state=RfiState.DRAFT, updated_at=NOW - 28 * DAY)
    ended = an_rfi(state=RfiState.AWARDED)
    for rfi in (open_rfi, draft, ended):
        await stage.store.rfis.add(rfi, a_revision(rfi))
    offer, declined = a_match(), a_match(state=MatchState.DECLINED)
    accepted = a_match(state=MatchState.ACCEPTED, rfi_id=open_rfi.id, conversation_id="c1")
    for match in (offer, declined, accepted):
        await stage.store.matches.add(match)

    assert await lifetimes.set_missing(stage.world, None) == 4
    assert await lifetimes.set_missing(stage.world, None) == 0

    expected = {
        *rfi_timer_ids(open_rfi.id),
        *rfi_timer_ids(draft.id),
        *offer_timer_ids(offer.id),
        *answer_timer_ids(accepted.id),
    }
    ids = [row.id for row in (open_rfi, draft, ended)]
    every = [id_ for rfi_id in ids for id_ in rfi_timer_ids(rfi_id)]
    every += [id_ for match in (offer, declined, accepted) for id_ in match_timer_ids(match.id)]
    assert set(await timers(stage, *every)) == expected


async def test_a_sweep_looks_at_what_has_changed_since(stage: Stage) -> None:
    """It corrects a timer that stands at another moment, and does not look further back."""
    old, moved = an_rfi(updated_at=NOW - DAY), an_rfi(needed_by=NOW + 9 * DAY)
    for rfi in (old, moved):
        await stage.store.rfis.add(rfi, a_revision(rfi))
    await stage.store.timers.set_many(
        [a_timer(kind=TimerKind.RFI_EXPIRY, subject_id=moved.id, due_at=NOW + DAY)]
    )

    assert await lifetimes.set_missing(stage.world, NOW - DAY / 2) == 1

    expiry = timer_id(TimerKind.RFI_EXPIRY, moved.id)
    assert (await timers(stage, expiry))[expiry].due_at == NOW + 9 * DAY
    assert await timers(stage, *rfi_timer_ids(old.id)) == {}


async def test_an_acceptance_from_before_the_update_stays(stage: Stage) -> None:
    """It has waited for longer than it may today, and nobody was warned."""
    rfi = an_rfi()
    await stage.store.rfis.add(rfi, a_revision(rfi))
    accepted = a_match(
        state=MatchState.ACCEPTED,
        rfi_id=rfi.id,
        conversation_id="c1",
        updated_at=NOW - stage.world.policy.answer_lifetime - DAY,
    )
    await stage.store.matches.add(accepted)

    await lifetimes.set_missing(stage.world, None)

    assert await timers(stage, *match_timer_ids(accepted.id)) == {}


async def test_an_rfi_that_was_overdue_before_the_update_gets_time_for_a_warning(
    stage: Stage,
) -> None:
    """An RFI that never had a timer gets three more days, told as an extension."""
    late = an_rfi(needed_by=NOW - 9 * DAY, updated_at=NOW - 20 * DAY)
    await stage.store.rfis.add(late, a_revision(late))

    await lifetimes.set_missing(stage.world, None)

    extended = await rfi_of(stage, late.id)
    assert (extended.state, extended.expires_at) == (RfiState.OPEN, NOW + MOST_NOTICE)
    assert stage.live.named("rfi.changed")[-1].data["cause"] == "extended"
    due = await timers(stage, *rfi_timer_ids(late.id))
    assert {timer.due_at for timer in due.values()} == {
        NOW + MOST_NOTICE,
        NOW + MOST_NOTICE - MOST_NOTICE / 4,
    }
    stage.clock.advance(days=3)
    (expiry,) = await claim(stage, TimerKind.RFI_EXPIRY)
    assert await lifetimes.expire_rfi(stage.world, expiry)
