"""RFIs and the changes that their revisions record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain import awards, rfis
from marketplace.domain.awards import Award
from marketplace.domain.rfis import (
    CONTENT_FIELDS,
    MATCHING_FIELDS,
    Budget,
    Change,
    CloseReason,
    Revision,
    Rfi,
    RfiState,
)
from marketplace.errors import Code, ParleyError
from marketplace.schemas.rfis import RevisionView, RfiView
from tests.builders import NOW, a_place, an_actor, an_rfi, rfi_content

LATER = NOW + timedelta(hours=1)
AWARD = Award("q1", 1, "v1", cancellable_until=LATER)
CLOSED = [RfiState.AWARDED, RfiState.WITHDRAWN]


def test_a_draft_is_revision_one_of_its_author() -> None:
    """The first revision records each filled field as a change from nothing."""
    actor = an_actor()

    rfi, revision = rfis.draft("r1", rfi_content(address=None), actor, NOW)

    assert (rfi.state, rfi.revision, rfi.match_count) == (RfiState.DRAFT, 1, 0)
    assert rfi.customer_id == revision.actor_id == actor.account_id
    assert (revision.revision, revision.cause, revision.at) == (1, "drafted", NOW)
    assert {change.path for change in revision.changes} == {
        "category",
        "title",
        "description",
        "location",
        "budget_visibility",
        "max_vendors",
    }
    assert all(change.old is None for change in revision.changes)


def test_a_revision_lists_old_and_new_value_of_each_field() -> None:
    """Parts of a budget and attributes change one by one, a place as a whole."""
    rfi = an_rfi(attributes={"floor": 2, "has_parking": True})

    after, revision = rfis.revise(
        rfi,
        {
            "title": "Burst pipe",
            "budget": Budget(10_000, 90_000, "USD"),
            "attributes": {"floor": 3, "pets": "two cats"},
            "location": a_place(-105.0, 40.0),
        },
        an_actor(),
        LATER,
    )

    assert {change.path: (change.old, change.new) for change in revision.changes} == {
        "title": ("Leaking kitchen sink", "Burst pipe"),
        "budget.max_minor": (40_000, 90_000),
        "attributes.floor": (2, 3),
        "attributes.has_parking": (True, None),
        "attributes.pets": (None, "two cats"),
        "location": (a_place(), a_place(-105.0, 40.0)),
    }
    assert (after.revision, after.updated_at, after.title) == (2, LATER, "Burst pipe")


def test_an_added_or_removed_budget_is_one_change() -> None:
    """A budget that is added or removed is one change, since it has no parts to compare."""
    budget = Budget(1, 2, "USD")
    parts = {"min_minor": 1, "max_minor": 2, "currency": "USD"}

    _, came = rfis.revise(an_rfi(budget=None), {"budget": budget}, an_actor(), LATER)
    _, went = rfis.revise(an_rfi(budget=budget), {"budget": None}, an_actor(), LATER)

    assert came.changes == (Change("budget", None, parts),)
    assert went.changes == (Change("budget", parts, None),)


def test_revising_with_the_same_content_is_not_a_change() -> None:
    """Revising with the same content records no changes."""
    rfi = an_rfi()
    same = {name: getattr(rfi, name) for name in CONTENT_FIELDS}

    _, revision = rfis.revise(rfi, same, an_actor(), LATER)

    assert revision.changes == ()


@pytest.mark.parametrize(("old", "new"), [(1, True), (True, 1), (0, False), (1, 1.0)])
def test_values_that_differ_only_in_json_type_are_a_change(old: object, new: object) -> None:
    """Values that differ only in type, such as 1 and true, are a change."""
    rfi = an_rfi(attributes={"x": old})

    _, revision = rfis.revise(rfi, {"attributes": {"x": new}}, an_actor(), LATER)

    (change,) = revision.changes
    assert (type(change.old), type(change.new)) == (type(old), type(new))


@pytest.mark.parametrize("state", CLOSED)
def test_a_closed_rfi_cannot_change(state: RfiState) -> None:
    """A closed RFI cannot be revised, submitted, withdrawn or awarded."""
    rfi, actor = an_rfi(state=state), an_actor()
    attempts: list[Callable[[], object]] = [
        lambda: rfis.revise(rfi, {"title": "Other"}, actor, LATER),
        lambda: rfis.submit(rfi, actor, LATER),
        lambda: rfis.withdraw(rfi, actor, LATER),
        lambda: rfis.withdraw(rfi, actor, LATER, CloseReason.OTHER),
        lambda: rfis.withdraw(rfi, actor, LATER, rfis.EXPIRED),
        lambda: rfis.extend(rfi, LATER, LATER, actor, NOW),
        lambda: awards.award(rfi, AWARD, actor, LATER),
    ]

    for attempt in attempts:
        with pytest.raises(ParleyError) as refused:
            attempt()
        assert refused.value.code is Code.WRONG_STATE


def test_only_a_draft_is_submitted_and_only_an_open_rfi_awarded() -> None:
    """No step can be repeated or skipped."""
    draft, is_open, actor = an_rfi(state=RfiState.DRAFT), an_rfi(), an_actor()

    with pytest.raises(ParleyError, match="draft"):
        rfis.submit(is_open, actor, LATER)
    with pytest.raises(ParleyError, match="open"):
        awards.award(draft, AWARD, actor, LATER)


def test_state_changes_are_revisions() -> None:
    """An RFI's feed is complete: it includes submission, award and withdrawal."""
    draft, actor = an_rfi(state=RfiState.DRAFT, submitted_at=None), an_actor()

    opened, submitted = rfis.submit(draft, actor, LATER)
    given, awarded = awards.award(opened, AWARD, actor, LATER)
    gone, withdrawn = rfis.withdraw(draft, actor, LATER)

    assert (opened.state, opened.submitted_at, submitted.cause) == (
        RfiState.OPEN,
        LATER,
        "submitted",
    )
    assert (given.awarded_quote_id, given.awarded_vendor_id) == ("q1", "v1")
    assert {change.path for change in awarded.changes} == {
        "state",
        "awarded_quote_id",
        "awarded_quote_revision",
        "awarded_vendor_id",
        "award_cancellable_until",
    }
    assert (gone.state, withdrawn.changes) == (
        RfiState.WITHDRAWN,
        (Change("state", "draft", "withdrawn"),),
    )
    assert (opened.revision, given.revision) == (2, 3)


