"""The audit trail: who changed what, from what, to what, and why."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from marketplace.domain.accounts import Actor, Role
from marketplace.domain.rfis import Change


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change of a subject, such as a vendor, by its id.

    `changes` has each changed field with its old and new value, as JSON values.
    """

    id: str
    at: datetime
    subject_id: str
    action: str
    actor_id: str
    actor_role: Role
    changes: tuple[Change, ...]
    reason: str | None = None
    correlation_id: str | None = None


def record(
    record_id: str,
    subject_id: str,
    action: str,
    actor: Actor,
    changes: Iterable[Change],
    at: datetime,
    reason: str | None = None,
) -> AuditRecord:
    """A record of what an actor has done."""
    return AuditRecord(
        id=record_id,
        at=at,
        subject_id=subject_id,
        action=action,
        actor_id=actor.person_id,
        actor_role=actor.role,
        changes=tuple(changes),
        reason=reason,
        correlation_id=actor.correlation_id,
    )


def changes_of(
    before: Any, after: Any, names: Iterable[str], prefix: str = ""
) -> tuple[Change, ...]:
    """The fields of these names in which two values differ; a missing value has None in each."""
    changes = []
    for name in names:
        old, new = (_plain(getattr(value, name, None)) for value in (before, after))
        if old != new:
            changes.append(Change(f"{prefix}{name}", old, new))
    return tuple(changes)


def _plain(value: Any) -> Any:
    """A field's value as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
