"""Headless Chromium, with a separate window for each person."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.journeys import chromium
from tests.journeys.people import PASSWORD, Person

# Nothing leaves this machine, neither QUIC nor the browser's own background requests.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOWN_WITHIN_MS = 20_000


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """A running Chromium; without one, the test fails with a sentence."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.MISSING, pytrace=False)
    expect.set_options(timeout=SHOWN_WITHIN_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Window:
    """One person's window: a separate browser context, and the errors in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(SHOWN_WITHIN_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))

    async def click(self, test_id: str) -> None:
        """Click the element with this test id, once it exists."""
        await self.page.get_by_test_id(test_id).click()

    async def fill(self, test_id: str, text: str) -> None:
        """Write into the element with this test id."""
        await self.page.get_by_test_id(test_id).fill(text)

    async def say(self, text: str) -> None:
        """Send a message in the open conversation."""
        await self.fill("message-input", text)
        await self.click("message-send")

    async def sees(self, test_id: str, text: str) -> None:
        """Wait until an element with this test id shows the text; hidden pages do not count."""
        shown = self.page.get_by_test_id(test_id).filter(has_text=text)
        await expect(shown.first).to_be_visible()

    async def sees_state(self, test_id: str, state: str) -> None:
        """Wait until the element with this test id has this state."""
        found = self.page.locator(f'[data-testid="{test_id}"][data-state="{state}"]')
        await expect(found.first).to_be_visible()

    async def log_in(self, person: Person) -> None:
        """Log in with email and password, and wait until the page has accepted them."""
        await self.page.locator('[name="email"]').fill(person.email)
        await self.page.locator('[name="password"]').fill(PASSWORD)
        await self.click("login-submit")
        await expect(self.page.get_by_test_id("logout")).to_be_visible()

    async def close(self) -> None:
        """Close the window and forget all its storage."""
        await self.page.context.close()

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)


async def a_window(browser: Browser, url: str) -> Window:
    """A new window on the page, with empty storage."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    window = Window(await context.new_page())
    await window.page.goto(url)
    return window


async def logged_in_window(browser: Browser, url: str, person: Person) -> Window:
    """A new window at this address, in which the person has logged in."""
    window = await a_window(browser, url)
    await window.log_in(person)
    return window
