"""The page loses no text: pending messages and unfinished drafts survive the tab."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

from tests.journeys.browsers import Window, logged_in_window
from tests.journeys.people import Person, a_conversation, registered
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

SOCKET = re.compile("/socket.io/")


@dataclass
class Line:
    """The connection between a tab and the gateways, which a test can cut; REST and the page stay."""

    is_cut: bool = False

    async def route_through(self, page: Page) -> None:
        """Route all connections of the tab through this line."""
        await page.route_web_socket(SOCKET, self._socket)
        await page.route(SOCKET, self._poll)

    async def cut(self, page: Page) -> None:
        """Cut the line; nothing passes until `is_cut` is reset."""
        self.is_cut = True
        # A browser that is offline for a moment drops its existing connection.
        await page.context.set_offline(True)
        await expect(
            page.locator('[data-testid="connection-state"][data-state="reconnecting"]')
        ).to_be_visible()
        await page.context.set_offline(False)

    async def _socket(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            await socket.close()
        else:
            socket.connect_to_server()

    async def _poll(self, route: Route) -> None:
        await (route.abort() if self.is_cut else route.continue_())


@dataclass(frozen=True, slots=True)
class Talk:
    """A customer's window on a conversation, over a line that can be cut."""

    site: Site
    customer: Person
    vendor: Person
    conversation_id: str
    window: Window
    line: Line

    @property
    def url(self) -> str:
        """The page's address of the conversation."""
        return f"{self.site.url}/conversations/{self.conversation_id}"

    async def bodies(self) -> list[str]:
        """The bodies of the stored messages."""
        entries = await self.site.documents(
            "entries", "sequence", conversation_id=self.conversation_id, kind="message"
        )
        return [entry["body"] for entry in entries]

    async def arrives(self, *bodies: str) -> None:
        """Wait until exactly these messages are stored, in this order."""
        assert await eventually(self.bodies, lambda seen: len(seen) >= len(bodies)) == [*bodies]


@pytest_asyncio.fixture
async def talk(site: Site, admin: Person, browser: Browser) -> AsyncIterator[Talk]:
    """The customer is logged in and sees the conversation."""
    customer, vendor, conversation_id = await a_conversation(
        site, admin, "Carla Reyes", "Front Range Plumbing"
    )
    url = f"{site.url}/conversations/{conversation_id}"
    window = await logged_in_window(browser, url, customer)
    line = Line()
    await line.route_through(window.page)
    await window.page.reload()
    await window.sees_state("connection-state", "connected")
    yield Talk(site, customer, vendor, conversation_id, window, line)
    await window.close()


async def test_unsent_messages_survive_a_reload_and_are_sent_in_order(talk: Talk) -> None:
    """A pending text stays visible over a reload, arrives once, and keeps its id."""
    window = talk.window
    await talk.line.cut(window.page)
    await window.say("One.")
    await window.say("Two.")
    pending = window.page.get_by_test_id("message-item")
    await expect(pending).to_have_count(2)
    ids = [await item.get_attribute("data-client-message-id") for item in await pending.all()]

    await window.page.reload()

    await expect(window.page.get_by_test_id("message-body")).to_have_text(["One.", "Two."])
    assert await talk.bodies() == []
    talk.line.is_cut = False
    await window.say("Three.")
    await talk.arrives("One.", "Two.", "Three.")
    await expect(window.page.get_by_test_id("message-body")).to_have_text(
        ["One.", "Two.", "Three."]
    )
    stored = await talk.site.documents(
        "entries", "sequence", conversation_id=talk.conversation_id, kind="message"
    )
    assert [entry["client_message_id"] for entry in stored][:2] == ids


async def test_unsent_messages_are_sent_from_any_page(talk: Talk) -> None:
    """The next page need not show the conversation."""
    window = talk.window
    await talk.line.cut(window.page)
    await window.say("Written and gone.")
    await expect(window.page.get_by_test_id("message-item")).to_have_count(1)

    talk.line.is_cut = False
    await window.page.goto(f"{talk.site.url}/conversations")

    await talk.arrives("Written and gone.")


