"""Tabs of one browser: those of one session share its tokens, two sessions are two people."""

import asyncio

from playwright.async_api import Browser, Request, Route, expect

from tests.journeys.browsers import Window, logged_in_window
from tests.journeys.people import registered
from tests.journeys.site import Site

TOKEN = """() => {
    const key = `parley.session.${sessionStorage.getItem("parley.session")}`;
    return JSON.parse(localStorage.getItem(key)).access_token;
}"""


async def test_a_duplicated_tab_shares_token_refreshes_with_the_first(
    site: Site, browser: Browser
) -> None:
    """Each time, one refresh serves both tabs, and neither is logged out."""
    customer = await registered(site, "customer", "Carla Reyes")
    first = await logged_in_window(browser, site.url, customer)
    second = await _duplicate(first)
    stale: set[str] = set()
    refreshed: list[str] = []
    context = first.page.context

    def note_refresh(request: Request) -> None:
        if request.url.endswith("/v1/tokens/refresh"):
            refreshed.append(request.url)

    context.on("request", note_refresh)

    async def refuse_stale(route: Route) -> None:
        expired = {"code": "token_expired", "title": "Expired", "status": 401}
        if route.request.headers.get("authorization") in stale:
            await route.fulfill(status=401, json=expired)
        else:
            await route.continue_()

    await context.route("**/v1/rfis*", refuse_stale)
    for generation in (1, 2, 3):
        # Access tokens of a session that are issued within the same second are identical.
        await asyncio.sleep(1)
        stale.add(f"Bearer {await first.page.evaluate(TOKEN)}")
        await asyncio.gather(first.page.reload(), second.page.reload())
        for window in (first, second):
            await expect(window.page.get_by_text("No requests yet")).to_be_visible()
            await window.sees_state("connection-state", "connected")
        assert len(refreshed) == generation
    assert await first.page.evaluate(TOKEN) == await second.page.evaluate(TOKEN)
    await context.close()


async def test_a_log_out_ends_only_the_tabs_of_its_session(site: Site, browser: Browser) -> None:
    """Another session in the same browser is not affected."""
    customer = await registered(site, "customer", "Carla Reyes")
    other = await registered(site, "customer", "Somebody Else")
    first = await logged_in_window(browser, site.url, customer)
    second = await _duplicate(first)
    third = Window(await first.page.context.new_page())
    await third.page.goto(site.url)
    await third.log_in(other)

    await first.click("logout")

    await expect(second.page.get_by_test_id("login-submit")).to_be_visible()
    await third.page.reload()
    await third.sees_state("connection-state", "connected")
    await expect(third.page.get_by_text("Somebody Else")).to_be_visible()
    await first.page.context.close()


async def _duplicate(window: Window) -> Window:
    """Open a tab from the window: the browser copies sessionStorage, as with "duplicate tab"."""
    async with window.page.expect_popup() as opened:
        await window.page.evaluate("window.open(location.href)")
    copy = Window(await opened.value)
    await copy.sees_state("connection-state", "connected")
    return copy
