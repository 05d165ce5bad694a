"""Acknowledgements and pushes that only the socket has."""

from marshmallow import fields, validate

from marketplace.errors import Code
from marketplace.schemas.conversations import (
    MessageView,
    ReadPositionView,
    SeenConversation,
    SeenParticipant,
)
from marketplace.schemas.entries import AnyEntry
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.rfis import RevisionView, RfiView
from marketplace.schemas.strict import Strict


class Done(Strict):
    """The call succeeded and returns no data."""


class EntryPage(Strict):
    """Entries, oldest first; `head` is the conversation's highest sequence.

    `has_more` says whether there are more entries in the requested direction.  If `is_snapshot` is
    true, these are the newest entries, which do not continue from the requested number; `has_more`
    then refers to older entries.
    """

    entries = fields.List(AnyEntry(), required=True)
    head = Whole(required=True)
    has_more = Flag(required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


class JoinedConversation(EntryPage):
    """The snapshot up to `head`; pushes start at head + 1."""

    conversation = fields.Nested(SeenConversation, required=True)
    participants = fields.List(fields.Nested(SeenParticipant), required=True)
    read_positions = fields.List(fields.Nested(ReadPositionView), required=True)


class SentMessage(Strict):
    """The message as stored; a resend returns the first message."""

    message = fields.Nested(MessageView, required=True)


class ChangedMessage(Strict):
    """The entry of the edit or deletion: a new one, or the existing one with the same effect."""

    entry = AnyEntry(required=True)


class JoinedRfi(Strict):
    """The RFI at `revision` with the changes after `after_revision`; pushes start at revision + 1.

    If `is_snapshot` is true, the changes are left out: replace the local copy with this RFI.
    """

    rfi = fields.Nested(RfiView, required=True)
    revision = Whole(required=True)
    changes = fields.List(fields.Nested(RevisionView), required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


class Typing(Strict):
    """A participant started or stopped typing; typing expires six seconds after the last call."""

    conversation_id = Identifier(required=True)
    account_id = Identifier(required=True)
    is_typing = Flag(required=True)


class Presence(Strict):
    """Whether a participant is active: connected, and did something within the last minute."""

    conversation_id = Identifier(required=True)
    account_id = Identifier(required=True)
    is_active = Flag(required=True)


class RoomLeft(Strict):
    """The connection was removed from a room because its account may no longer see the content."""

    room = fields.String(required=True)
    reason = fields.String(required=True)


class Gap(Strict):
    """A room is at `head`, and the app has not received everything up to it.

    The missing entries cannot be read yet and are pushed later.  If `is_snapshot` is true, they are
    not: the database was restored from a backup, and the room's numbers no longer match the entries
    that the app has.
    """

    room = fields.String(required=True)
    head = Whole(required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


class SessionExpiring(Strict):
    """The access token is about to expire; reconnect with a new one."""

    expires_in_s = Whole(required=True)


# Why the gateway closes a connection.
CLOSING = (Code.DRAINING, Code.TOKEN_EXPIRED, Code.UNAUTHENTICATED, Code.RATE_LIMITED)


class ConnectionClosing(Strict):
    """The gateway is about to close the connection; `code` says why."""

    code = one_of(CLOSING, required=True)


class HandshakeAuth(Strict):
    """`auth` of the handshake: the access token from `POST /v1/tokens`."""

    token = fields.String(required=True, validate=validate.Length(min=1))
