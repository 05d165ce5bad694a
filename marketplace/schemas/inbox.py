"""The inbox: a conversation in a participant's list, and the push that moves it up."""

from marshmallow import fields, validate

from marketplace.domain.conversations import EntryKind
from marketplace.domain.inbox import PREVIEW_CHARACTERS
from marketplace.domain.rfis import RfiState
from marketplace.domain.unread import MAX_UNREAD
from marketplace.schemas.conversations import OwnConversation, ParticipantView
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict


class LastEntryView(Strict):
    """The newest entry of a conversation.

    `preview` is the beginning of the text that a message or an edit has, on one line.  It is empty for
    a message of attachments alone, for a deletion, and for a notice, which has a `code` instead and no
    sender.
    """

    sequence = Whole(required=True, least=1)
    kind = one_of(EntryKind, required=True)
    at = Moment(required=True)
    sender_id = Identifier(required=True, allow_none=True)
    preview = fields.String(required=True, validate=validate.Length(max=PREVIEW_CHARACTERS))
    attachment_count = Whole(required=True)
    code = fields.String(required=True, allow_none=True)


class RfiLineView(Strict):
    """The RFI that a conversation is about."""

    id = Identifier(required=True)
    title = fields.String(required=True)
    state = one_of(RfiState, required=True)


class ListedConversation(OwnConversation):
    """A conversation in a participant's list.

    `unread` counts the other side's messages after `read_sequence` that are not deleted.  Own
    messages, edits, deletions and notices do not count.  It is 100 if there are 100 or more.
    """

    head = Whole(required=True)
    read_sequence = Whole(required=True)
    unread = Whole(required=True, most=MAX_UNREAD)
    other = fields.Nested(ParticipantView, required=True)
    rfi = fields.Nested(RfiLineView, required=True, allow_none=True)
    last_entry = fields.Nested(LastEntryView, required=True, allow_none=True)
    is_muted = Flag(required=True)
    is_archived = Flag(required=True)


class InboxRead(Strict):
    """The account has read a conversation up to `read_sequence`, on whichever app.

    Nothing is unread if that is the `head`; otherwise the list has the count.
    """

    conversation_id = Identifier(required=True)
    read_sequence = Whole(required=True)
    head = Whole(required=True)


class InboxUpdated(Strict):
    """A conversation's place in the list: it moves to the top if its last entry is new."""

    conversation_id = Identifier(required=True)
    last_entry = fields.Nested(LastEntryView, required=True, allow_none=True)
    unread = Whole(required=True, most=MAX_UNREAD)
    is_muted = Flag(required=True)
    is_archived = Flag(required=True)
