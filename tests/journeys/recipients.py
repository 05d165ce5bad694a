"""Everything that causes an email or SMS happens to three people, and they get its links."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from marketplace.domain.notifications import AccountKind
from marketplace.domain.timers import TimerKind, timer
from marketplace.ids import new_id
from notify.rules import POLICIES, NotificationKind
from tests.journeys.people import (
    Person,
    a_match,
    a_submitted_rfi,
    a_vendor,
    registered,
    somewhere,
)
from tests.journeys.sandbox import deliveries
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

AWARDED, WITHDRAWN, MOVED = "Leaking sink", "Broken tap", "Cold boiler"
CONTESTED = "Creaking floor"
SILENT, UNANSWERED, FORGOTTEN, LAPSED = "Rusty gate", "Stuck door", "Blocked drain", "Loose tile"
# tests/journeys/test_account_links.py has the kinds about accounts.
ABOUT_RFIS = {kind: policy for kind, policy in POLICIES.items() if kind.value not in {*AccountKind}}
MESSAGE = "Could you come on Friday?"
# How the subject of each kind begins or ends.
SUBJECTS = {
    NotificationKind.MATCH_OFFERED: f"New request near you: {AWARDED}",
    NotificationKind.MATCH_CLOSED: f"No longer open to you: {MOVED}",
    NotificationKind.MESSAGE_SENT: "New message from",
    NotificationKind.QUOTE_SUBMITTED: "Front Range Plumbing quotes",
    NotificationKind.QUOTE_WITHDRAWN: "Front Range Plumbing has withdrawn its quote",
    NotificationKind.QUOTE_DECLINED: f"Your quote was declined: {CONTESTED}",
    NotificationKind.QUOTE_EXPIRED: f"Your quote has expired: {CONTESTED}",
    NotificationKind.RFI_REVISED: f"The customer changed: {AWARDED}",
    NotificationKind.RFI_WITHDRAWN: f"Withdrawn: {WITHDRAWN}",
    NotificationKind.RFI_WON: f"You won: {AWARDED}",
    NotificationKind.RFI_LOST: f"Awarded to another vendor: {AWARDED}",
    NotificationKind.AWARD_CANCELLED: f"The award was cancelled: {CONTESTED}",
    NotificationKind.RFI_REOPENED: f"Open again: {CONTESTED}",
    NotificationKind.OFFER_EXPIRING: f"left to answer: {SILENT}",
    NotificationKind.ANSWER_EXPIRING: f"The customer waits for you: {UNANSWERED}",
    NotificationKind.RFI_EXPIRING: f"Expires in 2 days: {FORGOTTEN}",
    NotificationKind.RFI_EXPIRED: f"Expired: {LAPSED}",
    NotificationKind.VENDOR_REVIEWED: "Your application is approved",
    NotificationKind.DOCUMENT_EXPIRING: "Your licence expires in 2 days",
    NotificationKind.TEAM_INVITED: "Front Range Plumbing invited you to its team",
}


@dataclass(frozen=True, slots=True)
class Recipients:
    """People to whom everything happens that causes an email, and the links they got."""

    customer: Person
    winner: Person
    loser: Person
    invited: Person
    links: dict[tuple[NotificationKind, str], tuple[Person, str]] = field(default_factory=dict)


async def everything_happens(site: Site, admin: Person) -> Recipients:
    """Take some RFIs to their ends, with nobody connected, and collect the messages' links."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    winner = await a_vendor(site, admin, "Front Range Plumbing", place)
    loser = await a_vendor(site, admin, "Cherry Creek Pipes", place)
    found = Recipients(customer, winner, loser, await _invited(winner))
    await _awarded(found, place)
    withdrawn = await a_submitted_rfi(customer, place, title=WITHDRAWN)
    await a_match(winner, withdrawn)
    await customer.post(f"/v1/rfis/{withdrawn['id']}/withdraw", if_match=withdrawn["revision"])
    moved = await a_submitted_rfi(customer, place, title=MOVED)
    await a_match(winner, moved)
    elsewhere = {"location": somewhere()}
    await customer.patch(f"/v1/rfis/{moved['id']}", if_match=moved["revision"], json=elsewhere)
    await _contested(site, found, place)
    await _nobody_answers(site, found, place)
    await _a_document_expires(site, admin, winner)
    await _collect(site, found)
    return found


