"""Conversations: calls, entries and pushes, for the socket and for REST."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from marketplace.domain.accounts import Role
from marketplace.domain.conversations import MAX_BODY_CHARACTERS, Channel
from marketplace.domain.pages import MAX_LIMIT
from marketplace.errors import invalid
from marketplace.schemas.attachments import SentAttachment
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.texts import Caption, Text
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, Matching, Pattern, one_of
from marketplace.schemas.strict import Strict

_CLIENT_MESSAGE_ID = Pattern(
    r"^[\x21-\x7e]{1,64}$", error="Must be 1 to 64 printable ASCII characters."
)


class SendMessage(Strict):
    """A new message (over REST; over the socket, the conversation's id is added).

    `body` may be empty if there are attachments.
    """

    client_message_id = Matching(_CLIENT_MESSAGE_ID, required=True)
    body = Caption(required=True, longest=MAX_BODY_CHARACTERS)
    attachment_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=10))

    def read(self, payload: object) -> dict[str, Any]:
        """Validate a decoded JSON payload: a hook of the schema would rule out the fast check."""
        values = super().read(payload)
        if not values["body"] and not values["attachment_ids"]:
            raise invalid("body", "Must not be blank.")
        return values


class ConversationCall(Strict):
    """A call with a conversation's id only."""

    conversation_id = Identifier(required=True)


class JoinConversation(ConversationCall):
    """The payload of `join_conversation`.

    The snapshot starts after `after_sequence`, which is a sequence of `epoch`.
    """

    after_sequence = Whole(load_default=None, allow_none=True)
    epoch = Identifier(load_default=None, allow_none=True)


class FetchEntries(ConversationCall):
    """The payload of `fetch_entries`.

    It asks for the first entries after `after_sequence` or the last ones before `before_sequence`.
    """

    after_sequence = Whole()
    before_sequence = Whole(least=1)
    limit = Whole(load_default=50, least=1, most=MAX_LIMIT)
    epoch = Identifier(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _has_one_end(self, data: dict[str, Any], **_: Any) -> None:
        if ("after_sequence" in data) == ("before_sequence" in data):
            raise ValidationError(
                "Send exactly one of after_sequence and before_sequence.", "after_sequence"
            )


class SocketSendMessage(ConversationCall, SendMessage):
    """The payload of `send_message`."""


class EditMessage(ConversationCall):
    """The payload of `edit_message`."""

    message_id = Identifier(required=True)
    body = Text(required=True, longest=MAX_BODY_CHARACTERS)


class DeleteMessage(ConversationCall):
    """The payload of `delete_message`."""

    message_id = Identifier(required=True)


class MarkPosition(ConversationCall):
    """The payload of `mark_delivered` and `mark_read`: every entry up to this sequence."""

    sequence = Whole(required=True, least=1)


class SetTyping(ConversationCall):
    """The payload of `set_typing`."""

    is_typing = Flag(required=True)


class RfiCall(Strict):
    """A call with an RFI's id only."""

    rfi_id = Identifier(required=True)


class JoinRfi(RfiCall):
    """The payload of `join_rfi`.

    The changes start after `after_revision`, which is a revision of `epoch`.
    """

    after_revision = Whole(load_default=None, allow_none=True)
    epoch = Identifier(load_default=None, allow_none=True)


class ParticipantView(Strict):
    """One side of a conversation."""

    account_id = Identifier(required=True)
    role = one_of((Role.CUSTOMER, Role.VENDOR), required=True)
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
    """One side of a conversation, and whether it is active now."""

    is_active = Flag(required=True)


class SeenConversation(OwnConversation):
    """A conversation as a joining participant sees it."""

    participants = fields.List(fields.Nested(SeenParticipant), required=True)


class BlockView(Strict):
    """Whether a conversation is open, and whether the recipient of this view blocks it."""

    conversation_id = Identifier(required=True)
    is_open = Flag(required=True)
    blocked_by_me = Flag(required=True)


class ReadPositionView(Strict):
    """A participant's delivered and read positions."""

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
    channel = one_of(Channel, required=True)
    body = fields.String(required=True)
    attachments = fields.List(fields.Nested(SentAttachment), required=True)
    sent_at = Moment(required=True)


class EntryView(Strict):
    """One numbered entry; `kind` determines which optional fields it has."""

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
