"""A conversation as four actions would leave it (draft, submit, match, accept), as documents.

The actions take 33 round trips and four journaled commits per conversation; for 2,000 conversations
that is nearly two minutes on two cores beside the running stack. Bulk writes take seconds. The
rules and the events are those of the actions, and a test compares the results of both, field by
field, except for the decision of matching, which nobody made. The matching process receives an RFI
whose only slot is already taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from marketplace import events
from marketplace.actions.account_feed import match_items
from marketplace.actions.events import event, match_event, rfi_event
from marketplace.domain import lifetimes, matches, rfis
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.conversations import Conversation, Entry, EntryKind, Participant
from marketplace.domain.matches import Match
from marketplace.domain.policy import Policy
from marketplace.domain.vendors import NearbyVendor, Vendor
from marketplace.events import Event
from marketplace.ids import new_id
from marketplace.schemas.conversations import ConversationView
from marketplace.storage.conversations import conversation_document
from marketplace.storage.documents import to_document

MATCHING = Actor("matching", Role.SYSTEM)  # as the matching process acts
Documents = dict[str, list[dict[str, Any]]]
_CONVERSATION = ConversationView()


@dataclass(frozen=True, slots=True)
class Pair:
    """A customer and the only vendor that its RFI reaches, whose match is already counted."""

    customer: Account
    vendor: Vendor


def opened(
    pair: Pair, content: Mapping[str, Any], now: datetime, policy: Policy
) -> tuple[Match, Documents]:
    """An open RFI with this validated content, its accepted match and their conversation.

    Returns the match, and all documents by collection.
    """
    customer = Actor(pair.customer.id, Role.CUSTOMER)
    vendor = Actor(pair.vendor.id, Role.VENDOR)
    created = rfis.draft(new_id(), content, customer, now)
    draft, drafted = lifetimes.renewed(None, *created, policy)
    rfi, submitted = lifetimes.renewed(draft, *rfis.submit(draft, customer, now), policy)
    offered = matches.offer(new_id(), rfi, NearbyVendor(pair.vendor, 0), now)
    conversation = _conversation(pair, offered, now)
    accepted = matches.accept(offered, conversation.id, now)
    started = {"conversation": _CONVERSATION.dump(conversation)}
    domain_events = (
        rfi_event("rfi.drafted", draft, drafted, customer),
        rfi_event("rfi.submitted", rfi, submitted, customer),
        match_event("match.offered", offered, MATCHING),
        match_event("match.accepted", accepted, vendor),
        event("conversation.started", conversation.id, now, vendor, started),
    )
    return accepted, {
        "rfis": [to_document(replace(rfi, match_count=1))],
        "rfi_revisions": [
            {"_id": f"{rfi.id}:{revision.revision}", **to_document(revision)}
            for revision in (drafted, submitted)
        ],
        "matches": [to_document(accepted)],
        "timers": [
            to_document(timer)
            for timer in (
                *lifetimes.timers_of_rfi(rfi, policy),
                *lifetimes.timers_of_match(accepted, policy),
            )
        ],
        "conversations": [conversation_document(conversation)],
        "entries": [to_document(_notice(accepted, conversation.id, now))],
        "outbox": [_outgoing(domain_event) for domain_event in domain_events],
        **_feeds(offered, accepted),
    }


def _feeds(offered: Match, accepted: Match) -> Documents:
    """What both were told: their first two items."""
    changes = (("match.offered", offered), ("match.updated", accepted))
    items = [
        replace(item, position=position, id=new_id())
        for position, (name, match) in enumerate(changes, start=1)
        for item in match_items(name, [match])
    ]
    return {
        "feed_items": [to_document(item) for item in items],
        "feed_heads": [
            {"_id": account_id, "position": len(changes)}
            for account_id in (offered.vendor_id, offered.customer_id)
        ],
    }


def _conversation(pair: Pair, offered: Match, now: datetime) -> Conversation:
    return Conversation(
        id=new_id(),
        rfi_id=offered.rfi_id,
        match_id=offered.id,
        participants=(
            Participant(pair.customer.id, Role.CUSTOMER, pair.customer.name),
            Participant(pair.vendor.id, Role.VENDOR, offered.vendor_name),
        ),
        created_at=now,
    )


def _notice(accepted: Match, conversation_id: str, now: datetime) -> Entry:
    """The conversation's first entry: the vendor joined."""
    return Entry(
        id=new_id(),
        conversation_id=conversation_id,
        sequence=1,
        kind=EntryKind.NOTICE,
        at=now,
        sender_role=Role.VENDOR,
        sender_id=accepted.vendor_id,
        code="participant_joined",
        data={"account_id": accepted.vendor_id, "match_id": accepted.id},
    )


def _outgoing(domain_event: Event) -> dict[str, Any]:
    """An event as `MongoOutbox` stores it."""
    return {
        "_id": domain_event.id,
        "topic": domain_event.topic,
        "key": domain_event.key,
        "value": events.encode(domain_event),
        "occurred_at": domain_event.occurred_at,
        "name": domain_event.name,
        "position": domain_event.data.get("revision", {}).get("revision"),
    }
