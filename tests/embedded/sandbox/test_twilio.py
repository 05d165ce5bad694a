"""Twilio's official client against the sandbox."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from embedded.sandbox.deliveries import Channel, Deliveries
from embedded.sandbox.server import Account

TO = "+14155550100"
URLS = [f"https://cdn.example.com/{n}.jpg" for n in range(10)]


async def create(client: Client, **changes: Any) -> Any:
    """Create a message in a thread: the client blocks, and the sandbox runs on this loop."""
    arguments = {"to": TO, "from_": "+15005550006", "body": "Hello"} | changes
    return await asyncio.to_thread(client.messages.create, **arguments)


async def refusal(client: Client, **changes: Any) -> TwilioRestException:
    """Create a message, and return the error."""
    with pytest.raises(TwilioRestException) as caught:
        await create(client, **changes)
    return caught.value


async def test_sms_is_queued(sms_client: Client, deliveries: Deliveries, account: Account) -> None:
    """An SMS gets the complete Message resource, queued, and is in the mailbox as it was sent."""
    message = await create(sms_client, body="Your quote is here.")

    assert re.fullmatch(r"SM[0-9a-f]{32}", message.sid)
    assert message.status == "queued"
    assert message.direction == "outbound-api"
    assert (message.to, message.from_) == (TO, "+15005550006")
    assert (message.num_segments, message.num_media) == ("1", "0")
    assert message.date_created == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert message.date_sent is None
    assert message.error_code is None
    path = f"/2010-04-01/Accounts/{account.twilio_account_sid}/Messages/{message.sid}"
    assert message.uri == f"{path}.json"
    assert message.subresource_uris == {"media": f"{path}/Media.json"}
    (delivery,) = deliveries.newest_first()
    assert delivery.submission.channel is Channel.SMS
    assert delivery.submission.provider_id == message.sid
    assert delivery.submission.text == "Your quote is here."


async def test_created_message_has_twilios_form(
    twilio_http: aiohttp.ClientSession, account: Account
) -> None:
    """The status is 201, dates are RFC 2822, counts are strings, and the body is unchanged."""
    path = f"/2010-04-01/Accounts/{account.twilio_account_sid}/Messages.json"
    form = {"To": TO, "From": account.twilio_from_number, "Body": "Grüße & mehr + 1"}
    async with twilio_http.post(path, data=form) as response:
        assert response.status == 201
        resource = await response.json()

    assert resource["date_created"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert resource["body"] == "Grüße & mehr + 1"
    assert resource["api_version"] == "2010-04-01"
    assert len(resource) == 20


async def test_mms_carries_its_media(sms_client: Client, deliveries: Deliveries) -> None:
    """Up to ten media URLs make it an MMS, which needs no body, and they keep their order."""
    message = await create(sms_client, body="", media_url=URLS)

    assert re.fullmatch(r"MM[0-9a-f]{32}", message.sid)
    assert message.num_media == "10"
    (delivery,) = deliveries.newest_first()
    assert delivery.submission.channel is Channel.MMS
    assert delivery.submission.media_urls == tuple(URLS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "4155550100"}, 21211),
        ({"to": "+1415"}, 21211),
        ({"to": "+1\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0660\u0660"}, 21211),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"to": "+15005550006"}, 21266),
        ({"from_": ""}, 21603),
        ({"from_": "Parley!"}, 21212),
        ({"from_": "+15005550007"}, 21606),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"media_url": [*URLS, URLS[0]]}, 21623),
        ({"media_url": ["javascript:alert(1)"]}, 21620),
        ({"media_url": ["https://[half"]}, 21620),
    ],
)
async def test_invalid_message_gets_its_code(
    sms_client: Client, deliveries: Deliveries, changes: dict[str, Any], code: int
) -> None:
    """What Twilio refuses is refused with status 400 and the code from Twilio's list."""
    error = await refusal(sms_client, **changes)

    assert (error.status, error.code) == (400, code)
    assert error.msg.startswith("Unable to create record: ")
    assert len(deliveries) == 0


async def test_longest_body_passes(sms_client: Client) -> None:
    """1,600 characters are accepted."""
    message = await create(sms_client, body="x" * 1600)

    assert message.num_segments == "11"


async def test_error_links_its_explanation(
    twilio_http: aiohttp.ClientSession, account: Account
) -> None:
    """An error body has exactly code, message, more_info and status."""
    path = f"/2010-04-01/Accounts/{account.twilio_account_sid}/Messages.json"
    async with twilio_http.post(path, json={"To": TO}) as response:
        body = await response.json()

    assert body == {
        "code": 21604,
        "message": "A 'To' phone number is required.",
        "more_info": "https://www.twilio.com/docs/errors/21604",
        "status": 400,
    }


async def test_oversized_form_is_refused(
    twilio_http: aiohttp.ClientSession, account: Account
) -> None:
    """A form far larger than any message gets 413 in Twilio's form."""
    path = f"/2010-04-01/Accounts/{account.twilio_account_sid}/Messages.json"
    async with twilio_http.post(path, data={"Body": "x" * 300_000}) as response:
        assert response.status == 413
        assert (await response.json())["code"] == 20413


