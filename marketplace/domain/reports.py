"""Reports: a participant reports a message of the other side to the admins."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation, Entry, EntryKind
from marketplace.errors import Code, ParleyError


class ReportReason(StrEnum):
    """What is wrong with the message; for `other`, `details` explains it."""

    SPAM = "spam"
    HARASSMENT = "harassment"
    FRAUD = "fraud"
    INAPPROPRIATE = "inappropriate"
    OTHER = "other"


class ReportState(StrEnum):
    """Waiting for an admin, or decided."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Report:
    """One participant's report of one message; unique by (message_id, reporter_id).

    `body` is the message's text at the time of the report: the sender may change it afterwards.
    """

    id: str
    state: ReportState
    reason: ReportReason
    details: str | None
    conversation_id: str
    rfi_id: str
    message_id: str
    sequence: int
    sender_id: str
    body: str
    reporter_id: str
    created_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    resolution: str | None = None


def require_reportable(message: Entry | None, conversation: Conversation, actor: Actor) -> Entry:
    """The message, if the other side sent it in this conversation.

    Raises:
        ParleyError: `not_found`; `forbidden` for the actor's own message.
    """
    if (
        message is None
        or message.conversation_id != conversation.id
        or message.kind is not EntryKind.MESSAGE
    ):
        raise ParleyError(Code.NOT_FOUND, "There is no message with this id in the conversation.")
    if message.sender_id == actor.account_id:
        raise ParleyError(Code.FORBIDDEN, "You cannot report your own message. Delete it instead.")
    return message


def body_of(message: Entry, edits: list[Entry]) -> str:
    """A message's text after its edits, given in order."""
    bodies = [entry.body for entry in (message, *edits) if entry.body is not None]
    return bodies[-1] if bodies else ""


def close(report: Report, resolution: str, actor: Actor, now: datetime) -> Report:
    """The report with an admin's decision.

    Raises:
        ParleyError: `wrong_state` if it is already closed.
    """
    if report.state is not ReportState.OPEN:
        raise ParleyError(Code.WRONG_STATE, "The report is already closed.")
    return replace(
        report,
        state=ReportState.CLOSED,
        closed_at=now,
        closed_by=actor.account_id,
        resolution=resolution,
    )
