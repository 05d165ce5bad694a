"""Erasures: an account is gone at once, and what others see of it loses the person soon after."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from marketplace.domain.accounts import Role
from marketplace.domain.decisions import Decision
from marketplace.domain.rfis import Change, Revision, Rfi
from marketplace.places import rounded

DELETED_ACCOUNT = "Deleted account"
# An access token works for up to ten seconds after its log-in ended (rest/sessions.py), so a last
# request may still create something. A run after this time finds it.
SETTLED_AFTER = timedelta(minutes=1)
# A process that works on an erasure renews nothing: another takes over after this time.
LEASE = timedelta(minutes=2)
LOOK_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record that an account was erased; `id` was the account's.

    It stays: it says that the account must not come back, and has nothing personal in it. `due_at`
    is when the next run may begin, None after the last one.
    """

    id: str
    role: Role
    requested_at: datetime
    due_at: datetime | None
    finished_at: datetime | None = None


def rfi_without_person(rfi: Rfi) -> Rfi:
    """The RFI as it stays: what was asked for, without the exact place and the free-form details.

    Of an RFI that was never submitted, no vendor has seen anything, so nothing stays.
    """
    kept = replace(rfi, address=None, location=rounded(rfi.location), attributes={})
    if rfi.submitted_at is not None:
        return kept
    return replace(
        kept, title=DELETED_ACCOUNT, description="", area=None, budget=None, attachment_ids=()
    )


def revision_without_person(revision: Revision, rfi: Rfi) -> Revision:
    """The revision as it stays: the paths of its changes, and only the values that the RFI keeps."""
    is_secret = rfi.submitted_at is None
    return replace(
        revision, changes=tuple(_without_person(change, is_secret) for change in revision.changes)
    )


def decision_without_person(decision: Decision) -> Decision:
    """The decision as it stays: no rule decides from the exact place, only from distances."""
    inputs = decision.inputs
    if "location" not in inputs:
        return decision
    return replace(decision, inputs={**inputs, "location": _rounded(inputs["location"])})


def _without_person(change: Change, is_secret: bool) -> Change:
    root = change.path.partition(".")[0]
    if root == "location":
        return Change(change.path, _rounded(change.old), _rounded(change.new))
    if root in {"address", "attributes"} or (is_secret and root != "state"):
        return Change(change.path, None, None)
    return change


def _rounded(place: Any) -> Any:
    return rounded(place) if place else None
