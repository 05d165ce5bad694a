"""The first steps on the page: two people, two windows, and each sees what the other does."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from embedded.demo import people
from embedded.demo.bulk import insert_missing
from marketplace.domain.ids import new_id
from tests.journeys.browsers import Window, a_browser, a_window
from tests.journeys.site import Site


@pytest_asyncio.fixture
async def windows(site: Site) -> AsyncIterator[tuple[Window, Window]]:
    """The demo customer's window and the demo vendor's, logged in by one click each."""
    accounts = people.accounts(await site.parts.world.passwords.hash(people.PASSWORD))
    await insert_missing(site.parts.store, "accounts", list(accounts.values()))
    vendor = people.demo_vendor(accounts["vendor"])
    await insert_missing(site.parts.store, "vendors", [vendor])
    async with a_browser() as browser:
        opened = (await a_window(browser, site.url), await a_window(browser, site.url))
        for window, who in zip(opened, ("customer", "vendor"), strict=True):
            await window.click(f"login-{who}")
            await window.sees_state("connection-state", "connected")
        yield opened


async def test_two_people_come_to_terms_on_the_page(windows: tuple[Window, Window]) -> None:
    """Request, offer, conversation, revision, quote, award: nobody loads a page again."""
    customer, vendor = windows
    title = f"Leaking sink {new_id()[-6:]}"
    for window in windows:
        await window.page.evaluate("window.wasNotLoadedAgain = true")

    await _request(customer, title)
    await vendor.sees("match-item", title)
    offer = vendor.page.get_by_test_id("match-item").filter(has_text=title)
    await offer.get_by_test_id("match-accept").click()
    await customer.click("open-conversation")
    await _talk(customer, vendor)
    await _revise(customer, vendor, title)
    await _quote_and_award(customer, vendor)

    for window in windows:
        assert await window.page.evaluate("window.wasNotLoadedAgain")
        assert window.errors == []


async def _request(customer: Window, title: str) -> None:
    """The customer fills in the form and submits it."""
    await customer.click("new-rfi")
    form = customer.page.get_by_test_id("rfi-form")
    await form.locator('[name="category"]').select_option("plumbing")
    await form.locator('[name="title"]').fill(title)
    await form.locator('[name="description"]').fill("The trap drips day and night.")
    await form.locator('[name="place"]').select_option("Denver, CO")
    await form.locator('[name="budget_min"]').fill("100")
    await form.locator('[name="budget_max"]').fill("400")
    await customer.click("rfi-submit")
    await customer.sees_state("match-item", "offered")


async def _talk(customer: Window, vendor: Window) -> None:
    """Each sees the other's message, and that one's own was read."""
    await customer.say("Could you come on Friday?")
    await vendor.sees("message-body", "Could you come on Friday?")
    await vendor.say("Friday at nine.")
    await customer.sees("message-body", "Friday at nine.")
    await customer.sees("message-read", "read")
    for window in (customer, vendor):
        bodies = window.page.get_by_test_id("message-body")
        await expect(bodies).to_have_text(["Could you come on Friday?", "Friday at nine."])


async def _revise(customer: Window, vendor: Window, title: str) -> None:
    """The vendor sees which field became what."""
    await customer.page.get_by_role("link", name=title).click()
    await customer.click("rfi-revise")
    await customer.page.get_by_test_id("rfi-form").locator('[name="budget_max"]').fill("550")
    await customer.click("rfi-save")
    change = vendor.page.locator('[data-testid="rfi-change"][data-path="budget.max_minor"]')
    await expect(change.first).to_contain_text("550")


async def _quote_and_award(customer: Window, vendor: Window) -> None:
    """The quote shows up at the customer's, the award at the vendor's."""
    await vendor.fill("quote-amount", "250")
    await vendor.fill("quote-message", "Parts and labour.")
    await vendor.click("quote-submit")
    await customer.sees("quote-figure", "250")
    await customer.click("award")
    await customer.click("award-confirm")
    await customer.sees_state("quote-item", "awarded")
    await vendor.sees_state("quote-item", "awarded")
    await vendor.sees("notice-item", "awarded")
