"""Who is notified of what, by which channels: pure functions of an event and its facts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from marketplace.domain import awards
from marketplace.domain.conversations import Channel, Conversation
from marketplace.domain.matches import NO_LONGER_SUITABLE, Match, MatchState
from marketplace.domain.notifications import AccountKind
from marketplace.domain.quotes import ClosedReason
from marketplace.domain.rfis import EXPIRED, RfiState, material_fields
from marketplace.events import Event
from marketplace.links import Link
from marketplace.places import whole_kilometres_m

# An email about a message waits this long: a person who is just opening the app reads the message
# there, and messages that follow meanwhile go into the same email.
MESSAGE_DELAY_S = 5.0
# Notifications are claimed in the order in which they became due.  One about an RFI counts as due
# ten minutes ago, so that it does not wait behind a backlog of digests.
AT_ONCE_S = -600.0


class NotificationKind(StrEnum):
    """What a notification is about; each kind has its templates."""

    MATCH_OFFERED = "match_offered"
    MATCH_CLOSED = "match_closed"
    MESSAGE_SENT = "message_sent"
    QUOTE_SUBMITTED = "quote_submitted"
    QUOTE_WITHDRAWN = "quote_withdrawn"
    QUOTE_DECLINED = "quote_declined"
    QUOTE_EXPIRED = "quote_expired"
    RFI_REVISED = "rfi_revised"
    RFI_WITHDRAWN = "rfi_withdrawn"
    RFI_WON = "rfi_won"
    RFI_LOST = "rfi_lost"
    AWARD_CANCELLED = "award_cancelled"
    RFI_REOPENED = "rfi_reopened"
    RFI_EXPIRING = "rfi_expiring"
    RFI_EXPIRED = "rfi_expired"
    OFFER_EXPIRING = "offer_expiring"
    ANSWER_EXPIRING = "answer_expiring"
    VERIFICATION_CODE = AccountKind.VERIFICATION_CODE.value
    PASSWORD_RESET = AccountKind.PASSWORD_RESET.value
    SECURITY = AccountKind.SECURITY.value
    VENDOR_REVIEWED = "vendor_reviewed"
    DOCUMENT_EXPIRING = "document_expiring"
    TEAM_INVITED = "team_invited"


@dataclass(frozen=True, slots=True)
class Policy:
    """A kind's channels and delay, and whether it goes only to people without a connected app."""

    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    is_for_the_absent: bool = False
    delay_s: float = AT_ONCE_S


