"""One event of every kind, with the data that the actions put in it."""

from dataclasses import replace
from typing import Any

from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Entry
from marketplace.domain.vendors import Vendor
from marketplace.events import Event
from marketplace.ids import new_id
from marketplace.schemas.conversations import ConversationView
from marketplace.schemas.matches import MatchView
from marketplace.schemas.members import MemberEventView
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.reports import ReportView
from marketplace.schemas.rfis import RevisionView, RfiView
from marketplace.schemas.vendors import VendorView
from marketplace.schemas.views import entry_view, message_view
from tests.builders import (
    NOW,
    a_conversation,
    a_deletion,
    a_message,
    a_notice,
    a_notification,
    a_quote,
    a_report,
    a_revision,
    a_vendor,
    an_accepted_match,
    an_edit,
    an_rfi,
)
from tests.rows import a_member


def an_event(name: str, key: str, data: dict[str, Any]) -> Event:
    """An event with the marketplace itself as the actor, correlated to a request."""
    return Event(
        id=new_id(),
        name=name,
        key=key,
        occurred_at=NOW,
        actor={"account_id": "parley", "role": Role.SYSTEM},
        data=data,
        correlation_id=new_id(),
        causation_id=None,
    )


def a_vendor_event(vendor: Vendor, **named: Any) -> Event:
    """A vendor's `vendor.updated`."""
    data = {"vendor": VendorView().dump(vendor)}
    return replace(an_event("vendor.updated", vendor.id, data), **named)


def a_message_event(message: Entry) -> Event:
    """A message's `message.sent`."""
    return an_event("message.sent", message.conversation_id, {"message": message_view(message)})


def an_event_of(name: str) -> Event:
    """A complete event with this name."""
    noun, _, fact = name.partition(".")
    if noun == "vendor":
        return _of_a_vendor(name, fact)
    if noun == "rfi":
        rfi = an_rfi()
        revision = RevisionView().dump(a_revision(rfi))
        return an_event(name, rfi.id, {"rfi": RfiView().dump(rfi), "revision": revision})
    if noun == "quote":
        quote = a_quote()
        return an_event(name, quote.rfi_id, {"quote": QuoteView().dump(quote)})
    if noun == "match":
        match = an_accepted_match()
        return an_event(name, match.rfi_id, {"match": MatchView().dump(match)})
    if noun == "notification":
        notification = a_notification()
        return an_event(
            name, notification.account_id, {"notification": NotificationView().dump(notification)}
        )
    return _in_a_conversation(name, fact)


def _of_a_vendor(name: str, fact: str) -> Event:
    if fact in {"member_invited", "member_changed", "member_removed"}:
        member = a_member()
        data = {
            "account_id": member.id,
            "vendor_id": member.vendor_id,
            "role": member.role,
            "company": "Front Range Plumbing",
        }
        return an_event(name, member.vendor_id, {"member": MemberEventView().dump(data)})
    return a_vendor_event(a_vendor(), name=name)


def _in_a_conversation(name: str, fact: str) -> Event:
    if fact in {"reported", "closed"}:
        report = a_report()
        return an_event(name, report.conversation_id, {"report": ReportView().dump(report)})
    if fact == "started":
        conversation = a_conversation()
        data = {"conversation": ConversationView().dump(conversation)}
        return an_event(name, conversation.id, data)
    if fact in {"blocked", "unblocked"}:
        conversation = a_conversation()
        shown = ConversationView().dump(conversation)
        blocked_by = [conversation.participants[0].account_id] if fact == "blocked" else []
        data = {"conversation": shown, "blocked_by": blocked_by}
        return an_event(name, conversation.id, data)
    if fact == "sent":
        return a_message_event(a_message(sequence=7))
    make = {"edited": an_edit, "deleted": a_deletion, "added": a_notice}[fact]
    entry = make(sequence=8)
    return an_event(name, entry.conversation_id, {"entry": entry_view(entry)})
