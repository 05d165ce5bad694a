"""What the socket alone tells: the acknowledgements of calls, and pushes that are no other noun's."""

from marshmallow import fields, validate

from marketplace.errors import Code
from marketplace.schemas.conversations import (
    MessageView,
    ReadPositionView,
    SeenConversation,
    SeenParticipant,
)
from marketplace.schemas.entries import AnyEntry
from marketplace.schemas.fields import Flag, Identifier, Strict, Whole, one_of
from marketplace.schemas.rfis import RevisionView, RfiView


class Done(Strict):
    """It was done; there is nothing more to say."""


class EntryPage(Strict):
    """Entries, oldest first; `head` is the conversation's highest sequence.

    `has_more` says that there are more in the direction that was asked for.  With `is_snapshot` they
    are the newest entries, which do not follow on what the app named; `has_more` tells of older ones.
    """

    entries = fields.List(AnyEntry(), required=True)
    head = Whole(required=True)
    has_more = Flag(required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


class JoinedConversation(EntryPage):
    """The snapshot up to `head`; pushes begin at head + 1."""

    conversation = fields.Nested(SeenConversation, required=True)
    participants = fields.List(fields.Nested(SeenParticipant), required=True)
    read_positions = fields.List(fields.Nested(ReadPositionView), required=True)


class SentMessage(Strict):
    """The message as it is stored; a resend gets the first answer."""

    message = fields.Nested(MessageView, required=True)


class ChangedMessage(Strict):
    """The entry of an edit or a deletion: the new one, or the one that says the same already."""

    entry = AnyEntry(required=True)


class JoinedRfi(Strict):
    """The RFI at `revision` with the changes behind `after_revision`; pushes begin at revision + 1.

    With `is_snapshot` the changes are left out, and the RFI is to be taken as it is.
    """

    rfi = fields.Nested(RfiView, required=True)
    revision = Whole(required=True)
    changes = fields.List(fields.Nested(RevisionView), required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


class Typing(Strict):
    """Somebody began to type, or stopped; ends by itself after six seconds without a word."""

    conversation_id = Identifier(required=True)
    account_id = Identifier(required=True)
    is_typing = Flag(required=True)


class Presence(Strict):
    """Somebody is active, or no longer: within a minute behind what they did last, and connected."""

    conversation_id = Identifier(required=True)
    account_id = Identifier(required=True)
    is_active = Flag(required=True)


class RfiAwarded(Strict):
    """The RFI was awarded to one of its quotes."""

    rfi_id = Identifier(required=True)
    quote_id = Identifier(required=True)
    vendor_id = Identifier(required=True)
    revision = Whole(required=True)


class RoomLeft(Strict):
    """The connection was taken out of a room, since its account may no longer see what is in it."""

    room = fields.String(required=True)
    reason = fields.String(required=True)


class Gap(Strict):
    """A room is at `head`, and the app does not have all up to there.

    What is missing cannot be read yet and is pushed later.  With `is_snapshot` it is not: the database
    was restored from a backup, and what the app has is not what the room's numbers now stand for.
    """

    room = fields.String(required=True)
    head = Whole(required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


class SessionExpiring(Strict):
    """The access token runs out; connect anew with another one."""

    expires_in_s = Whole(required=True)


# Why the gateway closes a connection.
CLOSING = (Code.DRAINING, Code.TOKEN_EXPIRED, Code.UNAUTHENTICATED, Code.RATE_LIMITED)


class ConnectionClosing(Strict):
    """The connection is about to be closed, and why."""

    code = one_of(*CLOSING)


class HandshakeAuth(Strict):
    """`auth` of the handshake: the access token of `POST /v1/tokens`."""

    token = fields.String(required=True, validate=validate.Length(min=1))
