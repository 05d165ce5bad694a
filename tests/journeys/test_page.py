"""The first steps on the page: two people, two windows, and each sees what the other does."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from embedded.demo import people
from embedded.demo.bulk import insert_missing
from marketplace.ids import new_id
from tests.journeys.browsers import Window, a_browser, a_window
from tests.journeys.site import Site


@pytest_asyncio.fixture
async def windows(site: Site) -> AsyncIterator[tuple[Window, Window]]:
    """The demo customer's window and the demo vendor's, each logged in with one click."""
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


async def test_two_people_reach_an_award_on_the_page(windows: tuple[Window, Window]) -> None:
    """Request, offer, conversation, revision, quote, award: no page is ever reloaded."""
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
    await _report(customer)
    await _block_for_a_while(customer, vendor)
    await _revise(customer, vendor, title)
    await _quote_and_award(customer, vendor)

    for window in windows:
        assert await window.page.evaluate("window.wasNotLoadedAgain")
        assert window.errors == []


async def test_a_declining_vendor_sees_that_the_rfi_is_gone(
    windows: tuple[Window, Window],
) -> None:
    """The open page says so without a reload, in a friendly sentence and not as an error."""
    customer, vendor = windows
    title = f"Broken tap {new_id()[-6:]}"
    await _request(customer, title)
    await vendor.page.get_by_test_id("match-open").filter(has_text=title).click()
    await vendor.sees("rfi-details", "The trap drips")
    await vendor.click("match-decline")
    await vendor.sees("rfi-gone", "no longer open to you")
    await expect(vendor.page.get_by_test_id("rfi-details")).to_have_count(0)
    await expect(vendor.page.get_by_test_id("error")).to_have_count(0)


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
    """Each sees the other's message, and that their own was read."""
    await customer.say("Could you come on Friday?")
    await vendor.sees("message-body", "Could you come on Friday?")
    await vendor.say("Friday at nine.")
    await customer.sees("message-body", "Friday at nine.")
    await customer.sees("message-read", "read")
    for window in (customer, vendor):
        bodies = window.page.get_by_test_id("message-body")
        await expect(bodies).to_have_text(["Could you come on Friday?", "Friday at nine."])


async def _report(customer: Window) -> None:
    """A reported message shows thanks, and cannot be reported again."""
    await customer.click("message-report")
    await customer.page.get_by_test_id("report-reason").select_option("spam")
    await customer.click("report-submit")
    await customer.sees("message-reported", "thank you")
    await expect(customer.page.get_by_test_id("message-report")).to_have_count(0)


async def _block_for_a_while(customer: Window, vendor: Window) -> None:
    """Both see at once that nobody can write, each in their own words; no text is lost."""
    await vendor.fill("message-input", "Or on Saturday.")
    await customer.click("block")
    await customer.click("block-confirm")
    await customer.sees("conversation-closed", "You have blocked this conversation")
    await vendor.sees("conversation-closed", "New messages are turned off")
    await vendor.sees("notice-item", "New messages were turned off")
    box = vendor.page.get_by_test_id("message-input")
    await expect(box).not_to_be_editable()
    await expect(box).to_have_value("Or on Saturday.")
    await customer.click("unblock")
    await customer.click("unblock-confirm")
    await vendor.click("message-send")
    await customer.sees("message-body", "Or on Saturday.")


async def _revise(customer: Window, vendor: Window, title: str) -> None:
    """The vendor sees which field changed, and to what."""
    await customer.page.get_by_role("link", name=title).click()
    await customer.click("rfi-revise")
    await customer.page.get_by_test_id("rfi-form").locator('[name="budget_max"]').fill("550")
    await customer.click("rfi-save")
    change = vendor.page.locator('[data-testid="rfi-change"][data-path="budget.max_minor"]')
    await expect(change.first).to_contain_text("550")


async def _quote_and_award(customer: Window, vendor: Window) -> None:
    """The customer sees the quote appear, the vendor the award."""
    await vendor.fill("quote-amount", "250")
    await vendor.fill("quote-message", "Parts and labour.")
    await vendor.click("quote-submit")
    await customer.sees("quote-figure", "250")
    await customer.click("award")
    await customer.click("award-confirm")
    await customer.sees_state("quote-item", "awarded")
    await vendor.sees_state("quote-item", "awarded")
    await vendor.sees("notice-item", "awarded")