POLICIES: Mapping[NotificationKind, Policy] = {
    NotificationKind.MATCH_OFFERED: Policy((Channel.EMAIL, Channel.SMS)),
    NotificationKind.MATCH_CLOSED: Policy(is_for_the_absent=True),
    NotificationKind.MESSAGE_SENT: Policy(is_for_the_absent=True, delay_s=MESSAGE_DELAY_S),
    NotificationKind.QUOTE_SUBMITTED: Policy(is_for_the_absent=True),
    NotificationKind.QUOTE_WITHDRAWN: Policy(is_for_the_absent=True),
    NotificationKind.QUOTE_DECLINED: Policy(is_for_the_absent=True),
    NotificationKind.QUOTE_EXPIRED: Policy(is_for_the_absent=True),
    NotificationKind.RFI_REVISED: Policy(is_for_the_absent=True),
    NotificationKind.RFI_WITHDRAWN: Policy(),
    NotificationKind.RFI_WON: Policy((Channel.EMAIL, Channel.SMS)),
    NotificationKind.RFI_LOST: Policy(),
    NotificationKind.AWARD_CANCELLED: Policy((Channel.EMAIL, Channel.SMS)),
    NotificationKind.RFI_REOPENED: Policy(),
    NotificationKind.RFI_EXPIRING: Policy(),
    NotificationKind.RFI_EXPIRED: Policy(),
    NotificationKind.OFFER_EXPIRING: Policy(),
    NotificationKind.ANSWER_EXPIRING: Policy(),
    # Actions write these themselves (marketplace/actions/notifications.py).
    NotificationKind.VERIFICATION_CODE: Policy((Channel.EMAIL, Channel.SMS)),
    NotificationKind.PASSWORD_RESET: Policy(),
    NotificationKind.SECURITY: Policy(),
    NotificationKind.VENDOR_REVIEWED: Policy(),
    NotificationKind.DOCUMENT_EXPIRING: Policy(),
    NotificationKind.TEAM_INVITED: Policy(),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule knows besides the event: the RFI's matches, or the message's conversation.

    `quoted_vendor_ids` are the vendors with a submitted quote.
    """

    matches: tuple[Match, ...] = ()
    quoted_vendor_ids: frozenset[str] = frozenset()
    conversation: Conversation | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """One person to notify of one thing; `path` is its address on the page.

    `rfi_id` is None if it is not about an RFI.
    """

    kind: NotificationKind
    account_id: str
    rfi_id: str | None
    path: str
    data: Mapping[str, Any]


Rule = Callable[[Event, Facts], list[Intent]]


def intents(event: Event, facts: Facts) -> list[Intent]:
    """Whom to notify of the event; nobody for most events."""
    rule = _RULES.get(event.name)
    return [] if rule is None else rule(event, facts)


def _match_offered(event: Event, _: Facts) -> list[Intent]:
    match = event.data["match"]
    # The previous version's events have exact metres.
    data = {"distance_m": whole_kilometres_m(match["distance_m"])}
    return [_about_rfi(NotificationKind.MATCH_OFFERED, match["vendor_id"], match["rfi_id"], data)]


def _match_closed(event: Event, _: Facts) -> list[Intent]:
    """An offer whose RFI left the vendor's reach; other closings follow from the RFI's end."""
    match = event.data["match"]
    if match.get("closed_reason") != NO_LONGER_SUITABLE:
        return []
    return [_about_rfi(NotificationKind.MATCH_CLOSED, match["vendor_id"], match["rfi_id"])]


def _message_sent(event: Event, facts: Facts) -> list[Intent]:
    message, conversation = event.data["message"], facts.conversation
    if conversation is None:
        return []
    names = {participant.account_id: participant.name for participant in conversation.participants}
    data = {
        "conversation_id": conversation.id,
        "first_sequence": message["sequence"],
        "sequence": message["sequence"],
        "sender_name": names.get(message["sender_id"], "Somebody"),
    }
    path = Link.CONVERSATION.path(conversation.id)
    return [
        Intent(NotificationKind.MESSAGE_SENT, recipient.account_id, conversation.rfi_id, path, data)
        for recipient in conversation.others(message["sender_id"])
    ]


def _quote_submitted(event: Event, _: Facts) -> list[Intent]:
    quote = event.data["quote"]
    data = {name: quote[name] for name in ("vendor_name", "amount_minor", "currency")}
    path = Link.CONVERSATION.path(quote["conversation_id"])
    return [
        Intent(NotificationKind.QUOTE_SUBMITTED, quote["customer_id"], quote["rfi_id"], path, data)
    ]


def _quote_updated(event: Event, _: Facts) -> list[Intent]:
    """A quote that its vendor withdrew, that the customer declined, or that expired."""
    quote = event.data["quote"]
    kind = _ENDS.get(quote.get("closed_reason"))
    if kind is None:
        return []
    is_customers = kind is NotificationKind.QUOTE_WITHDRAWN
    account_id = quote["customer_id"] if is_customers else quote["vendor_id"]
    data = {name: quote[name] for name in ("vendor_name", "amount_minor", "currency")}
    path = Link.CONVERSATION.path(quote["conversation_id"])
    return [Intent(kind, account_id, quote["rfi_id"], path, data)]


def _rfi_revised(event: Event, facts: Facts) -> list[Intent]:
    revision = event.data["revision"]
    if revision["cause"] == awards.CANCELLED:
        return _award_cancelled(event, facts)
    material = material_fields(change["path"] for change in revision["changes"])
    if not material or event.data["rfi"]["state"] != RfiState.OPEN:
        return []
    return [
        _about_rfi(
            NotificationKind.RFI_REVISED,
            match.vendor_id,
            event.key,
            {
                "changed_fields": material,
                "has_quote": match.vendor_id in facts.quoted_vendor_ids,
            },
        )
        for match in facts.matches
        if match.state is MatchState.ACCEPTED
    ]


def _award_cancelled(event: Event, facts: Facts) -> list[Intent]:
    """The vendor that had won, and those that are on the RFI again.

    An offer that is made again has an event of its own.
    """
    changes = event.data["revision"]["changes"]
    winner_ids = {change["old"] for change in changes if change["path"] == "awarded_vendor_id"}
    cancelled, reopened = NotificationKind.AWARD_CANCELLED, NotificationKind.RFI_REOPENED
    return [
        Intent(
            cancelled if match.vendor_id in winner_ids else reopened,
            match.vendor_id,
            event.key,
            _to_conversation(match),
            {},
        )
        for match in facts.matches
        if match.vendor_id in winner_ids or match.state is MatchState.ACCEPTED
    ]


def _rfi_withdrawn(event: Event, facts: Facts) -> list[Intent]:
    rfi = event.data["rfi"]
    if rfi.get("ended_reason") != EXPIRED:
        return _to_vendors_closed_by(NotificationKind.RFI_WITHDRAWN, "rfi_withdrawn", event, facts)
    kind = NotificationKind.RFI_EXPIRED
    vendors = _to_vendors_closed_by(kind, "rfi_withdrawn", event, facts, {"is_own": False})
    return [_about_rfi(kind, rfi["customer_id"], event.key, {"is_own": True}), *vendors]


def _rfi_awarded(event: Event, facts: Facts) -> list[Intent]:
    winner_id = event.data["rfi"].get("awarded_vendor_id")
    won = [
        Intent(NotificationKind.RFI_WON, winner_id, event.key, _to_conversation(match), {})
        for match in facts.matches
        if match.vendor_id == winner_id
    ]
    return won + _to_vendors_closed_by(NotificationKind.RFI_LOST, "rfi_awarded", event, facts)


def _to_vendors_closed_by(
    kind: NotificationKind,
    reason: str,
    event: Event,
    facts: Facts,
    data: Mapping[str, Any] | None = None,
) -> list[Intent]:
    """One for every vendor whose match was live until this event's write closed it."""
    return [
        _about_rfi(kind, match.vendor_id, event.key, data)
        for match in facts.matches
        if match.state is MatchState.CLOSED and match.closed_reason == reason
    ]


def _vendor_reviewed(event: Event, _: Facts) -> list[Intent]:
    """What was decided about a vendor.

    Events of the version before have no review. So nobody is told of what was decided before the
    topic was first read.
    """
    review = event.data.get("review")
    if review is None:
        return []
    data = {name: review[name] for name in ("outcome", "reason", "steps", "is_of_changes")}
    path = Link.START.path()
    return [Intent(NotificationKind.VENDOR_REVIEWED, event.key, None, path, data)]


def _member_invited(event: Event, _: Facts) -> list[Intent]:
    member = event.data["member"]
    data = {"company": member["company"], "team_role": member["role"]}
    path = Link.START.path()
    return [Intent(NotificationKind.TEAM_INVITED, member["account_id"], None, path, data)]


def _about_rfi(
    kind: NotificationKind, account_id: str, rfi_id: str, data: Mapping[str, Any] | None = None
) -> Intent:
    return Intent(kind, account_id, rfi_id, Link.RFI.path(rfi_id), data or {})


def _to_conversation(match: Match) -> str:
    """The match's conversation; the RFI if the vendor has not accepted and so has none."""
    if match.conversation_id is None:
        return Link.RFI.path(match.rfi_id)
    return Link.CONVERSATION.path(match.conversation_id)


_ENDS: Mapping[str, NotificationKind] = {
    ClosedReason.WITHDRAWN: NotificationKind.QUOTE_WITHDRAWN,
    ClosedReason.DECLINED: NotificationKind.QUOTE_DECLINED,
    ClosedReason.EXPIRED: NotificationKind.QUOTE_EXPIRED,
}
_VENDOR_EVENTS = (
    "vendor.updated",
    "vendor.approved",
    "vendor.rejected",
    "vendor.changes_requested",
    "vendor.suspended",
    "vendor.reinstated",
)
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_VENDOR_EVENTS, _vendor_reviewed),
    "vendor.member_invited": _member_invited,
    "match.offered": _match_offered,
    "match.closed": _match_closed,
    "message.sent": _message_sent,
    "quote.submitted": _quote_submitted,
    "quote.updated": _quote_updated,
    "rfi.revised": _rfi_revised,
    "rfi.withdrawn": _rfi_withdrawn,
    "rfi.awarded": _rfi_awarded,
}