def test_max_vendors_cannot_fall_below_the_match_count() -> None:
    """`max_vendors` cannot fall below the number of matches."""
    rfi, actor = an_rfi(max_vendors=5, match_count=3), an_actor()

    lowered, _ = rfis.revise(rfi, {"max_vendors": 3}, actor, LATER)
    assert lowered.max_vendors == 3

    with pytest.raises(ParleyError) as refused:
        rfis.revise(rfi, {"max_vendors": 2}, actor, LATER)
    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["max_vendors"]


def test_a_decision_based_on_another_revision_is_stale() -> None:
    """The refusal names the current revision."""
    rfi = an_rfi(revision=7)

    rfis.require_revision(rfi, 7)
    with pytest.raises(ParleyError, match="revision 7, not 6") as refused:
        rfis.require_revision(rfi, 6)

    assert refused.value.code is Code.STALE_REVISION


@pytest.mark.parametrize(
    ("content", "asks_anew"),
    [
        ({"category": "roofing"}, True),
        ({"location": a_place(0, 0)}, True),
        ({"max_vendors": 9}, True),
        ({"title": "Other", "attributes": {"location": "attic"}}, False),
    ],
)
def test_a_revision_knows_whether_to_match_again(content: dict[str, Any], asks_anew: bool) -> None:
    """Only place, category and number of vendors decide who is matched."""
    _, revision = rfis.revise(an_rfi(attributes={}), content, an_actor(), LATER)

    changed = {change.path for change in revision.changes}
    assert bool(changed & MATCHING_FIELDS) is asks_anew


TEXT = st.text(min_size=1, max_size=8)
MOMENTS = st.integers(10**6, 10**9).map(lambda s: NOW + timedelta(seconds=s))
NUMBERS = st.integers(0, 3)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "category": st.sampled_from(["plumbing", "roofing"]),
    "title": TEXT,
    "description": TEXT,
    "location": st.builds(a_place, st.floats(-180, 180), st.floats(-90, 90)),
    "address": st.none() | TEXT,
    "needed_by": st.none() | MOMENTS,
    "budget": st.none() | st.builds(Budget, NUMBERS, NUMBERS, st.sampled_from(["USD", "EUR"])),
    "max_vendors": st.integers(1, 50),
    "attributes": st.dictionaries(
        st.sampled_from(["a", "b", "budget", "state"]),
        TEXT | st.booleans() | NUMBERS | st.floats(0, 2),
    ),
    "attachment_ids": st.lists(TEXT, max_size=2).map(tuple),
}


