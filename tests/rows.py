"""Builders of the marketplace's own rows: timers and decisions."""

from dataclasses import replace
from typing import Any

from marketplace.domain.accounts import Role
from marketplace.domain.decisions import Decision, DecisionKind
from marketplace.domain.timers import Timer, TimerKind, timer
from marketplace.ids import new_id
from tests.builders import NOW


def a_timer(**named: Any) -> Timer:
    """The expiry of an offer, due now."""
    kind = named.pop("kind", TimerKind.OFFER_EXPIRY)
    due_at = named.pop("due_at", NOW)
    return replace(timer(kind, named.pop("subject_id", new_id()), due_at), **named)


def a_decision(**named: Any) -> Decision:
    """An offer has expired."""
    decision = Decision(
        id=new_id(),
        at=NOW,
        kind=DecisionKind.EXPIRY,
        subject_id=new_id(),
        rule="expiry",
        rule_version=1,
        actor_id="marketplace",
        actor_role=Role.SYSTEM,
        inputs={"expires_at": NOW.isoformat(), "at": NOW.isoformat(), "is_answered": False},
        outcome={"is_expired": True},
        reasons={},
    )
    return replace(decision, **named)
