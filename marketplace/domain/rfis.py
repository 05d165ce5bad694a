"""RFIs: draft, submit, revise, withdraw, award.

Every change makes a revision, numbered densely from 1, that tells field by field what was and what
is, who did it and why.  State changes are revisions too, so that the feed of an RFI is complete.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from marketplace.domain.accounts import Actor
from marketplace.errors import Code, ParleyError, invalid

# A change of one of these asks "who is closest" anew; the rest only has to be told.
MATCHING_FIELDS = frozenset({"category", "location", "max_vendors"})
# What a customer may write, and therefore what a revision can change besides the state.
CONTENT_FIELDS = (
    "category",
    "title",
    "description",
    "location",
    "area",
    "address",
    "needed_by",
    "budget",
    "budget_visibility",
    "max_vendors",
    "attributes",
    "attachment_ids",
)


# The revision that a command was decided on, or several of which any will do; None is for any at all.
Expected: TypeAlias = int | Set[int] | None


class RfiState(StrEnum):
    """A draft is seen by its customer alone; an open RFI is matched and quoted."""

    DRAFT = "draft"
    OPEN = "open"
    AWARDED = "awarded"
    WITHDRAWN = "withdrawn"


class BudgetVisibility(StrEnum):
    """Whether vendors see the budget before they accept; those who have accepted see it."""

    SHOWN = "shown"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds of what the customer means to pay, in minor units of one currency."""

    min_minor: int
    max_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Rfi:
    """A request for information as it stands at `revision`.

    `match_count` counts the matches that are offered or accepted while the RFI is open; it never passes
    `max_vendors`, and stays as it was when the RFI ends.
    """

    id: str
    customer_id: str
    state: RfiState
    revision: int
    category: str
    title: str
    description: str
    location: dict[str, Any]
    address: str | None
    needed_by: datetime | None
    budget: Budget | None
    max_vendors: int
    attributes: dict[str, Any]
    attachment_ids: tuple[str, ...]
    match_count: int
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None = None
    awarded_quote_id: str | None = None
    awarded_vendor_id: str | None = None
    # City or region, as the customer tells it to vendors that have not accepted yet.
    area: str | None = None
    budget_visibility: BudgetVisibility = BudgetVisibility.HIDDEN


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; `path` names it, with a dot into an object (`budget.currency`)."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Revision:
    """What one step changed, who did it and why.

    `budget_visibility` is `shown` when the budget was shown before the step and is shown after it.
    """

    rfi_id: str
    revision: int
    at: datetime
    actor_id: str
    actor_role: str
    cause: str
    changes: tuple[Change, ...]
    budget_visibility: BudgetVisibility = BudgetVisibility.HIDDEN

    def touches(self, fields: frozenset[str]) -> bool:
        """Whether one of the given top-level fields was changed."""
        return any(change.path.partition(".")[0] in fields for change in self.changes)


def draft(
    rfi_id: str, content: Mapping[str, Any], actor: Actor, now: datetime
) -> tuple[Rfi, Revision]:
    """A new draft, and its revision 1."""
    rfi = Rfi(
        id=rfi_id,
        customer_id=actor.account_id,
        state=RfiState.DRAFT,
        revision=1,
        match_count=0,
        created_at=now,
        updated_at=now,
        **content,
    )
    changes = tuple(
        change
        for name in CONTENT_FIELDS
        for change in _field_changes(name, None, getattr(rfi, name))
        if change.new not in (None, {}, ())
    )
    return rfi, Revision(rfi_id, 1, now, actor.account_id, actor.role, "drafted", changes)


def revise(
    rfi: Rfi, content: Mapping[str, Any], actor: Actor, now: datetime
) -> tuple[Rfi, Revision]:
    """The RFI with the given fields replaced.  A revision without changes means nothing differed.

    Raises:
        ParleyError: `wrong_state` when the RFI is closed; `validation_failed` when `max_vendors`
            falls below the vendors that are on it already, or `needed_by` lies in the past.
    """
    if rfi.state not in {RfiState.DRAFT, RfiState.OPEN}:
        raise ParleyError(Code.WRONG_STATE, f"The RFI is {rfi.state} and can no longer be changed.")
    if content.get("max_vendors", rfi.max_vendors) < rfi.match_count:
        raise invalid(
            "max_vendors",
            f"Must not be less than {rfi.match_count}, the number of vendors on this RFI.",
        )
    if content.get("needed_by") != rfi.needed_by:
        _require_future(content.get("needed_by"), now)
    return _next(rfi, actor, now, "revised", **content)