async def test_wrong_token_is_refused(url: str, account: Account, deliveries: Deliveries) -> None:
    """A token that is not the account's gets 401 with code 20003, for every call."""
    transport = TwilioHttpClient(timeout=5)
    client = Client(account.twilio_account_sid, "wrong", http_client=transport)
    client.api.base_url = url

    created = await refusal(client)
    with pytest.raises(TwilioRestException) as fetched:
        await asyncio.to_thread(client.messages("SM" + "0" * 32).fetch)
    transport.session.close()

    assert (created.status, created.code) == (401, 20003)
    assert (fetched.value.status, fetched.value.code) == (401, 20003)
    assert len(deliveries) == 0


async def test_other_account_is_not_found(sms_client: Client) -> None:
    """Another account's path gets 404 with code 20404."""
    other = sms_client.api.v2010.accounts("AC" + "f" * 32)

    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(other.messages.create, to=TO, from_="+15005550006", body="x")

    assert (caught.value.status, caught.value.code) == (404, 20404)


async def test_message_can_be_fetched(sms_client: Client) -> None:
    """A message is found by its SID, delivered by then; an unknown SID gets 404."""
    created = await create(sms_client)

    fetched = await asyncio.to_thread(sms_client.messages(created.sid).fetch)
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(sms_client.messages("SM" + "0" * 32).fetch)

    assert (fetched.sid, fetched.body, fetched.status) == (created.sid, "Hello", "delivered")
    assert fetched.date_sent == created.date_created
    assert (caught.value.status, caught.value.code) == (404, 20404)


async def test_messages_can_be_looked_up(sms_client: Client, clock: Any) -> None:
    """The list filters by recipient, sender and day, newest first, as an unsure sender needs it."""
    first = await create(sms_client, body="first")
    await create(sms_client, to="+14155550199")
    clock.now += timedelta(days=1)
    second = await create(sms_client, body="second")

    async def sids(**filters: Any) -> list[str]:
        found = await asyncio.to_thread(sms_client.messages.list, **filters)
        return [message.sid for message in found]

    assert await sids(to=TO) == [second.sid, first.sid]
    assert await sids(to=TO, from_="+15005550007") == []
    assert await sids(to=TO, date_sent=date(2026, 3, 1)) == [first.sid]
    assert await sids(to=TO, date_sent_before=date(2026, 3, 1)) == [first.sid]
    assert await sids(to=TO, date_sent_after=datetime(2026, 3, 2, 9, tzinfo=UTC)) == [second.sid]
    assert await sids(to=TO, date_sent_after=date(2026, 3, 1)) == [second.sid, first.sid]


async def test_long_list_is_paged(sms_client: Client) -> None:
    """The client follows the pages to the end, and new messages do not shift them."""
    bodies = [f"message {number}" for number in range(5)]
    for body in bodies:
        await create(sms_client, body=body)

    page = await asyncio.to_thread(sms_client.messages.page, to=TO, page_size=2)
    await create(sms_client, body="newcomer")
    seen = []
    while page is not None:
        seen += [message.body for message in page]
        page = await asyncio.to_thread(page.next_page)

    assert seen == bodies[::-1]
    listed = await asyncio.to_thread(sms_client.messages.list, page_size=2)
    assert [message.body for message in listed] == ["newcomer", *bodies[::-1]]


async def test_invalid_filter_is_refused(
    twilio_http: aiohttp.ClientSession, account: Account
) -> None:
    """An invalid date gets 400 in Twilio's form."""
    path = f"/2010-04-01/Accounts/{account.twilio_account_sid}/Messages.json"
    async with twilio_http.get(path, params={"DateSent": "yesterday"}) as response:
        assert response.status == 400
        assert (await response.json())["code"] == 20422


async def test_emails_are_not_listed_as_messages(
    sms_client: Client, http: aiohttp.ClientSession, account: Account
) -> None:
    """An email in the mailbox is not in Twilio's list."""
    body = {
        "personalizations": [{"to": [{"email": "vera@example.com"}]}],
        "from": {"email": "a@example.com"},
        "subject": "s",
        "content": [{"type": "text/plain", "value": "t"}],
    }
    headers = {"Authorization": f"Bearer {account.sendgrid_api_key}"}
    async with http.post("/v3/mail/send", json=body, headers=headers) as response:
        assert response.status == 202

    assert await asyncio.to_thread(sms_client.messages.list) == []


async def test_the_account_can_be_fetched(sms_client: Client, account: Account) -> None:
    """The account is active; another account is not found."""
    fetched = await asyncio.to_thread(sms_client.api.v2010.account.fetch)

    assert (fetched.sid, fetched.status) == (account.twilio_account_sid, "active")
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(sms_client.api.v2010.accounts("AC" + "f" * 32).fetch)
    assert refused.value.status == 404
