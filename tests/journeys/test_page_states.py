"""What the page shows people for whom it has little, and what it does in unusual states."""

import pytest
from playwright.async_api import Browser, expect

from tests.journeys.browsers import Window, logged_in_window
from tests.journeys.people import (
    Person,
    a_conversation,
    a_match,
    a_submitted_rfi,
    a_vendor,
    registered,
    somewhere,
)
from tests.journeys.site import Site

# The elements that make the page wider than the window, if it is.
_TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter(element => element.getBoundingClientRect().right > innerWidth)
    .map(element => element.outerHTML.slice(0, 80))"""
NAMES = ("Carla Reyes", "Front Range Plumbing")


async def test_an_applying_vendor_sees_its_remaining_steps(site: Site, browser: Browser) -> None:
    """The page shows the remaining steps and where to do them, and does not promise requests."""
    vendor = await registered(site, "vendor", "Newcomers & Sons")
    await vendor.patch("/v1/vendors/me", json={"company": "Newcomers & Sons"})

    window = await logged_in_window(browser, site.url, vendor)

    await window.sees_state("vendor-status", "applied")
    steps = window.page.get_by_test_id("vendor-steps").get_by_role("listitem")
    await expect(steps).to_have_count(3)
    await window.sees("vendor-steps", "where you work")
    await window.sees("vendor-status", "POST /v1/vendors/me/submit")
    await expect(window.page.get_by_text("appear here automatically")).to_have_count(0)
    await window.close()


async def test_a_vendor_sees_the_state_of_its_application(
    site: Site, browser: Browser, admin: Person
) -> None:
    """Nothing is shown to an active vendor; a suspended one reads the reason."""
    vendor = await a_vendor(site, admin, "Summit Pipes", somewhere())
    window = await logged_in_window(browser, site.url, vendor)
    await expect(window.page.get_by_text("No matches yet")).to_be_visible()
    await expect(window.page.get_by_test_id("vendor-status")).to_have_count(0)

    reason = {"reason": "The papers have expired."}
    await admin.post(f"/v1/admin/vendors/{vendor.id}/suspend", json=reason)
    await window.page.reload()

    await window.sees_state("vendor-status", "suspended")
    await window.sees("vendor-status", "The papers have expired.")
    await window.close()


async def test_an_admin_sees_that_there_is_no_page_for_admins(
    site: Site, browser: Browser, admin: Person
) -> None:
    """At every address an admin finds no customer's page and no error, but a way out."""
    for path in ("/", "/rfis/new", "/conversations"):
        window = await logged_in_window(browser, site.url + path, admin)
        await window.sees("admin-no-page", "an admin")
        await expect(window.page.get_by_test_id("error")).to_have_count(0)
        assert window.errors == []
        await window.click("logout")
        await expect(window.page.get_by_test_id("login-submit")).to_be_visible()
        await window.close()


@pytest.mark.parametrize(
    "path", ["/nowhere", "/rfis/a/b", "/#/rfis/%zz", "/#/%E0%A4", "/#/nowhere", "/matches/x"]
)
async def test_an_unknown_address_says_so(site: Site, browser: Browser, path: str) -> None:
    """An unknown or malformed address says so on an intact page, and leads back to the start."""
    customer = await registered(site, "customer", "Carla Reyes")
    window = await logged_in_window(browser, site.url + path, customer)

    await window.sees("no-such-page", "Page not found")
    await window.page.get_by_test_id("no-such-page").get_by_role("link").click()
    await expect(window.page.get_by_role("heading", name="Your requests")).to_be_visible()
    # The browser itself logs the answer's status.
    assert [error for error in window.errors if "404 (Not Found)" not in error] == []
    await window.close()


