"""Notifications: one event, one person, one channel, sent once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class NotificationState(StrEnum):
    """`pending` and `sending` are in progress; the others are final."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification to one person; unique by (event_id, account_id, channel).

    `kind` names the template, `data` fills it. `attempts` counts claims. `due_at` is when the next
    attempt may begin; while `sending`, it is when the worker's lease ends. `tried_at` is when the
    last request with an unknown outcome was sent; `looked_up_at` is when the provider was last
    asked about it and had no record. `correlation_id` and `traceparent` are the
    event's; the latter is its trace context, if recorded.
    """

    id: str
    event_id: str
    account_id: str
    kind: str
    channel: str
    data: dict[str, Any]
    state: NotificationState
    attempts: int
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    reason: str | None = None
    provider_id: str | None = None
    tried_at: datetime | None = None
    looked_up_at: datetime | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