async def _awarded(recipients: Recipients, place: dict[str, Any]) -> None:
    """Take one RFI the whole way: accepted, talked about, revised, quoted and awarded."""
    customer, winner, loser = recipients.customer, recipients.winner, recipients.loser
    rfi = await a_submitted_rfi(customer, place, title=AWARDED, max_vendors=2)
    conversation_id = ""
    for vendor in (loser, winner):
        match = await a_match(vendor, rfi)
        accepted = await vendor.post(f"/v1/matches/{match['id']}/accept")
        conversation_id = accepted["conversation_id"]
    message = {"client_message_id": "w-1", "body": MESSAGE}
    await winner.post(f"/v1/conversations/{conversation_id}/messages", json=message)
    path = f"/v1/rfis/{rfi['id']}"
    revised = await customer.patch(
        path, if_match=rfi["revision"], json={"description": "Both taps drip."}
    )
    figures = {
        "rfi_revision": revised["revision"],
        "amount_minor": 25_000,
        "currency": "USD",
        "message": "Parts and labour.",
    }
    quote = await winner.post(f"{path}/quotes", json=figures)
    # Emails about an RFI that is already awarded would be pointless and are not sent, so wait for
    # both.
    await eventually(lambda: _sent(customer, NotificationKind.QUOTE_SUBMITTED))
    await eventually(lambda: _sent(winner, NotificationKind.RFI_REVISED))
    await customer.post(
        f"{path}/award",
        if_match=revised["revision"],
        json={"quote_id": quote["id"], "quote_revision": quote["revision"]},
    )


async def _contested(site: Site, recipients: Recipients, place: dict[str, Any]) -> None:
    """Let one quote end in each way, and win in the end; then cancel the award."""
    customer, winner, loser = recipients.customer, recipients.winner, recipients.loser
    rfi = await a_submitted_rfi(customer, place, title=CONTESTED, max_vendors=2)
    for vendor in (winner, loser):
        match = await a_match(vendor, rfi)
        await vendor.post(f"/v1/matches/{match['id']}/accept")
    path = f"/v1/rfis/{rfi['id']}"

    async def quoted(vendor: Person) -> dict[str, Any]:
        figures = {"amount_minor": 25_000, "currency": "USD", "message": "Parts and labour."}
        body = {"rfi_revision": rfi["revision"], **figures}
        return await vendor.post(f"{path}/quotes", json=body)

    quote = await quoted(winner)
    answers = f"/v1/quotes/{quote['id']}"
    await winner.post(f"{answers}/withdraw", json={"reason": "Fully booked"})
    await quoted(winner)
    await customer.post(f"{answers}/decline", json={"reason": "Too dear"})
    await quoted(winner)
    now = site.parts.world.clock.now()
    over = {"$set": {"valid_until": now - timedelta(seconds=1)}}
    await site.parts.store.database["quotes"].update_one({"_id": quote["id"]}, over)
    await site.parts.store.timers.set_many([timer(TimerKind.QUOTE_EXPIRY, quote["id"], now)])
    await eventually(lambda: _sent(winner, NotificationKind.QUOTE_EXPIRED))
    quote = await quoted(winner)
    award = {"quote_id": quote["id"], "quote_revision": quote["revision"]}
    awarded = await customer.post(f"{path}/award", if_match=rfi["revision"], json=award)
    await customer.post(
        f"{path}/cancel-award", if_match=awarded["revision"], json={"reason": "Nobody came."}
    )


