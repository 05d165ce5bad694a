"""Codes and links about an account, from the provider's sandbox back into the product."""

import re

from playwright.async_api import Browser, expect

from marketplace.domain.notifications import AccountKind
from tests.journeys.browsers import Window, a_window
from tests.journeys.people import PASSWORD, Person, registered
from tests.journeys.sandbox import deliveries
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

NEW_PASSWORD = "purple monkey dishwasher"
# How the text of each kind is recognised; a kind that is missing here fails the first test.
WORDS = {
    AccountKind.VERIFICATION_CODE: "your code is",
    AccountKind.PASSWORD_RESET: "reset the password",
    AccountKind.SECURITY: "asked to change the email address",
}


async def delivered(site: Site, to: str | None, words: str) -> str:
    """The text of the newest delivery to an address that has these words, once there is one."""

    async def found() -> list[str]:
        texts = [delivery["text"] for delivery in await deliveries(site, to)]
        return [text for text in texts if words in text]

    return (await eventually(found))[-1]


async def code(site: Site, to: str | None) -> str:
    """The six digits that an address got."""
    text = await delivered(site, to, WORDS[AccountKind.VERIFICATION_CODE])
    digits: str = re.findall(r"\b[0-9]{6}\b", text)[0]
    return digits


async def link(site: Site, to: str, words: str) -> str:
    """The link with a token in an email."""
    text = await delivered(site, to, words)
    found: str = re.findall(rf"{re.escape(site.url)}/\S+#\S+", text)[0]
    return found


async def verified(site: Site, name: str) -> Person:
    """A customer whose email address is verified by the code that arrived there."""
    person = await registered(site, "customer", name)
    await person.ask("POST", "/v1/verifications/email")
    body = {"code": await code(site, person.email)}
    account = await person.post("/v1/verifications/email/confirm", json=body)
    assert account["email_verified_at"] is not None
    return person


def test_every_kind_about_accounts_is_covered() -> None:
    """A kind that is added later needs its words, and a test that follows its link."""
    assert WORDS.keys() == {*AccountKind}


async def test_codes_from_email_and_sms_verify_an_account(site: Site) -> None:
    """Both arrive within seconds, each at its own provider, and each verifies its own address."""
    person = await verified(site, "Carla Reyes")
    await person.ask("POST", "/v1/verifications/phone")

    body = {"code": await code(site, person.phone)}
    account = await person.post("/v1/verifications/phone/confirm", json=body)

    assert account["phone_verified_at"] is not None


async def test_a_forgotten_password_is_replaced_on_the_page(site: Site, browser: Browser) -> None:
    """From the log-in page over the email to a log-in with the new password."""
    person = await registered(site, "customer", "Maya Lindqvist")
    window = await a_window(browser, site.url)
    await window.click("forgot-password")
    await window.fill("reset-input", person.email)
    await window.click("reset-submit")
    await window.sees("link-done", "it gets a link")
    await window.close()

    address = await link(site, person.email, WORDS[AccountKind.PASSWORD_RESET])
    window = await a_window(browser, address)
    await window.fill("reset-input", NEW_PASSWORD)
    assert "#" not in window.page.url
    await window.click("reset-submit")
    await window.sees("link-done", "Your password is changed")

    await _log_in(window, site, person.email, NEW_PASSWORD)
    await window.close()


async def test_a_used_link_says_so(site: Site, browser: Browser) -> None:
    """Somebody who opens the email again learns what to do."""
    person = await registered(site, "customer", "Luis Ortega")
    await site.http.post("/v1/password-resets", json={"email": person.email})
    address = await link(site, person.email, WORDS[AccountKind.PASSWORD_RESET])
    body = {"token": address.partition("#")[2], "password": NEW_PASSWORD}
    await site.http.post("/v1/password-resets/confirm", json=body)
    window = await a_window(browser, address)

    await window.fill("reset-input", NEW_PASSWORD)
    await window.click("reset-submit")

    await window.sees("error", "was used or has expired")
    await window.close()


async def test_the_old_address_takes_the_account_back_on_the_page(
    site: Site, browser: Browser
) -> None:
    """The notice's button prevents the change and brings the link of a reset."""
    person = await verified(site, "Tom Baranski")
    new = f"new-{person.email}"
    await person.ask("POST", "/v1/me/email", json={"email": new, "password": PASSWORD})
    window = await a_window(browser, await link(site, person.email, WORDS[AccountKind.SECURITY]))

    await window.click("undo-submit")
    await window.sees("link-done", "has its email address back")

    assert (await person.ask("GET", "/v1/me")).status_code == 401
    await window.page.goto(await link(site, person.email, WORDS[AccountKind.PASSWORD_RESET]))
    await window.fill("reset-input", NEW_PASSWORD)
    await window.click("reset-submit")
    await window.sees("link-done", "Your password is changed")
    await _log_in(window, site, person.email, NEW_PASSWORD)
    await window.close()


async def _log_in(window: Window, site: Site, email: str, password: str) -> None:
    await window.page.goto(site.url)
    await window.page.locator('[name="email"]').fill(email)
    await window.page.locator('[name="password"]').fill(password)
    await window.click("login-submit")
    await expect(window.page.get_by_test_id("logout")).to_be_visible()
