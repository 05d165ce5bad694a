"""RFIs as customers write them and as apps see them."""

import pytest

from marketplace.domain.rfis import CONTENT_FIELDS, Budget
from marketplace.errors import ParleyError
from marketplace.schemas.rfis import DraftRfi, ReviseRfi, RevisionView, RfiView
from tests.builders import NOW, a_place, a_revision, an_rfi

LEAST = {"category": "plumbing", "title": "Leak", "description": "Drips.", "location": a_place()}


def test_a_draft_needs_four_fields_and_has_defaults_for_the_rest() -> None:
    """Omitted fields are empty, and five vendors are asked."""
    read = DraftRfi().read(LEAST)

    assert set(read) == set(CONTENT_FIELDS)
    assert (read["max_vendors"], read["attributes"], read["attachment_ids"]) == (5, {}, [])
    assert read["address"] is read["needed_by"] is read["budget"] is None


@pytest.mark.parametrize("missing", LEAST)
def test_a_draft_without_a_required_field_is_refused(missing: str) -> None:
    """The refusal names the missing field."""
    with pytest.raises(ParleyError, match=missing):
        DraftRfi().read({name: value for name, value in LEAST.items() if name != missing})


def test_a_revision_may_omit_any_field() -> None:
    """An omitted field stays unchanged; null empties it."""
    assert ReviseRfi().read({}) == {}
    assert ReviseRfi().read({"budget": None}) == {"budget": None}
    with pytest.raises(ParleyError, match="title"):
        ReviseRfi().read({"title": None})


@pytest.mark.parametrize("name", ["state", "revision", "id", "customer_id", "match_count"])
def test_customers_cannot_write_computed_fields(name: str) -> None:
    """Drafts and revisions cannot set the state, the revision number or the match count."""
    for schema in (DraftRfi(), ReviseRfi()):
        with pytest.raises(ParleyError, match=name):
            schema.read({**LEAST, name: 1})


@pytest.mark.parametrize(
    ("budget", "at_fault"),
    [
        ({"min_minor": 2, "max_minor": 1, "currency": "USD"}, "budget.max_minor"),
        ({"min_minor": -1, "max_minor": 1, "currency": "USD"}, "budget.min_minor"),
        ({"min_minor": 1, "max_minor": 1}, "budget.currency"),
        ({"min_minor": 1, "max_minor": 1.5, "currency": "USD"}, "budget.max_minor"),
    ],
)
def test_a_budget_is_two_ordered_amounts_of_one_currency(
    budget: dict[str, object], at_fault: str
) -> None:
    """The error's path points into the budget."""
    with pytest.raises(ParleyError) as refused:
        DraftRfi().read(LEAST | {"budget": budget})

    assert [error.path for error in refused.value.errors] == [at_fault]


def test_an_rfi_is_shown_in_the_contracts_form() -> None:
    """Times are text, places GeoJSON, money in minor units; the match count is not shown."""
    view = RfiView().dump(an_rfi(budget=Budget(1, 2, "USD"), needed_by=NOW))

    assert view["needed_by"] == view["created_at"] == "2040-05-17T09:30:00.000Z"
    assert view["location"] == a_place()
    assert view["budget"] == {"min_minor": 1, "max_minor": 2, "currency": "USD"}
    assert view["state"] == "open"
    assert "match_count" not in view
    assert RfiView().load(view)["needed_by"] == NOW


def test_a_revision_shows_its_actor_changes_and_reason() -> None:
    """A revision has the form of `rfi.changed`: the actor as an object, old and new values."""
    rfi = an_rfi()

    view = RevisionView().dump(a_revision(rfi))

    assert view == {
        "rfi_id": rfi.id,
        "revision": 1,
        "at": "2040-05-17T09:30:00.000Z",
        "actor": {"account_id": rfi.customer_id, "role": "customer"},
        "cause": "drafted",
        "budget_visibility": "hidden",
        "changes": [{"path": "title", "old": None, "new": rfi.title}],
    }
