"""Notifications: one event or one act of its owner, one person, one channel, sent once."""

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


class AccountKind(StrEnum):
    """The kinds that actions write themselves, about an account and not about an RFI.

    Their `data` has no code and no token: `notify` derives both from the code in the slot `code`,
    while its nonce is still `nonce`. `to` is the address of a security notice.
    """

    VERIFICATION_CODE = "verification_code"
    PASSWORD_RESET = "password_reset"  # noqa: S105 # a kind
    SECURITY = "security"


class SecurityChange(StrEnum):
    """What a security notice tells an account's owner, in `data.change`."""

    PASSWORD_CHANGED = "password_changed"  # noqa: S105 # a change
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    EMAIL_IN_USE = "email_in_use"
    PHONE_CHANGED = "phone_changed"
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    SECOND_FACTOR_GUESSED = "second_factor_guessed"
    PASSKEY_ADDED = "passkey_added"  # a change
    PASSKEY_REMOVED = "passkey_removed"  # a change
    RECOVERY_CODE_USED = "recovery_code_used"
    DATA_EXPORTED = "data_exported"
    ACCOUNT_DELETED = "account_deleted"


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
