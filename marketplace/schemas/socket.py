"""The contract of the socket as data: each call and each push with its schemas.

The AsyncAPI document and the TypeScript types are made from these tables.  Tests hold the gateway to
them: what it checks calls with, and every acknowledgement and push it makes in any test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.errors import Code
from marketplace.schemas.answers import (
    ChangedMessage,
    ConnectionClosing,
    Done,
    EntryPage,
    Gap,
    JoinedConversation,
    JoinedRfi,
    Presence,
    RfiAwarded,
    RoomLeft,
    SentMessage,
    SessionExpiring,
    Typing,
)
from marketplace.schemas.conversations import (
    BlockView,
    ConversationCall,
    DeleteMessage,
    EditMessage,
    FetchEntries,
    JoinConversation,
    JoinRfi,
    MarkPosition,
    MessageView,
    ReadPositionView,
    RfiCall,
    SetTyping,
    SocketSendMessage,
)
from marketplace.schemas.entries import (
    MessageDeleted,
    MessageEdited,
    NoticeAdded,
)
from marketplace.schemas.fields import Strict
from marketplace.schemas.matches import MatchView
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.rfis import RevisionView


@dataclass(frozen=True, slots=True)
class SocketCall:
    """A call: what it does, takes, and is acknowledged with, and the codes it is refused with.

    `errors` are those besides `EVERY_CALL`.
    """

    about: str
    request: Strict
    acknowledgement: Strict
    errors: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class SocketPush:
    """A push: when it comes, what is in it, and which room's members get it."""

    about: str
    payload: Strict
    room: str


# What every call may be refused with.
EVERY_CALL = (
    Code.VALIDATION_FAILED,
    Code.UNAUTHENTICATED,
    Code.RATE_LIMITED,
    Code.DRAINING,
    Code.UNAVAILABLE,
    Code.INTERNAL,
)
# What a handshake may be refused with.
HANDSHAKE = (
    Code.UNAUTHENTICATED,
    Code.TOKEN_EXPIRED,
    Code.TOO_MANY_CONNECTIONS,
    Code.RATE_LIMITED,
    Code.DRAINING,
    Code.UNAVAILABLE,
)
_WRITES = (Code.NOT_FOUND, Code.FORBIDDEN, Code.BLOCKED)

CALLS: Mapping[str, SocketCall] = {
    "join_conversation": SocketCall(
        "Join a conversation: a snapshot now, pushes from head + 1 on. With `after_sequence` the "
        "snapshot has what came after it, at most 200 entries. Without it, or when it is above the head "
        "or of another `epoch` than the answer's, the snapshot is the last 200 (`is_snapshot`).",
        JoinConversation(),
        JoinedConversation(),
        (Code.NOT_FOUND, Code.TOO_MANY_ROOMS),
    ),
    "leave_conversation": SocketCall(
        "Leave a conversation: nothing of it is pushed any more.", ConversationCall(), Done()
    ),
    "fetch_entries": SocketCall(
        "Read entries after `after_sequence` or before `before_sequence`, one of the two; the newest "
        "(`is_snapshot`) when that is above the head or of another `epoch`.",
        FetchEntries(),
        EntryPage(),
        (Code.NOT_FOUND,),
    ),
    "send_message": SocketCall(
        "Send a message; acknowledged when it is on disk. Sent again under the same "
        "`client_message_id`, however late, it gets the first answer.",
        SocketSendMessage(),
        SentMessage(),
        (*_WRITES, Code.CLIENT_MESSAGE_ID_REUSED),
    ),
    "edit_message": SocketCall(
        "Replace the body of one's own message. An edit to the words that stand makes no entry and "
        "is answered with the entry that made them; a deleted message is not edited any more.",
        EditMessage(),
        ChangedMessage(),
        (*_WRITES, Code.WRONG_STATE),
    ),
    "delete_message": SocketCall(
        "Delete one's own message; a block keeps nobody from it. Deleted again, it is answered with "
        "the first deletion.",
        DeleteMessage(),
        ChangedMessage(),
        (Code.NOT_FOUND, Code.FORBIDDEN),
    ),
    "mark_delivered": SocketCall(
        "This app has everything up to a sequence.", MarkPosition(), Done(), (Code.NOT_FOUND,)
    ),
    "mark_read": SocketCall(
        "Everything up to a sequence was read.", MarkPosition(), Done(), (Code.NOT_FOUND,)
    ),
    "set_typing": SocketCall(
        "Somebody types, or stopped; say it again every few seconds.",
        SetTyping(),
        Done(),
        (Code.NOT_FOUND, Code.FORBIDDEN, Code.BLOCKED),
    ),
    "join_rfi": SocketCall(
        "Follow an RFI: the RFI now, pushes from revision + 1 on. With `after_revision` the "
        "changes after it are in the answer, unless they are more than 500, or the number is above the "
        "RFI's revision or of another `epoch` (`is_snapshot`).",
        JoinRfi(),
        JoinedRfi(),
        (Code.NOT_FOUND, Code.FORBIDDEN, Code.TOO_MANY_ROOMS),
    ),
    "leave_rfi": SocketCall("Follow an RFI no longer.", RfiCall(), Done()),
}

_CONVERSATION, _RFI = "conversation:<id>", "rfi:<id>"
_EITHER = "conversation:<id> or rfi:<id>"
_ACCOUNT, _ALONE = "account:<id>", "the connection alone"

PUSHES: Mapping[str, SocketPush] = {
    "message.sent": SocketPush("A message was sent.", MessageView(), _CONVERSATION),
    "message.edited": SocketPush("A message was edited.", MessageEdited(), _CONVERSATION),
    "message.deleted": SocketPush("A message was deleted.", MessageDeleted(), _CONVERSATION),
    "notice.added": SocketPush(
        "Something happened around the conversation.", NoticeAdded(), _CONVERSATION
    ),
    "receipt.updated": SocketPush(
        "A participant's apps have got, or it has read, more.", ReadPositionView(), _CONVERSATION
    ),
    "typing.updated": SocketPush("Somebody types, or stopped.", Typing(), _CONVERSATION),
    "presence.updated": SocketPush(
        "Somebody is active in a conversation, or no longer.", Presence(), _CONVERSATION
    ),
    "conversation.updated": SocketPush(
        "A conversation takes messages no longer, or again.", BlockView(), _ACCOUNT
    ),
    "rfi.changed": SocketPush("An RFI went on by a revision.", RevisionView(), _RFI),
    "match.offered": SocketPush("An RFI was offered to a vendor.", MatchView(), _ACCOUNT),
    "match.updated": SocketPush("A match changed its state.", MatchView(), _ACCOUNT),
    "quote.submitted": SocketPush("A vendor quoted.", QuoteView(), _ACCOUNT),
    "quote.updated": SocketPush("A quote changed.", QuoteView(), _ACCOUNT),
    "rfi.awarded": SocketPush("An RFI was awarded.", RfiAwarded(), _ACCOUNT),
    "notification.created": SocketPush(
        "An email or SMS goes out to the person.", NotificationView(), _ACCOUNT
    ),
    "gap": SocketPush(
        "A hole could not be filled for five seconds, or the numbers begin another epoch.",
        Gap(),
        _EITHER,
    ),
    "connection.closing": SocketPush("The connection ends.", ConnectionClosing(), _ALONE),
    "room.left": SocketPush("A room may no longer be followed.", RoomLeft(), _ALONE),
    "session.expiring": SocketPush(
        "The access token is over in a minute at most.", SessionExpiring(), _ALONE
    ),
}
