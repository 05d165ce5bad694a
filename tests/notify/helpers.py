"""Events as a consumer reads them, people and a request, and the resulting notifications."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from marketplace.actions.events import event as new_event
from marketplace.actions.events import match_event, quote_event, rfi_event
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.conversations import Conversation, Entry, Participant
from marketplace.domain.matches import Match
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.domain.pages import PageRequest
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Change, Revision, Rfi
from marketplace.events import Event, decode, encode
from marketplace.ports import Repositories
from marketplace.schemas import views
from marketplace.storage import MongoStore
from notify.worker import Worker
from tests.builders import (
    NOW,
    a_conversation,
    a_message,
    a_notification,
    a_revision,
    an_accepted_match,
    an_account,
    an_actor,
    an_rfi,
)

EMAIL_DATA = {"title": "Leaking kitchen sink", "category": "plumbing", "rfi_id": "r1"}
OFFER_DATA = {**EMAIL_DATA, "distance_m": 1_200, "path": "/rfis/r1"}


@dataclass(frozen=True, slots=True)
class Case:
    """A customer and a vendor in conversation about the customer's request."""

    customer: Account
    vendor: Account
    rfi: Rfi
    match: Match
    conversation: Conversation


def a_case() -> Case:
    """An open RFI with one accepted match and its conversation."""
    customer = an_account(name="Carla Reyes", phone=None)
    vendor = an_account(role=Role.VENDOR, name="Vince Ortega", phone="+13035550188")
    rfi = an_rfi(customer_id=customer.id)
    match = an_accepted_match(rfi_id=rfi.id, customer_id=customer.id, vendor_id=vendor.id)
    conversation = a_conversation(
        id=match.conversation_id,
        rfi_id=rfi.id,
        match_id=match.id,
        participants=(
            Participant(customer.id, Role.CUSTOMER, customer.name),
            Participant(vendor.id, Role.VENDOR, match.vendor_name),
        ),
    )
    return Case(customer, vendor, rfi, match, conversation)


async def keep(store: Repositories, case: Case) -> Case:
    """Store the whole case."""
    for account in (case.customer, case.vendor):
        await store.accounts.add(account)
    await store.rfis.add(case.rfi, a_revision(case.rfi))
    await store.matches.add(case.match)
    await store.conversations.add(case.conversation)
    return case


def read_back(event: Event) -> Event:
    """Encode and decode the event, as Kafka does."""
    return decode(encode(event))


def of_match(name: str, match: Match) -> Event:
    """A `match.*` event as a consumer reads it."""
    return read_back(match_event(name, match, an_actor(Role.SYSTEM)))


def of_quote(name: str, quote: Quote) -> Event:
    """A `quote.*` event as a consumer reads it."""
    return read_back(quote_event(name, quote, an_actor(Role.VENDOR)))


def of_rfi(name: str, rfi: Rfi, *paths: str) -> Event:
    """An `rfi.*` event as a consumer reads it; the revision changed these paths."""
    changes = tuple(Change(path, None, None) for path in paths)
    revision: Revision = replace(a_revision(rfi), cause=name.partition(".")[2], changes=changes)
    return read_back(rfi_event(name, rfi, revision, an_actor()))


def of_message(message: Entry) -> Event:
    """A `message.sent` event as a consumer reads it."""
    return read_back(written_message(message))


def written_message(message: Entry) -> Event:
    """A `message.sent` event as the relay writes it: the event's id is the message's."""
    actor = Actor(message.sender_id or "", Role.CUSTOMER)
    data = {"message": views.message_view(message)}
    event = new_event("message.sent", message.conversation_id, message.at, actor, data)
    return replace(event, id=message.id)


async def stored_message(
    store: Repositories, case: Case, sequence: int, body: str = "Hello?"
) -> Event:
    """Store a message from the customer to the vendor; returns its event."""
    message = a_message(
        conversation_id=case.conversation.id,
        sequence=sequence,
        sender_id=case.customer.id,
        body=body,
    )
    return of_message(await store.entries.add_next(message))


def an_offer(account: Account, channel: str, **named: Any) -> Notification:
    """A pending notification of an offer, due now."""
    fields = {"account_id": account.id, "channel": channel, "data": OFFER_DATA, **named}
    return a_notification(**fields)


def of_messages(case: Case, first: int, last: int, **named: Any) -> Notification:
    """A pending email to the vendor about a range of the customer's messages, due now."""
    data = {
        **EMAIL_DATA,
        "conversation_id": case.conversation.id,
        "first_sequence": first,
        "sequence": last,
        "sender_name": "Carla Reyes",
        "path": f"/conversations/{case.conversation.id}",
    }
    fields = {"account_id": case.vendor.id, "kind": "message_sent", "channel": "email"}
    return a_notification(**{**fields, "data": data, **named})


async def of_account(store: Repositories, account_id: str) -> list[Notification]:
    """All notifications of an account, oldest first."""
    page = await store.notifications.of_account(account_id, PageRequest(200))
    return list(page.items)[::-1]


async def only(store: Repositories, account_id: str) -> Notification:
    """The account's only notification."""
    (found,) = await of_account(store, account_id)
    return found


def states(notifications: list[Notification]) -> list[tuple[NotificationState, str | None]]:
    """The state and reason of each notification."""
    return [(notification.state, notification.reason) for notification in notifications]


def at(seconds: float = 0.0) -> datetime:
    """The time this many seconds after the builders' NOW."""
    return datetime.fromtimestamp(NOW.timestamp() + seconds, NOW.tzinfo)


async def account_with_offer(store: MongoStore, channel: str, **changes: Any) -> Account:
    """Create an account with an offer due on a channel."""
    account = an_account(phone="+13035550188")
    await store.accounts.add(account)
    await store.notifications.add(an_offer(account, channel, **changes))
    return account


async def send_all_due(worker: Worker) -> None:
    """Send what is due, and wait for the outcomes."""
    await worker.send_due()
    await worker.finish()


async def event_names(store: MongoStore) -> list[str]:
    """The names of the events in the outbox, in order."""
    found = await store.database["outbox"].find(sort=[("_id", 1)]).to_list(None)
    return [decode(document["value"]).name for document in found]
