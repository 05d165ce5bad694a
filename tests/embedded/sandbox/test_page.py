"""The mailbox's page."""

import html
import re

import aiohttp

from embedded.sandbox.deliveries import Channel, Deliveries, Submission
from embedded.sandbox.page import MAX_SHOWN

EVIL = "</pre><script>alert('x')</script>\"'&"


def add(deliveries: Deliveries, to: str, channel: Channel = Channel.SMS, text: str = "") -> None:
    """Put a delivery into the mailbox."""
    deliveries.add([Submission(channel, to, "+15005550006", "SM1", text)])


async def shown(http: aiohttp.ClientSession, **query: str) -> str:
    """Request the page's HTML."""
    async with http.get("/", params=query) as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        return await response.text()


async def test_everything_is_escaped(http: aiohttp.ClientSession, deliveries: Deliveries) -> None:
    """External text, and the filter itself, is shown as text and never as markup."""
    deliveries.add(
        [
            Submission(
                channel=Channel.EMAIL,
                to=EVIL,
                sender=EVIL,
                provider_id=EVIL,
                text=EVIL,
                subject=EVIL,
                html=EVIL,
                media_urls=(EVIL,),
                custom_args={EVIL: EVIL},
            )
        ]
    )

    page = await shown(http, to=EVIL)

    assert "alert(&#39;x&#39;)" in page
    assert page.count("<script") == 1
    assert "<script>alert" not in page


async def test_html_is_shown_in_a_sealed_frame(
    http: aiohttp.ClientSession, deliveries: Deliveries
) -> None:
    """An email's HTML is complete in the srcdoc of a frame without any permissions."""
    body = "<p title=\"a 'b'\">Hello &amp; <b>welcome</b></p>"
    deliveries.add([Submission(Channel.EMAIL, "v@example.com", "a@example.com", "m", html=body)])

    page = await shown(http)

    frame = re.search(r'<iframe sandbox="" [^>]*srcdoc="([^"]*)"', page)
    assert frame is not None
    assert html.unescape(frame[1]) == body


async def test_only_the_pages_own_script_is_allowed(http: aiohttp.ClientSession) -> None:
    """The policy names one nonce, a new one each time, and allows nothing else by default."""
    nonces = set()
    for _ in range(2):
        async with http.get("/") as response:
            policy = response.headers["Content-Security-Policy"]
            nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
            assert nonce is not None
            assert f'<script nonce="{nonce[1]}">' in await response.text()
            assert "default-src 'none'" in policy
            nonces.add(nonce[1])

    assert len(nonces) == 2


async def test_deliveries_are_newest_first_and_filtered(
    http: aiohttp.ClientSession, deliveries: Deliveries
) -> None:
    """The newest are on top; a part of the recipient, and the channel, filter them."""
    add(deliveries, "+14155550100", text="first")
    add(deliveries, "+14155550199", text="second")
    add(deliveries, "+14155550100", Channel.MMS, text="third")

    every, one, mms = (
        await shown(http),
        await shown(http, to="0100"),
        await shown(http, channel="mms"),
    )

    assert every.index("third") < every.index("second") < every.index("first")
    assert "second" not in one
    assert "third" in mms
    assert "first" not in mms


async def test_media_are_linked(http: aiohttp.ClientSession, deliveries: Deliveries) -> None:
    """Each media URL of an MMS is a link."""
    urls = ("https://e.com/a.jpg?x=1&y=2", "https://e.com/b.jpg")
    deliveries.add([Submission(Channel.MMS, "+1415555", "+1500", "MM1", media_urls=urls)])

    page = await shown(http)

    assert 'href="https://e.com/a.jpg?x=1&amp;y=2"' in page
    assert 'href="https://e.com/b.jpg"' in page


async def test_page_is_bounded(http: aiohttp.ClientSession, deliveries: Deliveries) -> None:
    """The page shows a limited number of deliveries, however many are held."""
    for number in range(MAX_SHOWN + 10):
        add(deliveries, "+14155550100", text=f"text {number}")

    page = await shown(http)

    assert page.count("<article>") == MAX_SHOWN
    assert "Nothing has arrived yet." not in page


async def test_empty_mailbox_says_so(http: aiohttp.ClientSession) -> None:
    """An empty mailbox and an empty filter result have different messages."""
    assert "Nothing has arrived yet." in await shown(http)
    assert "Nothing matches this filter." in await shown(http, to="x")
