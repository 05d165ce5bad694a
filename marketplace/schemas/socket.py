"""The socket's contract as data: each call and each push with its schemas.

The AsyncAPI document and the TypeScript types are generated from these tables. Tests compare the
gateway with them: the schemas that it validates calls with, and every acknowledgement and push that
it makes in any test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.errors import Code
from marketplace.schemas.account_feed import (
    AssignmentPush,
    BlockPush,
    JoinAccount,
    JoinedAccount,
    MatchPush,
    NotificationPush,
    QuotePush,
    RfiAwarded,
    TeamPush,
    VendorDecided,
)
from marketplace.schemas.answers import (
    ChangedMessage,
    ConnectionClosing,
    Done,
    EntryPage,
    Gap,
    JoinedConversation,
    JoinedRfi,
    Presence,
    RoomLeft,
    SentMessage,
    SessionExpiring,
    Typing,
)
from marketplace.schemas.conversations import (
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
from marketplace.schemas.inbox import InboxRead, InboxUpdated
from marketplace.schemas.rfis import RevisionView
from marketplace.schemas.strict import Strict


@dataclass(frozen=True, slots=True)
class SocketCall:
    """A call: what it does, its payload, its acknowledgement, and its error codes.

    `errors` are those besides `EVERY_CALL`.
    """

    about: str
    request: Strict
    acknowledgement: Strict
    errors: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class SocketPush:
    """A push: when it is sent, its payload, and the room whose members get it."""

    about: str
    payload: Strict
    room: str


# Errors of every call.
EVERY_CALL = (
    Code.VALIDATION_FAILED,
    Code.UNAUTHENTICATED,
    Code.RATE_LIMITED,
    Code.DRAINING,
    Code.UNAVAILABLE,
    Code.INTERNAL,
)
# Errors of the handshake.
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
        "Join a conversation: returns a snapshot, then pushes start at head + 1. With "
        "`after_sequence`, the snapshot has the entries after it, at most 200. Without it, or if it is "
        "above the head or of a different `epoch` than the acknowledgement's, the snapshot has the last "
        "200 entries (`is_snapshot`).",
        JoinConversation(),
        JoinedConversation(),
        (Code.NOT_FOUND, Code.TOO_MANY_ROOMS),
    ),
    "leave_conversation": SocketCall(
        "Leave a conversation: its pushes stop.", ConversationCall(), Done()
    ),
    "fetch_entries": SocketCall(
        "Read entries after `after_sequence` or before `before_sequence`; send exactly one. If the "
        "number is above the head or of a different `epoch`, returns the newest entries "
        "(`is_snapshot`).",
        FetchEntries(),
        EntryPage(),
        (Code.NOT_FOUND,),
    ),
    "send_message": SocketCall(
        "Send a message; acknowledged once it is on disk. A resend with the same "
        "`client_message_id`, at any later time, returns the first message.",
        SocketSendMessage(),
        SentMessage(),
        (*_WRITES, Code.CLIENT_MESSAGE_ID_REUSED),
    ),
    "edit_message": SocketCall(
        "Replace the body of a message the caller sent. An edit that changes nothing creates no "
        "entry and returns the entry with the current body. A deleted message cannot be edited.",
        EditMessage(),
        ChangedMessage(),
        (*_WRITES, Code.WRONG_STATE),
    ),
    "delete_message": SocketCall(
        "Delete a message the caller sent; a block does not prevent this. Deleting it again "
        "returns the first deletion.",
        DeleteMessage(),
        ChangedMessage(),
        (Code.NOT_FOUND, Code.FORBIDDEN),
    ),
    "mark_delivered": SocketCall(
        "Record that this app has received every entry up to a sequence.",
        MarkPosition(),
        Done(),
        (Code.NOT_FOUND,),
    ),
    "mark_read": SocketCall(
        "Record that the participant has read every entry up to a sequence.",
        MarkPosition(),
        Done(),
        (Code.NOT_FOUND,),
    ),
    "set_typing": SocketCall(
        "Report that the caller is typing or has stopped; repeat every few seconds while typing.",
        SetTyping(),
        Done(),
        (Code.NOT_FOUND, Code.FORBIDDEN, Code.BLOCKED),
    ),
    "join_rfi": SocketCall(
        "Join an RFI's room: returns the RFI, then pushes start at revision + 1. With "
        "`after_revision`, also returns the changes after it, unless there are more than 500 of them, or "
        "the number is above the RFI's revision or of a different `epoch` (`is_snapshot`).",
        JoinRfi(),
        JoinedRfi(),
        (Code.NOT_FOUND, Code.FORBIDDEN, Code.TOO_MANY_ROOMS),
    ),
    "leave_rfi": SocketCall("Leave an RFI's room: its pushes stop.", RfiCall(), Done()),
    "join_account": SocketCall(
        "Follow the account's feed by number: returns items, then numbered pushes start at position + "
        "1. With `after_position`, the items are those after it, at most 200. Without it, or if it is "
        "above the feed's position, older than what is kept or of a different `epoch`, they are the "
        "newest ones (`is_snapshot`). An app that does not call this gets the same pushes, but a lost "
        "one is not repaired.",
        JoinAccount(),
        JoinedAccount(),
    ),
}

_CONVERSATION, _RFI = "conversation:<id>", "rfi:<id>"
_NUMBERED = "conversation:<id>, rfi:<id> or account:<id>"
_ACCOUNT, _ALONE = "account:<id>", "this connection only"

PUSHES: Mapping[str, SocketPush] = {
    "message.sent": SocketPush("A message was sent.", MessageView(), _CONVERSATION),
    "message.edited": SocketPush("A message was edited.", MessageEdited(), _CONVERSATION),
    "message.deleted": SocketPush("A message was deleted.", MessageDeleted(), _CONVERSATION),
    "notice.added": SocketPush(
        "A notice was added to the conversation.", NoticeAdded(), _CONVERSATION
    ),
    "receipt.updated": SocketPush(
        "A participant's delivered or read position moved forward.",
        ReadPositionView(),
        _CONVERSATION,
    ),
    "typing.updated": SocketPush(
        "A participant started or stopped typing.", Typing(), _CONVERSATION
    ),
    "presence.updated": SocketPush(
        "A participant became active or inactive.", Presence(), _CONVERSATION
    ),
    "conversation.updated": SocketPush(
        "A conversation was blocked or reopened.", BlockPush(), _ACCOUNT
    ),
    "inbox.updated": SocketPush(
        "A conversation has a new last entry, at most twice a second; or the account muted or archived "
        "it.",
        InboxUpdated(),
        _ACCOUNT,
    ),
    "inbox.read": SocketPush(
        "The account has read a conversation, on this app or another.", InboxRead(), _ACCOUNT
    ),
    "rfi.changed": SocketPush("An RFI has a new revision.", RevisionView(), _RFI),
    "match.offered": SocketPush("An RFI was offered to a vendor.", MatchPush(), _ACCOUNT),
    "match.updated": SocketPush("A match changed state.", MatchPush(), _ACCOUNT),
    "quote.submitted": SocketPush("A vendor submitted a quote.", QuotePush(), _ACCOUNT),
    "quote.updated": SocketPush("A quote changed.", QuotePush(), _ACCOUNT),
    "rfi.awarded": SocketPush("An RFI was awarded.", RfiAwarded(), _ACCOUNT),
    "vendor.decided": SocketPush(
        "An admin or a rule decided about the vendor.", VendorDecided(), _ACCOUNT
    ),
    "team.updated": SocketPush(
        "Somebody joined or left the vendor's team, or got another role in it.",
        TeamPush(),
        _ACCOUNT,
    ),
    "conversation.assigned": SocketPush(
        "A conversation was assigned to a member of the vendor's team.",
        AssignmentPush(),
        _ACCOUNT,
    ),
    "notification.created": SocketPush(
        "An email or SMS to the account was created.", NotificationPush(), _ACCOUNT
    ),
    "gap": SocketPush(
        "A gap could not be filled within five seconds, or a new epoch began.",
        Gap(),
        _NUMBERED,
    ),
    "connection.closing": SocketPush(
        "The gateway is about to close the connection.", ConnectionClosing(), _ALONE
    ),
    "room.left": SocketPush("The connection was removed from a room.", RoomLeft(), _ALONE),
    "session.expiring": SocketPush(
        "The access token expires within a minute.", SessionExpiring(), _ALONE
    ),
}
