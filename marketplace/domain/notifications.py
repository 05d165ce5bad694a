"""Notifications: one event, one person, one channel, sent once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class NotificationState(StrEnum):
    """`pending` and `sending` are on the way; the others are final."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Notification:
    """What is to be told to whom; unique by (event_id, account_id, channel).

    `kind` names the template, `data` fills it.  `attempts` counts claims; `due_at` is when the next
    one may begin, and while `sending` until when the try is another worker's.  `tried_at` is when
    the last request left whose outcome is not known, `looked_up_at` when the provider was last asked
    for it and had none.
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