def submit(rfi: Rfi, actor: Actor, now: datetime) -> tuple[Rfi, Revision]:
    """The RFI open for matching.

    Raises:
        ParleyError: `wrong_state` unless it is a draft; `validation_failed` when `needed_by` lies
            in the past.
    """
    if rfi.state is not RfiState.DRAFT:
        raise ParleyError(
            Code.WRONG_STATE, f"The RFI is {rfi.state}; only a draft can be submitted."
        )
    _require_future(rfi.needed_by, now)
    return _next(rfi, actor, now, "submitted", state=RfiState.OPEN, submitted_at=now)


def withdraw(rfi: Rfi, actor: Actor, now: datetime) -> tuple[Rfi, Revision]:
    """The RFI taken back.

    Raises:
        ParleyError: `wrong_state` when it is closed already.
    """
    if rfi.state not in {RfiState.DRAFT, RfiState.OPEN}:
        raise ParleyError(Code.WRONG_STATE, f"The RFI is already {rfi.state}.")
    return _next(rfi, actor, now, "withdrawn", state=RfiState.WITHDRAWN)


def award(
    rfi: Rfi, quote_id: str, vendor_id: str, actor: Actor, now: datetime
) -> tuple[Rfi, Revision]:
    """The RFI given to one vendor.

    Raises:
        ParleyError: `wrong_state` unless it is open; so there is one award and no second.
    """
    if rfi.state is not RfiState.OPEN:
        raise ParleyError(
            Code.WRONG_STATE, f"The RFI is {rfi.state}; only an open RFI can be awarded."
        )
    return _next(
        rfi,
        actor,
        now,
        "awarded",
        state=RfiState.AWARDED,
        awarded_quote_id=quote_id,
        awarded_vendor_id=vendor_id,
    )


def require_revision(rfi: Rfi, expected: Expected) -> None:
    """Refuse a command that was decided on another revision.

    Raises:
        ParleyError: `stale_revision`, naming the current one.
    """
    if isinstance(expected, int):
        expected = {expected}
    if expected is not None and rfi.revision not in expected:
        named = ", ".join(map(str, sorted(expected))) or "one of the given ETags"
        raise ParleyError(
            Code.STALE_REVISION,
            f"The RFI is at revision {rfi.revision}, not {named}. "
            "Read it again and decide on the current revision.",
        )


def _require_future(needed_by: datetime | None, now: datetime) -> None:
    if needed_by is not None and needed_by <= now:
        raise invalid("needed_by", "Must be in the future.")


def _next(
    rfi: Rfi, actor: Actor, now: datetime, cause: str, **replaced: Any
) -> tuple[Rfi, Revision]:
    changes = tuple(
        change
        for name, new in replaced.items()
        for change in _field_changes(name, getattr(rfi, name), new)
    )
    number = rfi.revision + 1
    after = replace(rfi, **replaced, revision=number, updated_at=now)
    both = {rfi.budget_visibility, after.budget_visibility}
    shown = BudgetVisibility.SHOWN if both == {BudgetVisibility.SHOWN} else BudgetVisibility.HIDDEN
    revision = Revision(rfi.id, number, now, actor.account_id, actor.role, cause, changes, shown)
    return after, revision


def _field_changes(name: str, old: Any, new: Any) -> list[Change]:
    before, after = _parts(name, old), _parts(name, new)
    if before is None or after is None:
        return [] if old == new else [Change(name, _plain(old), _plain(new))]
    return [
        Change(f"{name}.{key}", before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if _differ(before.get(key), after.get(key))
    ]


def _differ(old: Any, new: Any) -> bool:
    """Whether two values are told apart in JSON; for Python 1, 1.0 and True are equal."""
    return old != new or type(old) is not type(new)


def _parts(name: str, value: Any) -> dict[str, Any] | None:
    """The parts that are told one by one; a place is one value, since half a point says nothing."""
    if isinstance(value, Budget):
        return {k: getattr(value, k) for k in ("min_minor", "max_minor", "currency")}
    return value if name == "attributes" and isinstance(value, dict) else None


def _plain(value: Any) -> Any:
    return _parts("", value) if isinstance(value, Budget) else value
