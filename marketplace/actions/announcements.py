"""Which rooms hear of what, after the commit."""

from marketplace.domain import views
from marketplace.domain.conversations import Conversation, Entry, ReadPosition
from marketplace.domain.matches import Match, MatchState
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
from marketplace.schemas.conversations import ReadPositionView
from marketplace.schemas.matches import MatchView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.rfis import RevisionView

_MATCH, _QUOTE, _REVISION = MatchView(), QuoteView(), RevisionView()
_READ_POSITION = ReadPositionView()


def session_ended(world: World, account_id: str, session_id: str) -> None:
    """To the gateways that have the account; no app hears of it but by its connection's end."""
    data = {"session_id": session_id}
    world.live.signal(Signal(account_room(account_id), SignalName.SESSION_ENDED, data))


def entry_added(world: World, entry: Entry) -> None:
    """`message.sent`, `message.edited`, `message.deleted`, `notice.added` to the conversation."""
    name, data = views.push(entry)
    room = conversation_room(entry.conversation_id)
    world.live.announce(Announcement(room, name, data, entry.sequence))


def rfi_changed(world: World, revision: Revision) -> None:
    """`rfi.changed` to those who follow the RFI."""
    room = rfi_room(revision.rfi_id)
    data = _REVISION.dump(revision)
    world.live.announce(Announcement(room, "rfi.changed", data, revision.revision))


def rfi_awarded(world: World, rfi: Rfi, account_ids: list[str]) -> None:
    """`rfi.awarded` to the customer and to every vendor that was on the RFI."""
    data = {
        "rfi_id": rfi.id,
        "quote_id": rfi.awarded_quote_id,
        "vendor_id": rfi.awarded_vendor_id,
        "revision": rfi.revision,
    }
    for account_id in account_ids:
        world.live.announce(Announcement(account_room(account_id), "rfi.awarded", data))


def match_changed(world: World, name: str, match: Match) -> None:
    """`match.offered`, `match.updated` to the vendor and the customer."""
    data = _MATCH.dump(match)
    for account_id in (match.vendor_id, match.customer_id):
        world.live.announce(Announcement(account_room(account_id), name, data))
    if match.state is not MatchState.OFFERED:  # the vendor sees more of the RFI now, or less
        access_changed(world, match.vendor_id)


def access_changed(world: World, account_id: str) -> None:
    """Have every gateway with an app of the account ask anew which rooms it may be in.

    It is for gateways and goes to no app; one that does not hear it finds out by itself.
    """
    world.live.signal(Signal(account_room(account_id), SignalName.ACCESS))


def quote_changed(world: World, name: str, quote: Quote) -> None:
    """`quote.submitted`, `quote.updated` to the customer and the vendor."""
    data = _QUOTE.dump(quote)
    for account_id in (quote.customer_id, quote.vendor_id):
        world.live.announce(Announcement(account_room(account_id), name, data))


def conversation_updated(world: World, conversation: Conversation) -> None:
    """`conversation.updated` to each participant, as they are told; gateways look at it anew."""
    for each in conversation.participants:
        access_changed(world, each.account_id)
        standing = views.standing_view(conversation, each.account_id)
        data = {"conversation_id": conversation.id, **standing}
        room = account_room(each.account_id)
        world.live.announce(Announcement(room, "conversation.updated", data))


def read_position_moved(world: World, position: ReadPosition) -> None:
    """`receipt.updated` to the conversation."""
    room = conversation_room(position.conversation_id)
    world.live.announce(Announcement(room, "receipt.updated", _READ_POSITION.dump(position)))
