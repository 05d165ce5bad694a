"""RFIs: draft, submit, revise, extend, withdraw, close, expire; `awards.py` has the award.

Every change makes a revision, numbered densely from 1, with each field's old and new value, the
actor and the cause. State changes are revisions too, so that an RFI's feed is complete.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from marketplace.domain.accounts import Actor
from marketplace.errors import Code, ParleyError, invalid

MAX_VENDORS = 50
# A change to one of these runs the matching again; participants only need to hear of the others.
MATCHING_FIELDS = frozenset({"category", "location", "max_vendors"})
# The fields that a customer may write, and therefore all that a revision can change besides the
# state.
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
# A vendor's price depends on every field except these.
MATERIAL_FIELDS = frozenset(CONTENT_FIELDS) - {"title", "max_vendors", "budget_visibility"}


# The revision that a command was based on, or a set of acceptable ones; None accepts any.
Expected: TypeAlias = int | Set[int] | None


# What `ended_reason` says of an RFI that nobody ended.
EXPIRED = "expired"


class CloseReason(StrEnum):
    """Why a customer closes an RFI without an award."""

    FOUND_ELSEWHERE = "found_elsewhere"
    NOT_NEEDED = "not_needed"
    NO_FITTING_QUOTE = "no_fitting_quote"
    OTHER = "other"


class RfiState(StrEnum):
    """Only the customer sees a draft; an open RFI is matched and quoted.

    An RFI that its customer closed or that expired is `withdrawn` too, and `ended_reason` says why
    (docs/decisions/0042).
    """

    DRAFT = "draft"
    OPEN = "open"
    AWARDED = "awarded"
    WITHDRAWN = "withdrawn"


class BudgetVisibility(StrEnum):
    """Whether vendors see the budget before they accept; after that they always see it."""

    SHOWN = "shown"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Budget:
    """The lower and upper bound of what the customer will pay, in minor units of one currency."""

    min_minor: int
    max_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Rfi:
    """A request for information, at `revision`.

    `match_count` counts the offered and accepted matches while the RFI is open; it never exceeds
    `max_vendors`, and keeps its value when the RFI ends. `expires_at` follows from the state and
    the other fields until the customer extends it; it is None once the RFI has ended, and in rows
    that the previous version wrote (see `lifetimes.rfi_wait`).
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
    # City or region, as the customer describes it to vendors that have not accepted yet.
    area: str | None = None
    budget_visibility: BudgetVisibility = BudgetVisibility.HIDDEN
    expires_at: datetime | None = None
    ended_reason: str | None = None
    awarded_quote_revision: int | None = None
    # Whether the RFI had changed since the awarded quote, and its vendor had not confirmed it.
    is_award_outdated: bool = False
    award_cancellable_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field's old and new value; `path` leads to it, with dots (`budget.currency`)."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Revision:
    """What one step changed, who did it and why.

    `budget_visibility` is `shown` if the budget was shown both before and after the step.
    """

    rfi_id: str
    revision: int
    at: datetime
    actor_id: str
    actor_role: str
    cause: str
    changes: tuple[Change, ...]
    budget_visibility: BudgetVisibility = BudgetVisibility.HIDDEN


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
    """The RFI with the given fields replaced. If nothing differs, the revision has no changes.

    Raises:
        ParleyError: `wrong_state` if the RFI has ended; `validation_failed` if `max_vendors` falls
            below the number of vendors already on it, or `needed_by` is in the past.
    """
    _require_unfinished(rfi)
    if content.get("max_vendors", rfi.max_vendors) < rfi.match_count:
        raise invalid(
            "max_vendors",
            f"Must not be less than {rfi.match_count}, the number of vendors on this RFI.",
        )
    if content.get("needed_by") != rfi.needed_by:
        _require_future(content.get("needed_by"), now)
    return next_revision(rfi, actor, now, "revised", **content)


def submit(rfi: Rfi, actor: Actor, now: datetime) -> tuple[Rfi, Revision]:
    """The RFI opened for matching.

    Raises:
        ParleyError: `wrong_state` unless it is a draft; `validation_failed` if `needed_by` is in
            the past.
    """
    if rfi.state is not RfiState.DRAFT:
        raise ParleyError(
            Code.WRONG_STATE, f"The RFI is {rfi.state}; only a draft can be submitted."
        )
    _require_future(rfi.needed_by, now)
    return next_revision(rfi, actor, now, "submitted", state=RfiState.OPEN, submitted_at=now)


