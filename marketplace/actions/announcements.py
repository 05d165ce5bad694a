"""Which rooms get which push or signal after the commit."""

from marketplace.domain.conversations import Conversation, Entry, ReadPosition
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.notifications import Notification
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Revision, Rfi
from marketplace.ports import (
    Announcement,
    Signal,
    SignalName,
    World,
    account_room,
    conversation_room,
    rfi_room,
)
from marketplace.schemas import views
from marketplace.schemas.conversations import ReadPositionView
from marketplace.schemas.matches import MatchView
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.rfis import RevisionView

_MATCH, _QUOTE, _REVISION = MatchView(), QuoteView(), RevisionView()
_READ_POSITION, _NOTIFICATION = ReadPositionView(), NotificationView()


def session_ended(world: World, account_id: str, session_id: str) -> None:
    """Tell the gateways that have the account; apps only notice that their connections close."""
    data = {"session_id": session_id}
    world.live.signal(Signal(account_room(account_id), SignalName.SESSION_ENDED, data))


def entry_added(world: World, entry: Entry) -> None:
    """Push the entry (`message.sent`, `notice.added` and so on) to the conversation."""
    name, data = views.push(entry)
    room = conversation_room(entry.conversation_id)
    world.live.announce(Announcement(room, name, data, entry.sequence))


def rfi_changed(world: World, revision: Revision) -> None:
    """Push `rfi.changed` to the RFI's followers."""
    room = rfi_room(revision.rfi_id)
    data = _REVISION.write(revision)
    world.live.announce(Announcement(room, "rfi.changed", data, revision.revision))


def rfi_awarded(world: World, rfi: Rfi, account_ids: list[str]) -> None:
    """Push `rfi.awarded` to the customer and to every vendor that was on the RFI."""
    data = {
        "rfi_id": rfi.id,
        "quote_id": rfi.awarded_quote_id,
        "vendor_id": rfi.awarded_vendor_id,
        "revision": rfi.revision,
    }
    for account_id in account_ids:
        world.live.announce(Announcement(account_room(account_id), "rfi.awarded", data))


def match_changed(world: World, name: str, match: Match) -> None:
    """Push `match.offered` or `match.updated` to the vendor and the customer."""
    data = _MATCH.write(match)
    for account_id in (match.vendor_id, match.customer_id):
        world.live.announce(Announcement(account_room(account_id), name, data))
    if match.state is not MatchState.OFFERED:  # the vendor now sees more or less of the RFI
        access_changed(world, match.vendor_id)


def access_changed(world: World, account_id: str) -> None:
    """Make every gateway with an app of the account check again which rooms it may be in.

    The signal is for gateways and never reaches an app; a gateway that misses it finds out by its
    own checks.
    """
    world.live.signal(Signal(account_room(account_id), SignalName.ACCESS))


def quote_changed(world: World, name: str, quote: Quote) -> None:
    """Push `quote.submitted` or `quote.updated` to the customer and the vendor."""
    data = _QUOTE.write(quote)
    for account_id in (quote.customer_id, quote.vendor_id):
        world.live.announce(Announcement(account_room(account_id), name, data))


def conversation_updated(world: World, conversation: Conversation) -> None:
    """Push `conversation.updated` to each participant; gateways check their access again."""
    for participant in conversation.participants:
        access_changed(world, participant.account_id)
        state = views.block_state(conversation, participant.account_id)
        data = {"conversation_id": conversation.id, **state}
        room = account_room(participant.account_id)
        world.live.announce(Announcement(room, "conversation.updated", data))


def notification_created(world: World, notification: Notification) -> None:
    """Push `notification.created` to the account that it is for."""
    room, data = account_room(notification.account_id), _NOTIFICATION.write(notification)
    world.live.announce(
        Announcement(room, "notification.created", data, traceparent=notification.traceparent)
    )


def read_position_moved(world: World, position: ReadPosition) -> None:
    """Push `receipt.updated` to the conversation."""
    room = conversation_room(position.conversation_id)
    world.live.announce(Announcement(room, "receipt.updated", _READ_POSITION.write(position)))
