"""Builds events: the fact, who caused it, and what it followed from."""

from datetime import datetime
from typing import Any

from marketplace import tracing
from marketplace.domain import visibility
from marketplace.domain.accounts import Actor
from marketplace.domain.matches import Match
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Revision, Rfi
from marketplace.domain.vendor_reviews import Review
from marketplace.domain.vendors import Vendor
from marketplace.events import Event
from marketplace.ids import new_id
from marketplace.schemas.matches import MatchView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.rfis import RevisionView, RfiView
from marketplace.schemas.vendors import ReviewView, VendorView

_MATCH, _QUOTE, _RFI = MatchView(), QuoteView(), RfiView()
_REVIEW, _REVISION, _VENDOR = ReviewView(), RevisionView(), VendorView()


def event(name: str, key: str, at: datetime, actor: Actor, data: dict[str, Any]) -> Event:
    """An event of this name with the actor's correlation and the current trace."""
    return Event(
        id=new_id(),
        name=name,
        key=key,
        occurred_at=at,
        actor={"account_id": actor.account_id, "role": actor.role.value},
        correlation_id=actor.correlation_id,
        causation_id=actor.causation_id,
        traceparent=tracing.traceparent(),
        data=data,
    )


def rfi_event(name: str, rfi: Rfi, revision: Revision, actor: Actor) -> Event:
    """`rfi.*`: the RFI after the event and its revision, as far as consumers may see them."""
    visible_rfi, visible_revision = visibility.for_consumers(rfi, revision)
    data = {"rfi": _RFI.write(visible_rfi), "revision": _REVISION.write(visible_revision)}
    return event(name, rfi.id, revision.at, actor, data)


def match_event(name: str, match: Match, actor: Actor) -> Event:
    """`match.*`, in order for each RFI."""
    return event(name, match.rfi_id, match.updated_at, actor, {"match": _MATCH.write(match)})


def quote_event(name: str, quote: Quote, actor: Actor, at: datetime | None = None) -> Event:
    """`quote.*`, in order with the RFI's own events; `at` if the quote's own row did not change."""
    data = {"quote": _QUOTE.write(quote)}
    return event(name, quote.rfi_id, at or quote.updated_at, actor, data)


def vendor_event(name: str, vendor: Vendor, actor: Actor, review: Review | None = None) -> Event:
    """`vendor.*`, with the review that led to it, if one did."""
    data = {"vendor": _VENDOR.write(vendor)}
    if review is not None:
        data["review"] = _REVIEW.write(review)
    return event(name, vendor.id, vendor.updated_at, actor, data)