def extend(
    rfi: Rfi, until: datetime, latest: datetime, actor: Actor, now: datetime
) -> tuple[Rfi, Revision]:
    """The RFI with a later expiry.

    Raises:
        ParleyError: `wrong_state` if the RFI has ended; `validation_failed` unless `until` is later
            than the present expiry, and at most `latest`.
    """
    _require_unfinished(rfi)
    if until <= max(rfi.expires_at or now, now):
        raise invalid("until", "Must be in the future, and later than `expires_at`.")
    if until > latest:
        raise invalid("until", f"Must not be later than {latest.isoformat(timespec='seconds')}.")
    return next_revision(rfi, actor, now, "extended", expires_at=until)


def withdraw(
    rfi: Rfi, actor: Actor, now: datetime, reason: str | None = None
) -> tuple[Rfi, Revision]:
    """The RFI after it ended without an award: withdrawn, closed with a `CloseReason`, or expired.

    Raises:
        ParleyError: `wrong_state` if it has already ended.
    """
    _require_unfinished(rfi)
    cause = "withdrawn" if reason is None else "expired" if reason == EXPIRED else "closed"
    return next_revision(rfi, actor, now, cause, state=RfiState.WITHDRAWN, ended_reason=reason)


def expiring(rfi: Rfi, revision: Revision, expires_at: datetime | None) -> tuple[Rfi, Revision]:
    """The RFI with this expiry, and its revision with the difference."""
    changes = _field_changes("expires_at", rfi.expires_at, expires_at)
    revision = replace(revision, changes=(*revision.changes, *changes))
    return replace(rfi, expires_at=expires_at), revision


def copied_content(rfi: Rfi, now: datetime) -> dict[str, Any]:
    """The content for a new draft like this RFI, without a `needed_by` in the past.

    The attachments are left out: each belongs to one RFI.
    """
    content = {name: getattr(rfi, name) for name in CONTENT_FIELDS} | {"attachment_ids": ()}
    if rfi.needed_by is not None and rfi.needed_by <= now:
        content["needed_by"] = None
    return content


def next_revision(
    rfi: Rfi, actor: Actor, now: datetime, cause: str, **replaced: Any
) -> tuple[Rfi, Revision]:
    """The RFI with these fields replaced, and the revision that says what differs."""
    changes = tuple(
        change
        for name, new in replaced.items()
        for change in _field_changes(name, getattr(rfi, name), new)
    )
    number = rfi.revision + 1
    after = replace(rfi, **replaced, revision=number, updated_at=now)
    visibilities = {rfi.budget_visibility, after.budget_visibility}
    visibility = (
        BudgetVisibility.SHOWN
        if visibilities == {BudgetVisibility.SHOWN}
        else BudgetVisibility.HIDDEN
    )
    revision = Revision(
        rfi.id, number, now, actor.account_id, actor.role, cause, changes, visibility
    )
    return after, revision


def material_fields(paths: Iterable[str]) -> list[str]:
    """Which of the changed paths can change a vendor's price, as names of fields."""
    changed = {path.partition(".")[0] for path in paths}
    return [name for name in CONTENT_FIELDS if name in changed & MATERIAL_FIELDS]


def require_revision(rfi: Rfi, expected: Expected) -> None:
    """Refuse a command that was based on another revision.

    Raises:
        ParleyError: `stale_revision`, naming the current one.
    """
    if isinstance(expected, int):
        expected = {expected}
    if expected is not None and rfi.revision not in expected:
        expected_text = ", ".join(map(str, sorted(expected))) or "one of the given ETags"
        raise ParleyError(
            Code.STALE_REVISION,
            f"The RFI is at revision {rfi.revision}, not {expected_text}. "
            "Read it again and decide on the current revision.",
        )


def _require_unfinished(rfi: Rfi) -> None:
    if rfi.state not in {RfiState.DRAFT, RfiState.OPEN}:
        raise ParleyError(Code.WRONG_STATE, f"The RFI is {rfi.state} and can no longer be changed.")


def _require_future(needed_by: datetime | None, now: datetime) -> None:
    if needed_by is not None and needed_by <= now:
        raise invalid("needed_by", "Must be in the future.")


def _field_changes(name: str, old: Any, new: Any) -> list[Change]:
    before, after = _parts(name, old), _parts(name, new)
    if before is None or after is None:
        return [] if old == new else [Change(name, _as_json(old), _as_json(new))]
    return [
        Change(f"{name}.{key}", before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if _differ(before.get(key), after.get(key))
    ]


def _differ(old: Any, new: Any) -> bool:
    """Whether JSON distinguishes two values; to Python, 1, 1.0 and True are equal."""
    return old != new or type(old) is not type(new)


def _parts(name: str, value: Any) -> dict[str, Any] | None:
    """The parts to compare one by one; a place is one value: half a point means nothing."""
    if isinstance(value, Budget):
        return {part: getattr(value, part) for part in ("min_minor", "max_minor", "currency")}
    return value if name == "attributes" and isinstance(value, dict) else None


def _as_json(value: Any) -> Any:
    return _parts("", value) if isinstance(value, Budget) else value