async def test_a_sent_message_is_scrolled_into_view(
    site: Site, browser: Browser, admin: Person
) -> None:
    """The conversation scrolls to the person's own messages, and not to others' messages."""
    customer, vendor, conversation_id = await a_conversation(site, admin, *NAMES)
    messages = f"/v1/conversations/{conversation_id}/messages"
    for number in range(40):
        message = {"client_message_id": f"v-{number}", "body": f"Line {number}"}
        await vendor.post(messages, json=message)
    window = await logged_in_window(
        browser, f"{site.url}/conversations/{conversation_id}", customer
    )
    await window.sees("message-body", "Line 39")
    region = window.page.get_by_role("region", name="Messages")
    await region.evaluate("box => box.scrollTo(0, 0)")
    await expect(window.page.get_by_text("Line 39", exact=True)).not_to_be_in_viewport()

    await vendor.post(messages, json={"client_message_id": "v-40", "body": "Still there?"})
    await expect(window.page.get_by_text("Still there?")).to_have_count(1)
    await expect(window.page.get_by_text("Still there?")).not_to_be_in_viewport()
    await window.say("Here I am.")

    await expect(window.page.get_by_text("Here I am.")).to_be_in_viewport()
    await window.close()


@pytest.mark.parametrize("width", [320, 1_200])
async def test_no_page_scrolls_sideways_for_a_word_without_an_end(
    site: Site, browser: Browser, admin: Person, width: int
) -> None:
    """Whatever a person writes, the pages of the other person stay as wide as the window."""
    word, place = "W" * 150, somewhere()
    customer = await registered(site, "customer", "W" * 100)
    vendor = await a_vendor(site, admin, "W" * 100, place)
    text = {"title": word, "description": word, "address": word, "area": "W" * 100}
    rfi = await a_submitted_rfi(customer, place, **text)
    match = await a_match(vendor, rfi)
    accepted = await vendor.post(f"/v1/matches/{match['id']}/accept")
    quote = {"rfi_revision": rfi["revision"], "amount_minor": 1, "currency": "USD", "message": word}
    await vendor.post(f"/v1/rfis/{rfi['id']}/quotes", json=quote)
    conversation = f"/conversations/{accepted['conversation_id']}"
    own_pages = {customer: f"/rfis/{rfi['id']}", vendor: f"/matches/{match['id']}"}

    for person, own_page in own_pages.items():
        for path in ("/", "/conversations", conversation, own_page):
            window = await logged_in_window(browser, site.url + path, person)
            await window.page.set_viewport_size({"width": width, "height": 800})
            await expect(window.page.locator("main").get_by_text("WWW").first).to_be_visible()
            assert await window.page.evaluate(_TOO_WIDE) == [], path
            await window.close()


async def test_nobody_is_shown_as_active_without_a_connection(
    site: Site, browser: Browser, admin: Person
) -> None:
    """While offline nobody's activity is known; the connection brings the current state."""
    customer, vendor, conversation_id = await a_conversation(site, admin, *NAMES)
    url = f"{site.url}/conversations/{conversation_id}"
    mine, other = [await logged_in_window(browser, url, person) for person in (customer, vendor)]
    await other.say("Good morning.")
    await mine.sees("presence", "is active now")

    await mine.page.context.set_offline(True)

    await mine.sees_state("connection-state", "reconnecting")
    await expect(mine.page.get_by_test_id("presence")).to_be_empty()
    await mine.page.context.set_offline(False)
    await mine.sees_state("connection-state", "connected")
    await other.say("Still here.")
    await mine.sees("presence", "is active now")
    await _closed(mine, other)


async def test_messages_are_a_list_in_a_log(site: Site, browser: Browser, admin: Person) -> None:
    """A screen reader announces new ones, and how many there are: each item is in a list."""
    customer, vendor, conversation_id = await a_conversation(site, admin, *NAMES)
    message = {"client_message_id": "v-1", "body": "Good morning."}
    await vendor.post(f"/v1/conversations/{conversation_id}/messages", json=message)
    window = await logged_in_window(
        browser, f"{site.url}/conversations/{conversation_id}", customer
    )

    items = window.page.get_by_role("log").get_by_role("list").get_by_role("listitem")

    await expect(items).to_have_count(2)
    await window.close()


async def _closed(*windows: Window) -> None:
    for window in windows:
        await window.close()
