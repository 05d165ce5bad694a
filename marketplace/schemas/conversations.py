"""Conversations: calls, entries and pushes, for the socket and for REST."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from marketplace.schemas.fields import (
    Flag,
    Identifier,
    Matching,
    Moment,
    Pattern,
    Strict,
    Text,
    Whole,
    one_of,
)

MAX_ENTRIES = 200
# Unread messages are counted up to here; an app shows "99+" for it.
MAX_UNREAD = 100

_CLIENT_MESSAGE_ID = Pattern(
    r"^[\x21-\x7e]{1,64}$", error="Must be 1 to 64 printable ASCII characters."
)


class SendMessage(Strict):
    """A message as its sender writes it (REST; over the socket with the conversation's id)."""

    client_message_id = Matching(_CLIENT_MESSAGE_ID, required=True)
    body = Text(required=True, longest=8_000)
    attachment_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=10))


class ConversationCall(Strict):
    """A call that names a conversation and nothing more."""

    conversation_id = Identifier(required=True)


class JoinConversation(ConversationCall):
    """`join_conversation`: with `after_sequence`, of `epoch`, the entries start after it."""

    after_sequence = Whole(load_default=None, allow_none=True)
    epoch = Identifier(load_default=None, allow_none=True)


class FetchEntries(ConversationCall):
    """`fetch_entries`: either behind a sequence, oldest first, or before one, newest first kept."""

    after_sequence = Whole()
    before_sequence = Whole(least=1)
    limit = Whole(load_default=50, least=1, most=MAX_ENTRIES)
    epoch = Identifier(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _has_one_end(self, data: dict[str, Any], **_: Any) -> None:
        if ("after_sequence" in data) == ("before_sequence" in data):
            raise ValidationError(
                "Send exactly one of after_sequence and before_sequence.", "after_sequence"
            )


class SocketSendMessage(ConversationCall, SendMessage):
    """`send_message`."""


class EditMessage(ConversationCall):
    """`edit_message`."""

    message_id = Identifier(required=True)
    body = Text(required=True, longest=8_000)


class DeleteMessage(ConversationCall):
    """`delete_message`."""

    message_id = Identifier(required=True)


class MarkPosition(ConversationCall):
    """`mark_delivered` and `mark_read`: all up to this sequence."""

    sequence = Whole(required=True, least=1)


class SetTyping(ConversationCall):
    """`set_typing`."""

    is_typing = Flag(required=True)


class RfiCall(Strict):
    """A call that names an RFI and nothing more."""

    rfi_id = Identifier(required=True)


class JoinRfi(RfiCall):
    """`join_rfi`: with `after_revision`, of `epoch`, the changes start after it."""

    after_revision = Whole(load_default=None, allow_none=True)
    epoch = Identifier(load_default=None, allow_none=True)


class ParticipantView(Strict):
    """One side of a conversation."""

    account_id = Identifier(required=True)
    role = one_of("customer", "vendor")
    name = fields.String(required=True)


class ConversationView(Strict):
    """A conversation without its entries."""

    id = Identifier(required=True)
    rfi_id = Identifier(required=True)
    match_id = Identifier(required=True)
    participants = fields.List(fields.Nested(ParticipantView), required=True)
    created_at = Moment(required=True)


class OwnConversation(ConversationView):
    """A conversation as one of its participants sees it."""

    is_open = Flag(required=True)
    blocked_by_me = Flag(required=True)


class SeenParticipant(ParticipantView):
    """One side of a conversation, and whether it does something just now."""

    is_active = Flag(required=True)


class SeenConversation(OwnConversation):
    """A conversation as one of its participants joins it."""

    participants = fields.List(fields.Nested(SeenParticipant), required=True)


class BlockView(Strict):
    """Whether a conversation takes messages, and whether that is because of oneself."""

    conversation_id = Identifier(required=True)
    is_open = Flag(required=True)
    blocked_by_me = Flag(required=True)


class ListedConversation(OwnConversation):
    """A conversation in its participant's list.

    `unread` counts the others' messages after `read_sequence` that stand (none of one's own, no edits,
    deletions or notices), and is 100 for a hundred or more.
    """

    head = Whole(required=True)
    read_sequence = Whole(required=True)
    unread = Whole(required=True, most=MAX_UNREAD)


class ReadPositionView(Strict):
    """How far a participant's apps have got."""

    conversation_id = Identifier(required=True)
    account_id = Identifier(required=True)
    delivered_sequence = Whole(required=True)
    read_sequence = Whole(required=True)


class MessageView(Strict):
    """A message as it was sent."""

    id = Identifier(required=True)
    conversation_id = Identifier(required=True)
    sequence = Whole(required=True)
    client_message_id = fields.String(required=True)
    sender_id = Identifier(required=True)
    channel = one_of("app", "sms", "mms", "email")
    body = fields.String(required=True)
    attachments = fields.List(fields.Dict(), required=True)
    sent_at = Moment(required=True)


class EntryView(Strict):
    """One numbered entry; which of the optional fields are there goes with `kind`."""

    sequence = Whole(required=True)
    kind = fields.String(required=True)
    at = Moment(required=True)
    id = Identifier()
    conversation_id = Identifier()
    client_message_id = fields.String()
    sender_id = Identifier()
    channel = fields.String()
    body = fields.String()
    attachments = fields.List(fields.Dict())
    sent_at = Moment()
    message_id = Identifier()
    code = fields.String()
    data = fields.Dict(allow_none=True)