async def test_another_tab_sends_the_messages_of_a_closed_tab(talk: Talk) -> None:
    """Another tab sends a closed tab's texts, but nothing while that tab is open."""
    window = talk.window
    await talk.line.cut(window.page)
    await window.say("From the first tab.")
    await expect(window.page.get_by_test_id("message-item")).to_have_count(1)
    second = Window(await window.page.context.new_page())
    await second.page.goto(f"{talk.site.url}/conversations")
    await second.log_in(talk.customer)
    await second.sees_state("connection-state", "connected")
    await second.sees("conversation-item", "Front Range Plumbing")
    assert await talk.bodies() == []

    await window.page.close()

    await talk.arrives("From the first tab.")


async def test_another_account_neither_sees_nor_sends_unsent_messages(talk: Talk) -> None:
    """Messages written before the log-out are sent when their author is back, and only then."""
    window = talk.window
    await window.fill("message-input", "Only begun.")
    await talk.line.cut(window.page)
    await window.page.get_by_test_id("message-input").fill("Mine alone.")
    await window.click("message-send")
    await window.fill("message-input", "A draft of mine.")
    await window.click("logout")
    other = await registered(talk.site, "customer", "Somebody Else")
    talk.line.is_cut = False

    await window.log_in(other)
    await window.sees_state("connection-state", "connected")
    await window.page.goto(talk.url)
    await window.sees("other-account", other.email)
    await expect(window.page.get_by_text("Mine alone.")).to_have_count(0)
    assert await talk.bodies() == []
    await window.click("logout")
    await window.log_in(talk.customer)

    await talk.arrives("Mine alone.")
    await window.page.goto(talk.url)
    await expect(window.page.get_by_test_id("message-input")).to_have_value("A draft of mine.")


async def test_a_draft_survives_a_reload_until_it_is_sent(talk: Talk) -> None:
    """Each conversation keeps its own draft until it is sent; an empty box stays empty."""
    window = talk.window
    await window.fill("message-input", "Could you")
    await window.page.reload()
    box = window.page.get_by_test_id("message-input")
    await expect(box).to_have_value("Could you")

    await window.say("Could you come on Friday?")
    await talk.arrives("Could you come on Friday?")
    await window.page.reload()

    await window.sees("message-body", "Could you come on Friday?")
    await expect(box).to_have_value("")


async def test_half_an_emoji_is_sent_as_readable_text(talk: Talk) -> None:
    """Half an emoji closes no connection, and later text arrives."""
    window = talk.window
    await window.page.get_by_test_id("message-input").evaluate(
        """box => {
            const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
            set.call(box, "Cut off \\ud83d");
            box.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    await window.click("message-send")
    await window.say("Whole.")

    await talk.arrives("Cut off \ufffd", "Whole.")
    await window.sees_state("connection-state", "connected")


async def test_a_form_survives_a_reload_until_it_is_submitted(talk: Talk) -> None:
    """A partly filled form survives a reload; a submitted one is not offered again."""
    window = talk.window
    await window.page.goto(f"{talk.site.url}/rfis/new")
    form = window.page.get_by_test_id("rfi-form")
    title, description = form.locator('[name="title"]'), form.locator('[name="description"]')
    await title.fill("Leaking sink")
    await description.fill("It drips")
    await window.page.reload()
    await expect(title).to_have_value("Leaking sink")
    await expect(description).to_have_value("It drips")

    await form.locator('[name="category"]').select_option("plumbing")
    await window.click("rfi-draft")
    await window.sees("rfi-details", "Leaking sink")
    await window.page.goto(f"{talk.site.url}/rfis/new")

    await expect(form.locator('[name="max_vendors"]')).to_have_value("5")
    await expect(title).to_have_value("")
