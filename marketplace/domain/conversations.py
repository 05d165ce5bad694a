"""Conversations: two participants, and entries numbered densely from 1.

A message, an edit, a deletion and a notice are entries of one stream, so that whoever has read up
to a sequence has seen all that happened before it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.domain.accounts import Actor, Role
from marketplace.domain.requests import RequestKey, require_same_request
from marketplace.errors import Code, ParleyError

MAX_BODY_CHARACTERS = 8_000
# 200 entries of 8,000 characters would be megabytes in one answer, for a phone on a slow network.
MAX_PAGE_BYTES = 200_000


class EntryKind(StrEnum):
    """What an entry says: a message, or something about one, or something about the RFI."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    NOTICE = "notice"


class Channel(StrEnum):
    """The way a message came in."""

    APP = "app"
    SMS = "sms"
    MMS = "mms"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Participant:
    """One side of a conversation."""

    account_id: str
    role: Role
    name: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A customer and a vendor talking about one RFI.

    Either may block it, and it is open again when nobody does.  Closing and opening each put a notice
    into the entries, so the number of an entry says whether the conversation was open before it.
    """

    id: str
    rfi_id: str
    match_id: str
    participants: tuple[Participant, ...]
    created_at: datetime
    blocked_by: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it takes messages."""
        return not self.blocked_by

    def has(self, account_id: str) -> bool:
        """Whether the account takes part."""
        return any(each.account_id == account_id for each in self.participants)

    def others(self, account_id: str) -> tuple[Participant, ...]:
        """The participants besides this one."""
        return tuple(each for each in self.participants if each.account_id != account_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered thing in a conversation; which of the fields are set goes with the kind."""

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


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far a participant's apps have got; both numbers only move forward."""

    conversation_id: str
    account_id: str
    delivered_sequence: int
    read_sequence: int


def require_participant(conversation: Conversation | None, actor: Actor) -> Conversation:
    """The conversation, if the actor takes part in it.

    Raises:
        ParleyError: `not_found`, also for somebody else's, so that ids cannot be probed.
    """
    if conversation is None or not conversation.has(actor.account_id):
        raise ParleyError(Code.NOT_FOUND, "You have no conversation with this id.")
    return conversation


def block(conversation: Conversation, actor: Actor) -> Conversation:
    """The conversation blocked by a participant; the same when they block it already."""
    if actor.account_id in conversation.blocked_by:
        return conversation
    return replace(conversation, blocked_by=(*conversation.blocked_by, actor.account_id))


def unblock(conversation: Conversation, actor: Actor) -> Conversation:
    """The conversation no longer blocked by a participant; the other one's block stays."""
    left = tuple(each for each in conversation.blocked_by if each != actor.account_id)
    return replace(conversation, blocked_by=left)


def require_open(conversation: Conversation, actor: Actor) -> None:
    """Refuse what would reach the other side of a blocked conversation.

    Raises:
        ParleyError: `blocked`.
    """
    if not conversation.is_open:
        raise blocked(conversation.blocked_by, actor.account_id)


def blocked(blocked_by: tuple[str, ...], account_id: str | None) -> ParleyError:
    """The refusal: who blocked learns how to go on, the other side no more than that it ended."""
    if account_id in blocked_by:
        return ParleyError(
            Code.BLOCKED, "You have blocked this conversation. Unblock it to send messages."
        )
    return ParleyError(Code.BLOCKED, "This conversation does not accept new messages.")


def require_same_message(entry: Entry, body: str, request: RequestKey | None = None) -> None:
    """Let a resend have the first answer, and refuse another message under the same id or key.

    Raises:
        ParleyError: `idempotency_key_reused`, `client_message_id_reused`.
    """
    if request is not None and entry.request is not None and entry.request.key == request.key:
        require_same_request(request, entry.request.request_hash)
    if entry.body != body:
        raise ParleyError(
            Code.CLIENT_MESSAGE_ID_REUSED,
            "This client_message_id was already used for a message with a different body. "
            "Use a new one.",
        )


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
    """The id of a message's deletion: the same for all who delete it, so that one is stored."""
    return f"{message_id}-deletion"


def entry_with_same_body(stands: Entry | None, edit: Entry) -> Entry | None:
    """The entry that says already what an edit says; None when the edit changes the message.

    `stands` is the newest edit of the message, the message itself, or its deletion if there is one.

    Raises:
        ParleyError: `wrong_state` when the message is deleted.
    """
    if stands is None:
        return None
    if stands.kind is EntryKind.DELETION:
        raise ParleyError(
            Code.WRONG_STATE, "This message was deleted and cannot be edited. Send a new one."
        )
    return stands if stands.body == edit.body else None


def fit_page(entries: list[Entry], *, newest: bool = False) -> list[Entry]:
    """As many entries as fit into one answer, at least one; the first ones, or the newest."""
    ordered = entries[::-1] if newest else entries
    kept: list[Entry] = []
    size_bytes = 0
    for each in ordered:
        size_bytes += len((each.body or "").encode())
        if kept and size_bytes > MAX_PAGE_BYTES:
            break
        kept.append(each)
    return kept[::-1] if newest else kept
