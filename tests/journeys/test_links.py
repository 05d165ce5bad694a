"""Each link in an email or SMS opens its subject for the recipient."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from marketplace.domain.notifications import AccountKind
from marketplace.domain.timers import TimerKind, timer
from notify.rules import POLICIES, NotificationKind
from tests.journeys.browsers import Window, logged_in_window
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
    NotificationKind.RFI_REVISED: f"The customer changed: {AWARDED}",
    NotificationKind.RFI_WITHDRAWN: f"Withdrawn: {WITHDRAWN}",
    NotificationKind.RFI_WON: f"You won: {AWARDED}",
    NotificationKind.RFI_LOST: f"Awarded to another vendor: {AWARDED}",
    NotificationKind.OFFER_EXPIRING: f"left to answer: {SILENT}",
    NotificationKind.ANSWER_EXPIRING: f"The customer waits for you: {UNANSWERED}",
    NotificationKind.RFI_EXPIRING: f"Expires in 2 days: {FORGOTTEN}",
    NotificationKind.RFI_EXPIRED: f"Expired: {LAPSED}",
}


@dataclass(frozen=True, slots=True)
class Recipients:
    """Three people to whom everything happens that causes an email, and the links they got."""

    customer: Person
    winner: Person
    loser: Person
    links: dict[tuple[NotificationKind, str], tuple[Person, str]] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module")
async def recipients(site: Site, admin: Person) -> Recipients:
    """Take three RFIs to their ends, with nobody connected, and collect the messages' links."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    winner = await a_vendor(site, admin, "Front Range Plumbing", place)
    loser = await a_vendor(site, admin, "Cherry Creek Pipes", place)
    found = Recipients(customer, winner, loser)
    await _awarded(found, place)
    withdrawn = await a_submitted_rfi(customer, place, title=WITHDRAWN)
    await a_match(winner, withdrawn)
    await customer.post(f"/v1/rfis/{withdrawn['id']}/withdraw", if_match=withdrawn["revision"])
    moved = await a_submitted_rfi(customer, place, title=MOVED)
    await a_match(winner, moved)
    elsewhere = {"location": somewhere()}
    await customer.patch(f"/v1/rfis/{moved['id']}", if_match=moved["revision"], json=elsewhere)
    await _nobody_answers(site, found, place)
    await _collect(site, found)
    return found


async def test_every_kind_of_notification_was_sent(recipients: Recipients) -> None:
    """A notification of every kind was sent on each of its channels, also of kinds added later."""
    wanted = {(kind, channel) for kind, policy in ABOUT_RFIS.items() for channel in policy.channels}

    assert recipients.links.keys() == wanted


async def test_an_offers_link_opens_the_rfi_for_an_answer(
    recipients: Recipients, browser: Browser
) -> None:
    """The link of an offer, in email and SMS, opens the RFI, which was accepted meanwhile."""
    for channel in ("email", "sms"):
        window = await _open(browser, *recipients.links[NotificationKind.MATCH_OFFERED, channel])
        await window.sees("rfi-details", AWARDED)
        await window.close()


async def test_a_messages_link_opens_its_conversation(
    recipients: Recipients, browser: Browser
) -> None:
    """The message that the email quotes is on the screen."""
    window = await _open(browser, *recipients.links[NotificationKind.MESSAGE_SENT, "email"])

    await window.sees("message-body", MESSAGE)
    await window.close()


async def test_a_quotes_link_shows_its_figure(recipients: Recipients, browser: Browser) -> None:
    """The customer sees the figure from the email."""
    window = await _open(browser, *recipients.links[NotificationKind.QUOTE_SUBMITTED, "email"])

    await window.sees("quote-figure", "250")
    await window.close()


async def test_a_revisions_link_shows_what_changed(
    recipients: Recipients, browser: Browser
) -> None:
    """The vendor reads the old description and the new one."""
    window = await _open(browser, *recipients.links[NotificationKind.RFI_REVISED, "email"])

    await window.sees("rfi-change", "Both taps drip.")
    await window.close()


async def test_the_winners_link_opens_the_conversation(
    recipients: Recipients, browser: Browser
) -> None:
    """The winner's link, in email and SMS, opens the conversation, which shows the award."""
    for channel in ("email", "sms"):
        window = await _open(browser, *recipients.links[NotificationKind.RFI_WON, channel])
        await window.sees("notice-item", "awarded")
        await expect(window.page.get_by_test_id("message-input")).to_be_editable()
        await window.close()


