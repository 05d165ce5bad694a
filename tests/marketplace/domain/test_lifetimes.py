"""How long things wait, and which timers follow from that."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from marketplace.domain import decisions, lifetimes, rfis
from marketplace.domain.lifetimes import EXPIRY, MOST_NOTICE, Wait
from marketplace.domain.matches import MatchState
from marketplace.domain.policy import Policy
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.domain.timers import TimerKind
from tests.builders import (
    NOW,
    a_match,
    a_revision,
    an_accepted_match,
    an_actor,
    an_rfi,
    rfi_content,
)

POLICY = Policy()
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CARLA = an_actor()


def a_draft(**named: object) -> Rfi:
    """A draft that was never extended, as the previous version writes it."""
    return an_rfi(**{"state": RfiState.DRAFT, "submitted_at": None, "needed_by": None, **named})


def renewed(before: Rfi | None, after: Rfi) -> Rfi:
    """The changed RFI with its new expiry."""
    return lifetimes.renewed(before, after, a_revision(after), POLICY)[0]


@pytest.mark.parametrize(
    ("rfi", "until"),
    [
        (a_draft(), NOW + 30 * DAY),
        (a_draft(needed_by=NOW + DAY), NOW + 30 * DAY),
        (a_draft(expires_at=NOW + 40 * DAY), NOW + 40 * DAY),
        (an_rfi(needed_by=NOW + 7 * DAY), NOW + 7 * DAY),
        (an_rfi(needed_by=None), NOW + 90 * DAY),
        (an_rfi(needed_by=NOW + 7 * DAY, expires_at=NOW + 9 * DAY), NOW + 9 * DAY),
    ],
)
def test_the_wait_of_an_rfi_follows_from_its_state(rfi: Rfi, until: datetime) -> None:
    """What the customer chose counts; otherwise the state, `needed_by` and the last change."""
    wait = lifetimes.rfi_wait(rfi, POLICY)

    assert wait == Wait(NOW, until)


@pytest.mark.parametrize("state", [RfiState.AWARDED, RfiState.WITHDRAWN])
def test_an_rfi_that_ended_waits_for_nobody(state: RfiState) -> None:
    """It has no timers either."""
    assert lifetimes.rfi_wait(an_rfi(state=state), POLICY) is None
    assert lifetimes.timers_of_rfi(an_rfi(state=state), POLICY) == []


def test_an_offer_and_an_acceptance_wait_for_three_days() -> None:
    """An acceptance waits from its own moment on, whenever the offer was made."""
    accepted = an_accepted_match(offered_at=NOW - DAY, updated_at=NOW)

    assert lifetimes.match_wait(a_match(), POLICY) == Wait(NOW, NOW + 3 * DAY)
    assert lifetimes.match_wait(accepted, POLICY) == Wait(NOW, NOW + 3 * DAY)


@pytest.mark.parametrize("state", [MatchState.DECLINED, MatchState.CLOSED])
def test_a_match_that_ended_has_no_timers(state: MatchState) -> None:
    """Nothing is waited for."""
    assert lifetimes.timers_of_match(an_accepted_match(state=state), POLICY) == []


@pytest.mark.parametrize(
    ("lasts", "notice"),
    [(30 * DAY, MOST_NOTICE), (3 * DAY, 18 * HOUR), (8 * HOUR, 2 * HOUR)],
)
def test_a_warning_comes_in_time(lasts: timedelta, notice: timedelta) -> None:
    """When a quarter of the time is left, at most three days before the end."""
    assert Wait(NOW, NOW + lasts).warned_at == NOW + lasts - notice


def test_the_timers_of_a_state_are_its_end_and_its_warning() -> None:
    """Each state of a match has kinds of its own, so that an acceptance ends those of the offer."""
    of_offer = lifetimes.timers_of_match(a_match(id="m1"), POLICY)
    of_acceptance = lifetimes.timers_of_match(an_accepted_match(id="m1"), POLICY)
    of_rfi = lifetimes.timers_of_rfi(an_rfi(id="r1"), POLICY)

    assert [timer.kind for timer in of_offer] == [TimerKind.OFFER_EXPIRY, TimerKind.OFFER_WARNING]
    assert [timer.kind for timer in of_acceptance] == [
        TimerKind.ANSWER_EXPIRY,
        TimerKind.ANSWER_WARNING,
    ]
    assert [timer.id for timer in of_rfi] == lifetimes.rfi_timer_ids("r1")
    assert [timer.id for timer in of_offer] == lifetimes.offer_timer_ids("m1")
    assert [timer.id for timer in of_acceptance] == lifetimes.answer_timer_ids("m1")
    assert of_rfi[0].due_at == NOW + 7 * DAY


def test_a_change_of_a_draft_gives_it_more_time_and_never_less() -> None:
    """A draft expires 30 days after its last change, or later if its customer extended it."""
    new = renewed(None, a_draft())
    changed = renewed(new, replace(new, updated_at=NOW + DAY))
    extended = replace(new, expires_at=NOW + 60 * DAY)
    changed_later = renewed(extended, replace(extended, updated_at=NOW + DAY))

    assert new.expires_at == NOW + 30 * DAY
    assert changed.expires_at == NOW + 31 * DAY
    assert changed_later.expires_at == NOW + 60 * DAY


def test_an_open_rfi_expires_when_it_was_needed_unless_it_was_extended() -> None:
    """Submission and a new `needed_by` decide; other changes leave the expiry as it is."""
    draft = renewed(None, a_draft(needed_by=NOW + 5 * DAY))
    submitted = renewed(draft, rfis.submit(draft, an_actor(), NOW)[0])
    extended = replace(submitted, expires_at=NOW + 9 * DAY)
    retitled = renewed(extended, replace(extended, title="Other"))
    moved = renewed(retitled, replace(retitled, needed_by=NOW + 6 * DAY))
    undated = renewed(moved, replace(moved, needed_by=None))

    expiries = [rfi.expires_at for rfi in (submitted, retitled, moved, undated)]
    assert expiries == [NOW + days * DAY for days in (5, 9, 6, 90)]


def test_a_revision_names_the_new_expiry_unless_it_is_a_drafts() -> None:
    """Whoever applies the changes of an open RFI has its expiry; a draft's moves with each change."""
    draft, drafted = lifetimes.renewed(None, *rfis.draft("r1", rfi_content(), CARLA, NOW), POLICY)
    opened, submitted = lifetimes.renewed(draft, *rfis.submit(draft, CARLA, NOW), POLICY)
    revised = rfis.revise(opened, {"needed_by": NOW + 5 * DAY}, CARLA, NOW)
    _, moved = lifetimes.renewed(opened, *revised, POLICY)

    assert "expires_at" not in {change.path for change in drafted.changes}
    new = {change.path: change.new for change in submitted.changes}
    assert new["expires_at"] == NOW + 90 * DAY
    assert {change.path for change in moved.changes} == {"needed_by", "expires_at"}


def test_an_rfi_of_the_version_before_keeps_its_expiry_through_a_change() -> None:
    """A row without `expires_at` is judged by its other fields, before and after."""
    old = an_rfi(needed_by=None, submitted_at=NOW - 10 * DAY)

    changed = renewed(old, replace(old, title="Other"))

    assert changed.expires_at == NOW + 80 * DAY


@pytest.mark.parametrize(
    ("at", "is_answered", "is_expired"),
    [
        (NOW - timedelta(milliseconds=1), False, False),
        (NOW, False, True),
        (NOW + DAY, False, True),
        (NOW + DAY, True, False),
    ],
)
def test_expiry_is_decided_by_the_moment_and_the_answer(
    at: datetime, is_answered: bool, is_expired: bool
) -> None:
    """The decision has all that it was made from, and recomputes equal."""
    inputs = lifetimes.expiry_inputs(Wait(NOW - DAY, NOW), at, is_answered=is_answered)

    decision = decisions.take(EXPIRY, "d1", "m1", inputs, an_actor(), at)

    assert decision.outcome == {"is_expired": is_expired}
    assert EXPIRY.decide(decision.inputs).outcome == decision.outcome