def _replayed(revisions: list[Revision]) -> dict[str, Any]:
    """The state of a feed's reader that starts with an empty RFI and applies every change."""
    state: dict[str, Any] = {"attributes": {}, "attachment_ids": []}
    for revision in revisions:
        view = orjson.loads(orjson.dumps(RevisionView().dump(revision)))
        for change in view["changes"]:
            name, _, part = change["path"].partition(".")
            if not part:
                if revision.revision > 1:
                    assert _same(state.get(name), change["old"])
                state[name] = change["new"]
                continue
            parts = state.setdefault(name, {})
            assert _same(parts.get(part), change["old"])
            if change["new"] is None:
                del parts[part]
            else:
                parts[part] = change["new"]
    return state


def _same(one: object, other: object) -> bool:
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        other, option=orjson.OPT_SORT_KEYS
    )


def _visible_content(rfi: Rfi) -> dict[str, Any]:
    """The RFI's content as apps see it, without empty fields."""
    view = orjson.loads(orjson.dumps(RfiView().dump(rfi)))
    return {name: view[name] for name in CONTENT_FIELDS if view[name] not in (None, {}, [])}


@given(
    first=st.fixed_dictionaries(FIELDS),
    edits=st.lists(st.fixed_dictionaries({}, optional=FIELDS), max_size=6),
)
def test_replaying_the_revisions_rebuilds_the_rfi(
    first: dict[str, Any], edits: list[dict[str, Any]]
) -> None:
    """The old state and the changes make the new state, through JSON, for any RFI and edits.

    Each change's old value equals the reader's state, so nothing is recorded twice or left out.
    """
    actor = an_actor()
    rfi, revision = rfis.draft("r1", first, actor, NOW)
    feed = [revision]
    for edit in edits:
        rfi, revision = rfis.revise(rfi, edit, actor, NOW)
        feed.append(revision)

    replayed = {
        name: value for name, value in _replayed(feed).items() if value not in (None, {}, [])
    }

    assert [revision.revision for revision in feed] == list(range(1, len(feed) + 1))
    assert _same(replayed, _visible_content(rfi))


@pytest.mark.parametrize("state", [RfiState.DRAFT, RfiState.OPEN])
def test_an_end_without_an_award_says_why(state: RfiState) -> None:
    """The state is the same for everybody who reads it; the reason and the cause tell more."""
    rfi, actor = an_rfi(state=state), an_actor()

    ends = [
        rfis.withdraw(rfi, actor, LATER),
        rfis.withdraw(rfi, actor, LATER, CloseReason.FOUND_ELSEWHERE),
        rfis.withdraw(rfi, actor, LATER, rfis.EXPIRED),
    ]

    assert {ended.state for ended, _ in ends} == {RfiState.WITHDRAWN}
    assert [(ended.ended_reason, revision.cause) for ended, revision in ends] == [
        (None, "withdrawn"),
        ("found_elsewhere", "closed"),
        ("expired", "expired"),
    ]
    assert Change("ended_reason", None, "expired") in ends[2][1].changes


def test_an_extension_is_a_change_of_the_expiry() -> None:
    """It must be later than the expiry so far, and not later than allowed."""
    rfi, actor = an_rfi(expires_at=LATER), an_actor()
    until, latest = LATER + timedelta(hours=1), LATER + timedelta(hours=2)

    extended, revision = rfis.extend(rfi, until, latest, actor, NOW)

    assert extended.expires_at == until
    assert revision.changes == (Change("expires_at", LATER, until),)
    assert revision.cause == "extended"
    for wrong in (LATER, NOW, latest + timedelta(milliseconds=1)):
        with pytest.raises(ParleyError) as refused:
            rfis.extend(rfi, wrong, latest, actor, NOW)
        assert [error.path for error in refused.value.errors] == ["until"]


def test_a_copy_has_the_content_and_no_past_date() -> None:
    """What a customer wrote is copied, and neither what became of it nor its attachments."""
    rfi = an_rfi(state=RfiState.AWARDED, needed_by=LATER, attachment_ids=("photo",))

    same = rfis.copied_content(rfi, NOW)
    late = rfis.copied_content(rfi, LATER)

    assert same == {name: getattr(rfi, name) for name in CONTENT_FIELDS} | {"attachment_ids": ()}
    assert late == same | {"needed_by": None}
