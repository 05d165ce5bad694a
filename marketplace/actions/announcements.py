"""Which rooms get which push or signal after the commit."""

from marketplace.domain.account_feed import FeedItem
from marketplace.domain.conversations import Entry, ReadPosition
from marketplace.domain.inbox import InboxRow
from marketplace.domain.rfis import Revision
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
from marketplace.schemas.rfis import RevisionView

_REVISION, _READ_POSITION = RevisionView(), ReadPositionView()


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


def item_added(world: World, item: FeedItem, traceparent: str | None = None) -> None:
    """Push an item of an account's feed to its apps, with the trace context of its cause."""
    name, data = views.item_push(item)
    room = account_room(item.account_id)
    world.live.announce(Announcement(room, name, data, item.position, traceparent))


def inbox_updated(world: World, row: InboxRow) -> None:
    """Push `inbox.updated` to the apps of the participant whose row this is."""
    room = account_room(row.account_id)
    world.live.announce(Announcement(room, "inbox.updated", views.inbox_push(row)))


def inbox_read(world: World, position: ReadPosition, head: int) -> None:
    """Push `inbox.read` to the apps of the participant who has read."""
    data = {
        "conversation_id": position.conversation_id,
        "read_sequence": position.read_sequence,
        "head": head,
    }
    world.live.announce(Announcement(account_room(position.account_id), "inbox.read", data))


def access_changed(world: World, *account_ids: str) -> None:
    """Make every gateway with an app of the accounts check again what these may see and do.

    The signal is for gateways and never reaches an app; a gateway that misses it finds out by its
    own checks.
    """
    for account_id in account_ids:
        world.live.signal(Signal(account_room(account_id), SignalName.ACCESS))


def read_position_moved(world: World, position: ReadPosition) -> None:
    """Push `receipt.updated` to the conversation."""
    room = conversation_room(position.conversation_id)
    world.live.announce(Announcement(room, "receipt.updated", _READ_POSITION.write(position)))
