"""Who sees which part of an RFI: one table for every interface.

REST, the socket, the feed of changes, Kafka events, mail and SMS show an RFI only as these
functions return it. `docs/decisions/0026` explains why; ARCHITECTURE.md shows the table.

    own      the customer and admins      everything, from the first draft on
    full     a vendor that has accepted,  everything, from the submission on
             while its match is live
    limited  a vendor that was offered    area, rounded place, the budget if the customer shows it;
             the RFI, also once it ended  from the submission on
    (none)   everybody else               nothing: the RFI is not found
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from marketplace.domain.matches import Match, MatchState
from marketplace.domain.rfis import BudgetVisibility, Change, Revision, Rfi
from marketplace.places import rounded


class View(StrEnum):
    """How much of an RFI somebody sees."""

    OWN = "own"
    FULL = "full"
    LIMITED = "limited"


class Visibility(StrEnum):
    """What an app is told about its view: whether something is withheld from it."""

    FULL = "full"
    LIMITED = "limited"


class Rule(StrEnum):
    """What happens to a field in the limited view."""

    SHOWN = "shown"
    ROUNDED = "rounded"
    WITHHELD = "withheld"
    AS_THE_CUSTOMER_CHOSE = "as_the_customer_chose"


# Each field of an RFI in the limited view. A field that is missing here is withheld.
LIMITED: Mapping[str, Rule] = {
    **dict.fromkeys(
        (
            "id", "customer_id", "state", "revision", "category", "title", "description", "area",
            "needed_by", "budget_visibility", "max_vendors", "attributes", "attachment_ids",
            "created_at", "updated_at", "submitted_at", "awarded_quote_id", "awarded_vendor_id",
            "awarded_quote_revision", "is_award_outdated", "award_cancellable_until",
            "expires_at", "ended_reason",
        ),
        Rule.SHOWN,
    ),
    "location": Rule.ROUNDED,
    "address": Rule.WITHHELD,
    "budget": Rule.AS_THE_CUSTOMER_CHOSE,
}  # fmt: skip
# The values that consumers see instead of the real ones while an RFI has never been submitted; its
# other fields are as in the limited view.
_DRAFT_FIELDS: Mapping[str, Any] = {
    "title": "",
    "description": "",
    "area": None,
    "needed_by": None,
    "budget": None,
    "attributes": {},
    "attachment_ids": (),
}


@dataclass(frozen=True, slots=True)
class SeenRfi(Rfi):
    """An RFI in one view of it."""

    view: View = View.OWN

    @property
    def visibility(self) -> Visibility:
        """Whether something is withheld from the app that sees the RFI."""
        return Visibility.LIMITED if self.view is View.LIMITED else Visibility.FULL


def of_vendor(match: Match | None) -> View | None:
    """A vendor's view of the RFI of its match; None if it sees nothing."""
    if match is None or not match.shows_rfi:
        return None
    return View.FULL if match.state is MatchState.ACCEPTED else View.LIMITED


def seen(rfi: Rfi, view: View) -> SeenRfi:
    """The RFI in a view."""
    values = {rfi_field.name: getattr(rfi, rfi_field.name) for rfi_field in fields(Rfi)}
    if view is View.LIMITED:
        values |= {"location": rounded(rfi.location), "address": None}
        if rfi.budget_visibility is BudgetVisibility.HIDDEN:
            values["budget"] = None
    return SeenRfi(**values, view=view)


def seen_revision(revision: Revision, view: View) -> Revision:
    """A revision in a view: it keeps its number, and loses the changes that the view withholds."""
    if view is not View.LIMITED:
        return revision
    limited_changes = (_limited(change, revision.budget_visibility) for change in revision.changes)
    return replace(
        revision, changes=tuple(change for change in limited_changes if change is not None)
    )


def limited_push(revision: Mapping[str, Any]) -> dict[str, Any]:
    """A revision's JSON, as in `rfi.changed`, in the limited view."""
    limited_changes = (
        _limited(Change(**change), revision.get("budget_visibility", BudgetVisibility.HIDDEN))
        for change in revision["changes"]
    )
    changes = [
        {"path": change.path, "old": change.old, "new": change.new}
        for change in limited_changes
        if change is not None
    ]
    return {**revision, "changes": changes}


def for_consumers(rfi: Rfi, revision: Revision) -> tuple[Rfi, Revision]:
    """An RFI and its revision as events contain them.

    Consumers see that a withheld field has changed, since some act on it, but not its values.
    """
    limited = seen(rfi, View.LIMITED)
    is_secret = rfi.submitted_at is None  # drafts, and RFIs withdrawn as drafts
    if is_secret:
        limited = replace(limited, **_DRAFT_FIELDS)
    changes = tuple(
        Change(change.path, None, None)
        if is_secret and change.path != "state"
        else _limited(change, revision.budget_visibility) or Change(change.path, None, None)
        for change in revision.changes
    )
    return limited, replace(revision, changes=changes)


def _limited(change: Change, budget_visibility: str) -> Change | None:
    """A change in the limited view; None if the view withholds it."""
    rule = LIMITED.get(change.path.partition(".")[0], Rule.WITHHELD)
    if rule is Rule.SHOWN:
        return change
    if rule is Rule.AS_THE_CUSTOMER_CHOSE:
        return change if budget_visibility == BudgetVisibility.SHOWN else None
    if rule is Rule.ROUNDED:
        old, new = (rounded(place) if place else None for place in (change.old, change.new))
        return Change(change.path, old, new) if old != new else None
    return None