async def _nobody_answers(site: Site, recipients: Recipients, place: dict[str, Any]) -> None:
    """Let nearly all the time pass for an offer, an acceptance and a request; and all for another.

    The rows are changed as if they had been written some days ago.
    """
    now, customer, winner = site.parts.world.clock.now(), recipients.customer, recipients.winner
    ago, long_ago, soon = (now + timedelta(hours=hours) for hours in (-60, -480, 49))
    silent, unanswered, forgotten, lapsed = [
        await a_submitted_rfi(customer, place, title=title)
        for title in (SILENT, UNANSWERED, FORGOTTEN, LAPSED)
    ]
    offer, accepted, *_ = [
        await a_match(winner, rfi) for rfi in (silent, unanswered, forgotten, lapsed)
    ]
    await winner.post(f"/v1/matches/{accepted['id']}/accept")
    changed = [
        ("matches", offer["id"], {"offered_at": ago}, TimerKind.OFFER_WARNING),
        ("matches", accepted["id"], {"updated_at": ago}, TimerKind.ANSWER_WARNING),
        (
            "rfis",
            forgotten["id"],
            {"updated_at": long_ago, "expires_at": soon},
            TimerKind.RFI_WARNING,
        ),
        ("rfis", lapsed["id"], {"expires_at": now}, TimerKind.RFI_EXPIRY),
    ]
    database = site.parts.store.database
    for name, subject_id, values, kind in changed:
        await database[name].update_one({"_id": subject_id}, {"$set": values})
        await site.parts.store.timers.set_many([timer(kind, subject_id, now)])


async def _invited(vendor: Person) -> Person:
    """Somebody whom the vendor invites to its team."""
    email = f"{new_id()}@people.example"
    body = {"email": email, "role": "agent"}
    member = await vendor.post("/v1/vendors/me/members", json=body)
    return replace(vendor, id=member["id"], email=email, phone=None)


async def _a_document_expires(site: Site, admin: Person, vendor: Person) -> None:
    """Let nearly all the time pass for a document that an admin has accepted."""
    document = await vendor.post("/v1/vendors/me/documents", json={"type": "licence"})
    path = f"/v1/admin/vendors/{vendor.id}"
    await admin.post(f"{path}/claim")
    await admin.post(f"{path}/approve", json={"reason": "It is valid."})
    now = site.parts.world.clock.now()
    ago, soon = now - timedelta(days=20), now + timedelta(hours=49)
    values = {"updated_at": ago, "expires_at": soon}
    database = site.parts.store.database
    await database["vendor_documents"].update_one({"_id": document["id"]}, {"$set": values})
    warning = timer(TimerKind.DOCUMENT_WARNING, document["id"], now)
    await site.parts.store.timers.set_many([warning])


async def _sent(person: Person, kind: NotificationKind) -> list[dict[str, Any]]:
    """The person's sent notifications of a kind."""
    log = await person.get("/v1/me/notifications")
    return [
        notification
        for notification in log["items"]
        if notification["kind"] == kind and notification["state"] == "sent"
    ]


async def _collect(site: Site, recipients: Recipients) -> None:
    """Find the link of each kind and channel in the providers' deliveries."""
    to = {
        NotificationKind.MESSAGE_SENT: recipients.customer,
        NotificationKind.QUOTE_SUBMITTED: recipients.customer,
        NotificationKind.QUOTE_WITHDRAWN: recipients.customer,
        NotificationKind.RFI_LOST: recipients.loser,
        NotificationKind.RFI_REOPENED: recipients.loser,
        NotificationKind.RFI_EXPIRING: recipients.customer,
        NotificationKind.TEAM_INVITED: recipients.invited,
    }
    for kind, policy in ABOUT_RFIS.items():
        person = to.get(kind, recipients.winner)
        for channel in policy.channels:
            recipients.links[kind, channel] = (person, await _link(site, person, kind, channel))


async def _link(site: Site, person: Person, kind: NotificationKind, channel: str) -> str:
    """The link of the email or SMS; an email has the same one in its text and in its page."""
    address = person.email if channel == "email" else person.phone

    async def found() -> list[dict[str, Any]]:
        delivered = await deliveries(site, address)
        if channel == "email":
            return [delivery for delivery in delivered if SUBJECTS[kind] in delivery["subject"]]
        words, title = {
            NotificationKind.MATCH_OFFERED: ("new request", AWARDED),
            NotificationKind.RFI_WON: ("you won", AWARDED),
            NotificationKind.AWARD_CANCELLED: ("cancelled the award", CONTESTED),
        }[kind]
        return [
            delivery
            for delivery in delivered
            if words in delivery["text"] and title in delivery["text"]
        ]

    (delivery, *_) = await eventually(found)
    link: str = re.findall(rf"{re.escape(site.url)}/\S*", delivery["text"])[0]
    if channel == "email":
        assert f'href="{link}"' in delivery["html"]
    return link
