"""Answers that a fault can inject: any status, form, code, pace and rate."""

import asyncio

import aiohttp
import pytest
from python_http_client.exceptions import HTTPError
from requests.exceptions import ReadTimeout
from sendgrid import SendGridAPIClient
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from embedded.sandbox.deliveries import Deliveries
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.server import Account
from tests.embedded.sandbox.sends import email, put, sms

SEND = "/v3/mail/send"


MAIL = {
    "personalizations": [{"to": [{"email": "vera@example.com"}]}],
    "from": {"email": "notifications@parley.example"},
    "subject": "Hello",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 405, 408, 413, 502, 503, 504])
@pytest.mark.parametrize("is_accepted", [True, False])
async def test_any_status_can_be_injected_with_or_without_delivery(
    http: aiohttp.ClientSession,
    account: Account,
    deliveries: Deliveries,
    status: int,
    is_accepted: bool,
) -> None:
    """Any status can be injected, accepted or not; a refusal has the provider's form."""
    await put(http, {"channel": "email", "status": status, "is_accepted": is_accepted})
    headers = {"Authorization": f"Bearer {account.sendgrid_api_key}"}

    async with http.post(SEND, json=MAIL, headers=headers, allow_redirects=False) as response:
        assert response.status == status
        if status >= 300:
            assert (await response.json())["errors"][0]["message"]

    assert len(deliveries) == is_accepted


@pytest.mark.parametrize("form", ["html", "malformed", "empty"])
@pytest.mark.parametrize("status", [200, 202, 400, 502])
async def test_an_intermediarys_answer_can_be_injected(
    http: aiohttp.ClientSession, account: Account, form: str, status: int
) -> None:
    """An answer can be an intermediary's page, half a JSON document, empty, or a redirect."""
    await put(http, {"channel": "email", "status": status, "form": form, "location": "/elsewhere"})
    headers = {"Authorization": f"Bearer {account.sendgrid_api_key}"}

    async with http.post(SEND, json=MAIL, headers=headers, allow_redirects=False) as response:
        body = await response.read()
        assert (response.status, response.headers["Location"]) == (status, "/elsewhere")
        assert "X-Message-Id" not in response.headers
    assert {"html": b"<!doctype" in body, "malformed": body == b'{"sid', "empty": not body}[form]


@pytest.mark.parametrize("code", [14107, 20003, 20429, 21211, 21610, 21611, 30022, 63038])
async def test_each_twilio_code_can_be_injected(
    http: aiohttp.ClientSession, sms_client: Client, code: int
) -> None:
    """Every Twilio code can be injected, with any status."""
    await put(http, {"channel": "sms", "status": 400, "code": code})

    with pytest.raises(TwilioRestException) as refused:
        await sms(sms_client)

    assert (refused.value.status, refused.value.code) == (400, code)


async def test_sendgrid_can_name_an_invalid_field(
    http: aiohttp.ClientSession, mail_client: SendGridAPIClient
) -> None:
    """SendGrid names the invalid field."""
    field = "personalizations.0.to.0.email"
    await put(http, {"channel": "email", "status": 400, "field": field})

    with pytest.raises(HTTPError) as refused:
        await email(mail_client)

    assert refused.value.to_dict["errors"][0]["field"] == field


async def test_a_message_can_be_accepted_late(
    http: aiohttp.ClientSession, sms_client: Client, deliveries: Deliveries
) -> None:
    """A late message is not in the list when the client gives up, but a moment later it is."""
    fault = {"status": "timeout", "is_accepted": True, "accepted_after_s": 0.5}
    await put(http, {"channel": "sms", **fault})
    sms_client.http_client.timeout = 0.2

    with pytest.raises(ReadTimeout):
        await sms(sms_client)
    assert len(deliveries) == 0
    await asyncio.sleep(0.5)

    assert len(deliveries) == 1


async def test_an_answer_can_arrive_byte_by_byte(
    http: aiohttp.ClientSession, account: Account, deliveries: Deliveries
) -> None:
    """A good head, then single bytes at intervals."""
    await put(http, {"channel": "email", "status": "drip", "is_accepted": True})
    headers = {"Authorization": f"Bearer {account.sendgrid_api_key}"}

    async with http.post(SEND, json=MAIL, headers=headers) as response:
        assert response.status == 202
        assert [await response.content.readexactly(1) for _ in range(3)] == [b" "] * 3

    assert len(deliveries) == 1


def test_a_rate_limit_spares_requests_below_it() -> None:
    """Three a second pass; the fourth meets the fault, and a second later three pass again."""
    clock = [0.0]
    faults = Faults(now_s=lambda: clock[0])
    faults.put([Fault("sms", 429, times=100, above_per_s=3)])

    def passing() -> list[bool]:
        return [faults.take("sms", ["+14155550100"]) is None for _ in range(5)]

    assert passing() == [True, True, True, False, False]
    clock[0] = 0.9
    assert not any(passing())
    clock[0] = 1.1
    assert passing() == [True, True, True, False, False]
