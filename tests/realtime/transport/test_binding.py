"""A session id alone hijacks nothing: polls, posts and upgrades must come from its opener."""

import aiohttp
import orjson
import pytest

from realtime.transport.binding import COOKIE, ClientIdentity, identify, owner_of
from tests.realtime.apps import Talk
from tests.realtime.conftest import Gateways
from tests.realtime.transport.websocket.raw import call, connect_packet, head, polling, tcp

POLLING = "/socket.io/?EIO=4&transport=polling"
SECRET = "a" * 22
HERE, THERE = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "198.51.100.9"}


class Browser:
    """An HTTP client that keeps the cookie or ignores it, at an address of the test's choice."""

    def __init__(self, http: aiohttp.ClientSession, url: str, *, keeps_cookies: bool) -> None:
        self._http, self._url, self._keeps_cookies = http, url + POLLING, keeps_cookies
        self.cookies: dict[str, str] = {}
        self.sid = ""

    async def opens(self, headers: dict[str, str]) -> None:
        """Open a session."""
        async with self._http.get(self._url, headers=headers, cookies=self.cookies) as answer:
            self.sid = orjson.loads((await answer.read())[1:])["sid"]
            cookie = answer.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
        if self._keeps_cookies:
            self.cookies = {COOKIE: cookie.value}

    async def posts(self, headers: dict[str, str], packet: str = "3") -> int:
        """Send a packet; returns the status."""
        async with self._http.post(
            f"{self._url}&sid={self.sid}", data=packet, headers=headers, cookies=self.cookies
        ) as answer:
            return answer.status


@pytest.mark.parametrize("keeps_cookies", [True, False])
async def test_a_stranger_with_the_session_id_gets_nothing(
    gateways: Gateways, talk: Talk, keeps_cookies: bool
) -> None:
    """Somebody else with the id cannot post, poll or upgrade, and the session is undisturbed."""
    url = gateways[0].url
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        own = Browser(http, url, keeps_cookies=keeps_cookies)
        await own.opens(HERE)
        assert await own.posts(HERE, connect_packet(talk.customer)) == 200
        thief = Browser(http, url, keeps_cookies=False)
        thief.sid = own.sid

        assert await thief.posts(THERE, call(1, "leave_conversation", talk.named())) == 400
        async with http.get(f"{url}{POLLING}&sid={own.sid}", headers=THERE) as answer:
            assert answer.status == 400
            assert own.sid not in await answer.text()
        async with tcp(url) as raw:
            request = head(f"EIO=4&transport=websocket&sid={own.sid}")
            raw.send(request[:-2] + b"X-Forwarded-For: 198.51.100.9\r\n\r\n")
            assert await raw.status() == 400

        assert await own.posts(HERE) == 200


async def test_a_browser_may_change_its_address_while_it_polls(gateways: Gateways) -> None:
    """A browser may change its address; its cookie identifies it, and is required from then on."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        browser = Browser(http, gateways[0].url, keeps_cookies=True)
        await browser.opens(HERE)

        assert await browser.posts(THERE) == 200
        browser.cookies = {}
        assert await browser.posts(HERE) == 400


async def test_a_client_without_cookies_upgrades_from_its_network(
    gateways: Gateways, talk: Talk
) -> None:
    """A client without cookies, as outside browsers, can upgrade from the same network."""
    async with (
        polling(gateways[0].url, talk.customer) as polled,
        tcp(gateways[0].url) as raw,
    ):
        raw.send(head(f"EIO=4&transport=websocket&sid={polled.sid}"))

        assert await raw.status() == 101


def test_windows_of_a_browser_share_one_cookie() -> None:
    """A second session does not replace the first one's cookie."""
    first = owner_of(ClientIdentity("203.0.113.7", ""))
    second = owner_of(ClientIdentity("203.0.113.7", first.secret))

    assert second.secret == first.secret
    assert first.is_same(ClientIdentity("198.51.100.9", second.secret))


@pytest.mark.parametrize(
    ("cookies", "secret"),
    [
        (f"{COOKIE}={SECRET}", SECRET),
        (f"a=b; {COOKIE}={SECRET}; c=d", SECRET),
        (f"{COOKIE}=short", ""),
        (f"{COOKIE}={SECRET}x", ""),
        ("\x00;=;;", ""),
        ("", ""),
    ],
)
def test_a_malformed_cookie_is_ignored(cookies: str, secret: str) -> None:
    """A cookie of any other form counts as none."""
    headers = {"cookie": cookies, "x-forwarded-for": "2001:db8::7"}

    assert identify("127.0.0.1", headers) == ClientIdentity("2001:db8::/64", secret)
