"""Decisions: what the marketplace decided, by which rule, and from what.

A rule is a pure function of its inputs, and `take` stores the inputs beside the ruling. So a
decision can be recomputed and explained later, whatever has changed since.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.domain.accounts import Actor, Role


class DecisionKind(StrEnum):
    """What a decision is about."""

    MATCHING = "matching"
    EXPIRY = "expiry"
    DEPARTURE = "departure"
    REVIEW = "review"
    LAPSE = "lapse"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule decides from its inputs: the outcome, and the reason for each thing it passed over.

    All values are JSON.
    """

    outcome: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by name and version.

    A rule that would decide differently gets a new version, and the old one stays, since stored
    decisions refer to it.
    """

    name: str
    version: int
    kind: DecisionKind
    decide: Callable[[Mapping[str, Any]], Ruling]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about a subject: an RFI, a match, a vendor or a notification, by its id."""

    id: str
    at: datetime
    kind: DecisionKind
    subject_id: str
    rule: str
    rule_version: int
    actor_id: str
    actor_role: Role
    inputs: dict[str, Any]
    outcome: dict[str, Any]
    reasons: dict[str, str]
    causation_id: str | None = None


def take(
    rule: Rule,
    decision_id: str,
    subject_id: str,
    inputs: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> Decision:
    """Decide by the rule; `inputs` are JSON values."""
    ruling = rule.decide(inputs)
    return Decision(
        id=decision_id,
        at=now,
        kind=rule.kind,
        subject_id=subject_id,
        rule=rule.name,
        rule_version=rule.version,
        actor_id=actor.account_id,
        actor_role=actor.role,
        inputs=inputs,
        outcome=ruling.outcome,
        reasons=ruling.reasons,
        causation_id=actor.causation_id,
    )
