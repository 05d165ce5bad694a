"""Conversations: two participants, and entries numbered densely from 1.

A message, an edit, a deletion and a notice are entries of the same stream, so a reader who has read
up to a sequence has seen everything that happened before it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.domain.accounts import Actor, Role
from marketplace.domain.requests import RequestKey, require_same_request
from marketplace.errors import Code, ParleyError

MAX_BODY_CHARACTERS = 8_000


class EntryKind(StrEnum):
    """What an entry is: a message, a change to a message, or a notice about the RFI."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    NOTICE = "notice"


class Channel(StrEnum):
    """The channel through which a message arrived."""

    APP = "app"
    SMS = "sms"
    MMS = "mms"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Participant:
    """One of the two participants of a conversation."""

    account_id: str
    role: Role
    name: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A customer and a vendor talking about one RFI.

    Either may block it; it is open again once neither blocks it. Closing and reopening each add a
    notice to the entries, so an entry's sequence shows whether the conversation was open before it.
    """

    id: str
    rfi_id: str
    match_id: str
    participants: tuple[Participant, ...]
    created_at: datetime
    blocked_by: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it accepts messages."""
        return not self.blocked_by

    def has(self, account_id: str) -> bool:
        """Whether the account is a participant."""
        return any(participant.account_id == account_id for participant in self.participants)

    def others(self, account_id: str) -> tuple[Participant, ...]:
        """The participants other than this one."""
        return tuple(
            participant for participant in self.participants if participant.account_id != account_id
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered entry of a conversation; its kind determines which fields are set.

    `traceparent` is the trace context of the request or call that added it, if that is recorded.
    """

    id: str
    conversation_id: str
    sequence: int
    kind: EntryKind
    at: datetime
    sender_id: str | None = None
    client_message_id: str | None = None
    channel: Channel | None = None
    body: str | None = None
    attachments: tuple[dict[str, Any], ...] = ()
    message_id: str | None = None
    code: str | None = None
    data: dict[str, Any] | None = None
    correlation_id: str | None = None
    sender_role: Role | None = None
    request: RequestKey | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far a participant's apps have received and read; both numbers only move forward."""

    conversation_id: str
    account_id: str
    delivered_sequence: int
    read_sequence: int


def require_participant(conversation: Conversation | None, actor: Actor) -> Conversation:
    """The conversation, if the actor is a participant.

    Raises:
        ParleyError: `not_found`, also for other people's conversations, so that ids cannot be
            probed.
    """
    if conversation is None or not conversation.has(actor.account_id):
        raise ParleyError(Code.NOT_FOUND, "You have no conversation with this id.")
    return conversation


def block(conversation: Conversation, actor: Actor) -> Conversation:
    """The conversation blocked by a participant; unchanged if they already block it."""
    if actor.account_id in conversation.blocked_by:
        return conversation
    return replace(conversation, blocked_by=(*conversation.blocked_by, actor.account_id))


def unblock(conversation: Conversation, actor: Actor) -> Conversation:
    """The conversation without this participant's block; the other one's block stays."""
    others = tuple(
        account_id for account_id in conversation.blocked_by if account_id != actor.account_id
    )
    return replace(conversation, blocked_by=others)


def require_open(conversation: Conversation, actor: Actor) -> None:
    """Refuse anything that would reach the other side of a blocked conversation.

    Raises:
        ParleyError: `blocked`.
    """
    if not conversation.is_open:
        raise blocked(conversation.blocked_by, actor.account_id)


def blocked(blocked_by: tuple[str, ...], account_id: str | None) -> ParleyError:
    """The refusal: the blocker learns how to unblock, the other side only that it is closed."""
    if account_id in blocked_by:
        return ParleyError(
            Code.BLOCKED, "You have blocked this conversation. Unblock it to send messages."
        )
    return ParleyError(Code.BLOCKED, "This conversation does not accept new messages.")


def require_same_message(stored: Entry, sent: Entry) -> None:
    """Allow a resend, and refuse a different message under the same id or key.

    Raises:
        ParleyError: `idempotency_key_reused`, `client_message_id_reused`.
    """
    request = sent.request
    if request is not None and stored.request is not None and stored.request.key == request.key:
        require_same_request(request, stored.request.request_hash)
    has_attachments = stored.attachments or sent.attachments
    if stored.body != sent.body or (has_attachments and sent_ids(stored) != sent_ids(sent)):
        raise ParleyError(
            Code.CLIENT_MESSAGE_ID_REUSED,
            "This client_message_id was already used for a message with a different body or "
            "different attachments. Use a new one.",
        )


def sent_ids(message: Entry) -> list[str]:
    """The ids of a message's attachments."""
    return [sent["id"] for sent in message.attachments]


def text_of(message: Entry) -> str:
    """What a preview shows of a message: its body, or what its attachments are."""
    if message.body:
        return message.body
    kinds = [sent["media_type"].partition("/")[0] for sent in message.attachments]
    if len(kinds) == 1:
        named = {"image": "Photo", "audio": "Voice message"}
        return named.get(kinds[0]) or str(message.attachments[0]["name"])
    if set(kinds) == {"image"}:
        return f"{len(kinds)} photos"
    return f"{len(kinds)} files" if kinds else ""


def require_own_message(message: Entry | None, conversation_id: str, actor: Actor) -> Entry:
    """The message, if the actor sent it in this conversation.

    Raises:
        ParleyError: `not_found`; `forbidden` for the other side's message.
    """
    if (
        message is None
        or message.conversation_id != conversation_id
        or message.kind is not EntryKind.MESSAGE
    ):
        raise ParleyError(Code.NOT_FOUND, "There is no message with this id in the conversation.")
    if message.sender_id != actor.account_id:
        raise ParleyError(Code.FORBIDDEN, "Only the sender may change a message.")
    return message


def deletion_id(message_id: str) -> str:
    """The id of a message's deletion: the same for every attempt, so that only one is stored."""
    return f"{message_id}-deletion"


def entry_with_same_body(current: Entry | None, edit: Entry) -> Entry | None:
    """The entry that already has the edit's body; None if the edit changes the message.

    `current` is the message's deletion if there is one, else its newest edit, else the message.

    Raises:
        ParleyError: `wrong_state` if the message was deleted.
    """
    if current is None:
        return None
    if current.kind is EntryKind.DELETION:
        raise ParleyError(
            Code.WRONG_STATE, "This message was deleted and cannot be edited. Send a new one."
        )
    return current if current.body == edit.body else None
