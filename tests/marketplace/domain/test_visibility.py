"""Who sees which fields of an RFI."""

from dataclasses import fields, replace
from typing import Any

import pytest

from marketplace.domain import visibility
from marketplace.domain.matches import NO_LONGER_SUITABLE, Match, MatchState
from marketplace.domain.rfis import Budget, BudgetVisibility, Change, Rfi, RfiState
from marketplace.domain.visibility import LIMITED, Rule, View
from marketplace.schemas.rfis import RevisionView, RfiView
from tests.builders import a_match, a_place, a_revision, an_accepted_match, an_rfi

SHOWN, HIDDEN = BudgetVisibility.SHOWN, BudgetVisibility.HIDDEN
PLACES = Change("location", a_place(-104.99031, 39.73921), a_place(-104.97512, 39.71111))
NEXT_DOOR = Change("location", a_place(-104.99031, 39.73921), a_place(-104.99032, 39.73922))
ADDRESS = Change("address", "1437 Bannock St", "12 Elm St")
BUDGET = Change("budget.max_minor", 40_000, 90_000)
TITLE = Change("title", "A leak", "Two leaks")


def test_every_field_of_an_rfi_has_a_rule() -> None:
    """Each new field needs a rule; a field without one is withheld."""
    shown = set(RfiView().fields) - {"visibility"}

    assert set(LIMITED) == shown
    assert shown <= {field.name for field in fields(Rfi)}


@pytest.mark.parametrize(
    ("match", "view"),
    [
        (None, None),
        (a_match(), View.LIMITED),
        (an_accepted_match(), View.FULL),
        (a_match(state=MatchState.DECLINED), None),
        (a_match(state=MatchState.CLOSED, closed_reason=NO_LONGER_SUITABLE), None),
        (a_match(state=MatchState.CLOSED, closed_reason="rfi_withdrawn"), View.LIMITED),
        (an_accepted_match(state=MatchState.CLOSED, closed_reason="rfi_awarded"), View.LIMITED),
    ],
)
def test_a_vendors_view_follows_from_its_match(match: Match | None, view: View | None) -> None:
    """A vendor sees everything while its match is accepted, and only the area before or after."""
    assert visibility.of_vendor(match) is view


@pytest.mark.parametrize("state", [RfiState.OPEN, RfiState.WITHDRAWN, RfiState.AWARDED])
def test_the_limited_view_has_no_address_and_no_hidden_budget(state: RfiState) -> None:
    """It has no address, a rounded place, and the budget only if the customer shows it."""
    rfi = an_rfi(
        location=a_place(-104.99031, 39.73921),
        budget=Budget(1, 2, "USD"),
        area="Denver",
        state=state,
    )

    hidden = visibility.seen(rfi, View.LIMITED)
    shown = visibility.seen(replace(rfi, budget_visibility=SHOWN), View.LIMITED)

    assert hidden.location == a_place(-104.99, 39.74)
    assert (hidden.address, hidden.budget, hidden.area) == (None, None, "Denver")
    assert shown.budget == rfi.budget
    kept = [name for name, rule in LIMITED.items() if rule is Rule.SHOWN]
    assert [getattr(hidden, name) for name in kept] == [getattr(rfi, name) for name in kept]
    assert RfiView().dump(hidden)["visibility"] == "limited"


@pytest.mark.parametrize("view", [View.OWN, View.FULL])
def test_the_other_views_are_complete(view: View) -> None:
    """The other views are complete, and marked as full."""
    rfi = an_rfi()

    shown = RfiView().dump(visibility.seen(rfi, view))

    assert shown == RfiView().dump(rfi)
    assert shown["visibility"] == "full"


@pytest.mark.parametrize(
    ("change", "budget_visibility", "shown"),
    [
        (TITLE, HIDDEN, TITLE),
        (ADDRESS, HIDDEN, None),
        (BUDGET, HIDDEN, None),
        (BUDGET, SHOWN, BUDGET),
        (NEXT_DOOR, HIDDEN, None),
        (PLACES, HIDDEN, Change("location", a_place(-104.99, 39.74), a_place(-104.98, 39.71))),
        (Change("something_new", 1, 2), SHOWN, None),
    ],
)
def test_changes_of_withheld_fields_are_not_shown(
    change: Change, budget_visibility: BudgetVisibility, shown: Change | None
) -> None:
    """Feed and push withhold the same changes; the revision keeps its number."""
    rfi = an_rfi(revision=7)
    revision = a_revision(rfi, changes=(change,), budget_visibility=budget_visibility)

    seen = visibility.seen_revision(revision, View.LIMITED)
    pushed = visibility.limited_push(RevisionView().dump(revision))

    assert seen.revision == 7
    assert seen.changes == (() if shown is None else (shown,))
    assert pushed == RevisionView().dump(seen)
    assert visibility.seen_revision(revision, View.FULL) == revision


def test_a_push_of_the_previous_version_hides_the_budget() -> None:
    """A push of the previous version does not say whether the customer shows the budget."""
    push: dict[str, Any] = RevisionView().dump(a_revision(an_rfi(), changes=(BUDGET, TITLE)))
    del push["budget_visibility"]

    assert [change["path"] for change in visibility.limited_push(push)["changes"]] == ["title"]


def test_consumers_get_the_paths_of_withheld_changes_without_values() -> None:
    """Consumers get the paths of withheld changes, since matching and mails depend on them."""
    rfi = an_rfi(location=a_place(-104.99031, 39.73921))
    revision = a_revision(rfi, changes=(TITLE, ADDRESS, BUDGET, PLACES, NEXT_DOOR))

    shown, step = visibility.for_consumers(rfi, revision)

    assert (shown.address, shown.budget) == (None, None)
    assert shown.location == a_place(-104.99, 39.74)
    assert [change.path for change in step.changes] == [change.path for change in revision.changes]
    assert step.changes[0] == TITLE
    assert step.changes[1:3] == (
        Change("address", None, None),
        Change("budget.max_minor", None, None),
    )
    assert "39.739" not in str(step)


def test_events_of_a_draft_have_no_content() -> None:
    """Events of a draft have no content, since it may be removed before the submission."""
    rfi = an_rfi(state=RfiState.DRAFT, submitted_at=None, attributes={"alarm_code": "4711"})
    revision = a_revision(rfi, changes=(Change("attributes.alarm_code", None, "4711"), TITLE))

    shown, step = visibility.for_consumers(rfi, revision)

    assert (shown.title, shown.description, shown.attributes) == ("", "", {})
    assert all(change.new is None for change in step.changes)