@pytest.mark.parametrize(
    ("kind", "title", "end"),
    [
        (NotificationKind.RFI_LOST, AWARDED, "chosen another vendor"),
        (NotificationKind.RFI_WITHDRAWN, WITHDRAWN, "withdrawn this request"),
        (NotificationKind.MATCH_CLOSED, MOVED, "no longer fits"),
        (NotificationKind.RFI_EXPIRED, LAPSED, "withdrawn this request"),
    ],
)
async def test_a_link_to_a_closed_rfi_says_why_it_ended(
    recipients: Recipients, browser: Browser, kind: NotificationKind, title: str, end: str
) -> None:
    """The vendor sees which request it was, and why it has ended."""
    window = await _open(browser, *recipients.links[kind, "email"])

    await expect(window.page.get_by_role("heading", level=1)).to_contain_text(title)
    await window.sees("match-ended", end)
    await window.close()


async def test_a_warning_opens_what_waits_for_the_person(
    recipients: Recipients, browser: Browser
) -> None:
    """The vendor's offer, the conversation in which it was silent, and the customer's request."""
    seen = {
        NotificationKind.OFFER_EXPIRING: ("rfi-details", SILENT),
        NotificationKind.ANSWER_EXPIRING: ("notice-item", "joined"),
        NotificationKind.RFI_EXPIRING: ("rfi-details", FORGOTTEN),
    }
    for kind, (where, text) in seen.items():
        window = await _open(browser, *recipients.links[kind, "email"])
        await window.sees(where, text)
        await window.close()


async def test_another_accounts_link_offers_a_log_in(
    recipients: Recipients, browser: Browser
) -> None:
    """Somebody with two accounts sees which one is logged in, and continues at the link."""
    _, link = recipients.links[NotificationKind.QUOTE_SUBMITTED, "email"]
    window = await logged_in_window(browser, link, recipients.loser)
    await window.sees("other-account", recipients.loser.email)

    await window.page.get_by_test_id("other-account").get_by_role("button").click()
    await window.log_in(recipients.customer)

    await window.sees("quote-figure", "250")
    await window.close()


async def test_addresses_of_the_old_form_still_work(
    recipients: Recipients, browser: Browser
) -> None:
    """Bookmarks and old emails have the path after the number sign."""
    person, link = recipients.links[NotificationKind.MESSAGE_SENT, "email"]
    older = re.sub(r"(//[^/]+)/", r"\1/#/", link, count=1)
    window = await logged_in_window(browser, older, person)

    await window.sees("message-body", MESSAGE)
    assert window.page.url == link
    await window.close()


async def test_back_and_forward_show_the_earlier_pages(
    recipients: Recipients, browser: Browser
) -> None:
    """Back and forward show the earlier pages, without reloading."""
    window = await _open(browser, *recipients.links[NotificationKind.MESSAGE_SENT, "email"])
    await window.sees("message-body", MESSAGE)
    await window.page.evaluate("window.wasNotLoadedAgain = true")
    await window.click("nav-conversations")
    await window.sees("conversation-item", "Front Range Plumbing")

    await window.page.go_back()
    await window.sees("message-body", MESSAGE)
    await window.page.go_forward()
    await window.sees("conversation-item", "Front Range Plumbing")

    assert await window.page.evaluate("window.wasNotLoadedAgain")
    await window.close()


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
        NotificationKind.RFI_LOST: recipients.loser,
        NotificationKind.RFI_EXPIRING: recipients.customer,
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
        words = {
            NotificationKind.MATCH_OFFERED: "new request",
            NotificationKind.RFI_WON: "you won",
        }[kind]
        return [
            delivery
            for delivery in delivered
            if words in delivery["text"] and AWARDED in delivery["text"]
        ]

    (delivery, *_) = await eventually(found)
    link: str = re.findall(rf"{re.escape(site.url)}/\S+", delivery["text"])[0]
    if channel == "email":
        assert f'href="{link}"' in delivery["html"]
    return link


async def _open(browser: Browser, person: Person, link: str) -> Window:
    """Open the link in a new browser context: first the log-in, then the link's target."""
    return await logged_in_window(browser, link, person)
