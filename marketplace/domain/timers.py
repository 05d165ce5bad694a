"""Timers: something that falls due at a moment, once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TimerKind(StrEnum):
    """What falls due. Each kind has one handler, in one package."""

    RFI_EXPIRY = "rfi_expiry"
    RFI_WARNING = "rfi_warning"
    OFFER_EXPIRY = "offer_expiry"
    OFFER_WARNING = "offer_warning"
    ANSWER_EXPIRY = "answer_expiry"
    ANSWER_WARNING = "answer_warning"
    QUOTE_EXPIRY = "quote_expiry"
    DOCUMENT_EXPIRY = "document_expiry"
    DOCUMENT_WARNING = "document_warning"


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer; its id has its kind and subject, so a subject has one timer of each kind.

    `claimable_at` is when it may be claimed: when it is due, when a claim's lease ends, or when a
    failed attempt may be repeated. `lease` identifies the claim, and `failures` counts the attempts
    that failed since the timer was set.
    """

    id: str
    kind: TimerKind
    subject_id: str
    due_at: datetime
    claimable_at: datetime
    failures: int = 0
    lease: str | None = None


def timer(kind: TimerKind, subject_id: str, due_at: datetime) -> Timer:
    """A timer that nobody has claimed yet."""
    return Timer(timer_id(kind, subject_id), kind, subject_id, due_at, claimable_at=due_at)


def timer_id(kind: TimerKind, subject_id: str) -> str:
    """The id of a subject's timer of this kind."""
    return f"{kind}:{subject_id}"
