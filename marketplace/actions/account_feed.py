"""What accounts are told: the items for each change.

An action appends items in its transaction, and tells their accounts after the commit:

    items = await tx.feed.append(account_feed.match_items("match.updated", [match]))
    await account_feed.tell(world, items)
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from marketplace.actions import announcements
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation
from marketplace.domain.matches import Match
from marketplace.domain.members import MemberRole
from marketplace.domain.notifications import Notification
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Rfi
from marketplace.domain.vendors import Vendor
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World
from marketplace.schemas import views
from marketplace.schemas.account_feed import VendorDecision
from marketplace.schemas.matches import MatchView
from marketplace.schemas.members import AssignmentView, TeamChange
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.quotes import QuoteView

LOG = get_logger(__name__)
_MATCH, _QUOTE = MatchView(), QuoteView()
_DECISION, _NOTIFICATION = VendorDecision(), NotificationView()
_TEAM, _ASSIGNMENT = TeamChange(), AssignmentView()


async def tell(
    world: World, items: Sequence[FeedItem], traces: Mapping[str, str | None] | None = None
) -> None:
    """Number committed items, and push them; `traces` has the trace context of items by id.

    If that fails, the items are stored all the same: gateways number them within seconds, and push
    them to the apps that follow the feed.
    """
    if not items:
        return
    try:
        numbered = await world.store.feed.number(items)
    except TemporaryError as error:
        LOG.warning("items are not numbered yet", why=str(error))
        return
    for item in numbered:
        announcements.item_added(world, item, (traces or {}).get(item.id))


def match_items(name: str, matches: Iterable[Match]) -> list[FeedItem]:
    """`match.offered` or `match.updated`, for the vendor and the customer of each match."""
    return [
        FeedItem(account_id, name, _MATCH.write(match), match.updated_at)
        for match in matches
        for account_id in (match.vendor_id, match.customer_id)
    ]


def quote_items(name: str, quotes: Iterable[Quote], at: datetime | None = None) -> list[FeedItem]:
    """`quote.submitted` or `quote.updated`, for the customer and the vendor of each quote.

    `at` is the time of the cause, if that is another than that of the quotes' own last change: a
    revision of the RFI outdates quotes without changing them, and an expiry may be stored late.
    """
    return [
        FeedItem(account_id, name, _QUOTE.write(quote), at or quote.updated_at)
        for quote in quotes
        for account_id in (quote.customer_id, quote.vendor_id)
    ]


def award_items(rfi: Rfi, account_ids: Iterable[str]) -> list[FeedItem]:
    """`rfi.awarded`, for the customer and every vendor that was on the RFI."""
    data = {
        "rfi_id": rfi.id,
        "quote_id": rfi.awarded_quote_id,
        "quote_revision": rfi.awarded_quote_revision,
        "vendor_id": rfi.awarded_vendor_id,
        "revision": rfi.revision,
    }
    return [FeedItem(account_id, "rfi.awarded", data, rfi.updated_at) for account_id in account_ids]


def block_items(conversation: Conversation, at: datetime) -> list[FeedItem]:
    """`conversation.updated`, for each participant with its own view."""
    return [
        FeedItem(
            participant.account_id,
            "conversation.updated",
            {
                "conversation_id": conversation.id,
                **views.block_state(conversation, participant.account_id),
            },
            at,
        )
        for participant in conversation.participants
    ]


def decision_items(vendor: Vendor) -> list[FeedItem]:
    """`vendor.decided`, for the vendor."""
    data = _DECISION.dump(
        {
            "vendor_id": vendor.id,
            "state": vendor.state,
            "state_reason": vendor.state_reason,
            "updated_at": vendor.updated_at,
            "review": vendor.last_review,
        }
    )
    return [FeedItem(vendor.id, "vendor.decided", data, vendor.updated_at)]


def team_items(
    vendor_id: str, actor: Actor, account_id: str, role: MemberRole | None, at: datetime
) -> list[FeedItem]:
    """`team.updated`, for the vendor and its team; without a role after a removal."""
    change = {"account_id": account_id, "role": role, "changed_by": actor.person_id, "at": at}
    return [FeedItem(vendor_id, "team.updated", _TEAM.dump(change), at)]


def assignment_items(
    actor: Actor, conversation_id: str, account_id: str | None, at: datetime
) -> list[FeedItem]:
    """`conversation.assigned`, for the vendor and its team."""
    assignment = {
        "conversation_id": conversation_id,
        "account_id": account_id,
        "assigned_by": actor.person_id,
        "at": at,
    }
    data = _ASSIGNMENT.dump(assignment)
    return [FeedItem(actor.account_id, "conversation.assigned", data, at)]


def notification_items(notifications: Iterable[Notification]) -> list[FeedItem]:
    """`notification.created`, for the person that each notification is to."""
    return [
        FeedItem(
            notification.account_id,
            "notification.created",
            _NOTIFICATION.write(notification),
            notification.created_at,
        )
        for notification in notifications
    ]
