"""Each link in an email or SMS opens its subject for the recipient."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from notify.rules import POLICIES, NotificationKind
from tests.journeys.browsers import Window, logged_in_window
from tests.journeys.people import Person
from tests.journeys.recipients import (
    ABOUT_RFIS,
    AWARDED,
    FORGOTTEN,
    LAPSED,
    MESSAGE,
    MOVED,
    SILENT,
    WITHDRAWN,
    Recipients,
    everything_happens,
)
from tests.journeys.site import Site


@pytest_asyncio.fixture(scope="module")
async def recipients(site: Site, admin: Person) -> Recipients:
    """Three people to whom everything has happened that causes an email."""
    return await everything_happens(site, admin)


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
        await window.sees("rfi-details", AWARDED)
        # The award is no change of what the vendor has quoted for.
        await expect(window.page.locator("[data-testid=rfi-details] .is-changed")).to_have_count(0)
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


@pytest.mark.parametrize(
    ("kind", "notice"),
    [
        (NotificationKind.QUOTE_WITHDRAWN, "withdrawn: Fully booked"),
        (NotificationKind.QUOTE_DECLINED, "declined: Too dear"),
        (NotificationKind.QUOTE_EXPIRED, "quote has expired"),
        (NotificationKind.AWARD_CANCELLED, "award was cancelled: Nobody came."),
        (NotificationKind.RFI_REOPENED, "award was cancelled"),
    ],
)
async def test_the_end_of_a_quote_or_an_award_is_told_in_its_conversation(
    recipients: Recipients, browser: Browser, kind: NotificationKind, notice: str
) -> None:
    """The link opens the conversation, which says what happened and why."""
    for channel in POLICIES[kind].channels:
        window = await _open(browser, *recipients.links[kind, channel])
        text = window.page.get_by_test_id("notice-item").filter(has_text=re.compile(_shown(notice)))
        await expect(text.first).to_be_visible()
        await window.close()


async def test_a_link_about_the_profile_opens_the_vendors_page(
    recipients: Recipients, browser: Browser
) -> None:
    """The vendor, which is active, sees its requests."""
    for kind in (NotificationKind.VENDOR_REVIEWED, NotificationKind.DOCUMENT_EXPIRING):
        window = await _open(browser, *recipients.links[kind, "email"])
        await window.sees("match-item", AWARDED)
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


def _shown(notice: str) -> str:
    """The notice with the invisible marks that isolate what a person wrote."""
    before, colon, words = notice.partition(": ")
    return f"{before}{colon}\u2068?{re.escape(words)}"


async def _open(browser: Browser, person: Person, link: str) -> Window:
    """Open the link in a new browser context: first the log-in, then the link's target."""
    return await logged_in_window(browser, link, person)
