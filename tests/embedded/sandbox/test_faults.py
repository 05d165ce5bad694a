"""Faults, as the official clients meet them."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from python_http_client.exceptions import HTTPError
from requests.exceptions import ConnectionError as TwilioConnectionError
from requests.exceptions import ReadTimeout
from sendgrid import SendGridAPIClient
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from embedded.sandbox.deliveries import Deliveries
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.server import STOP_GRACE_S, Account, make_application, start


async def put(http: aiohttp.ClientSession, *faults: dict[str, Any]) -> None:
    """Put faults in force."""
    async with http.put("/sandbox/faults", json=list(faults)) as response:
        assert response.status == 200, await response.text()


async def remaining(http: aiohttp.ClientSession) -> list[dict[str, Any]]:
    """The faults that are still in force."""
    async with http.get("/sandbox/faults") as response:
        items: list[dict[str, Any]] = (await response.json())["items"]
        return items


async def email(client: SendGridAPIClient, to: str = "vera@example.com") -> Any:
    """Send an email."""
    body = {
        "personalizations": [{"to": [{"email": to}]}],
        "from": {"email": "notifications@parley.example"},
        "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hello"}],
    }
    return await asyncio.to_thread(client.send, body)


async def sms(client: Client, to: str = "+14155550100") -> Any:
    """Send an SMS."""
    return await asyncio.to_thread(
        client.messages.create, to=to, from_="+15005550006", body="Hello"
    )


async def test_email_rate_limit(
    http: aiohttp.ClientSession, mail_client: SendGridAPIClient, deliveries: Deliveries
) -> None:
    """429 has SendGrid's headers and body for as many sends as requested; then sends succeed."""
    await put(http, {"channel": "email", "status": 429, "times": 2, "retry_after_s": 30})

    for _ in range(2):
        with pytest.raises(HTTPError) as caught:
            await email(mail_client)
        error = caught.value
        assert error.status_code == 429
        assert error.to_dict["errors"][0]["message"] == "too many requests"
        assert error.headers["X-RateLimit-Remaining"] == "0"
        assert int(error.headers["X-RateLimit-Limit"]) > 0
        assert 25 < int(error.headers["X-RateLimit-Reset"]) - time.time() <= 30
    response = await email(mail_client)

    assert response.status_code == 202
    assert len(deliveries) == 1
    assert await remaining(http) == []


async def test_sms_rate_limit(
    http: aiohttp.ClientSession, twilio_http: aiohttp.ClientSession, account: Account
) -> None:
    """429 has Twilio's code 20429, and Retry-After if requested."""
    await put(http, {"channel": "sms", "status": 429, "retry_after_s": 3})
    path = f"/2010-04-01/Accounts/{account.twilio_account_sid}/Messages.json"
    form = {"To": "+14155550100", "From": account.twilio_from_number, "Body": "Hello"}

    async with twilio_http.post(path, data=form) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "3"
        assert (await response.json())["code"] == 20429


@pytest.mark.parametrize("status", [400, 500])
async def test_refusals_and_failures(
    http: aiohttp.ClientSession,
    mail_client: SendGridAPIClient,
    sms_client: Client,
    deliveries: Deliveries,
    status: int,
) -> None:
    """400 and 500 have each provider's form, and nothing is delivered."""
    await put(http, {"channel": "email", "status": status}, {"channel": "sms", "status": status})

    with pytest.raises(HTTPError) as by_email:
        await email(mail_client)
    with pytest.raises(TwilioRestException) as by_sms:
        await sms(sms_client)

    assert by_email.value.status_code == status
    assert by_email.value.to_dict["errors"]
    assert by_sms.value.status == status
    assert by_sms.value.code == {400: 21614, 500: 20500}[status]
    assert len(deliveries) == 0


@pytest.mark.parametrize("is_accepted", [False, True])
async def test_timeout(
    http: aiohttp.ClientSession,
    mail_client: SendGridAPIClient,
    sms_client: Client,
    deliveries: Deliveries,
    is_accepted: bool,
) -> None:
    """Clients give up without an answer; only a look-up shows whether the message was delivered."""
    fault = {"status": "timeout", "is_accepted": is_accepted}
    await put(http, {"channel": "email", **fault}, {"channel": "sms", **fault})
    mail_client.client.timeout = 0.3
    sms_client.http_client.timeout = 0.3

    with pytest.raises(TimeoutError):
        await email(mail_client)
    with pytest.raises(ReadTimeout):
        await sms(sms_client)

    assert len(deliveries) == (2 if is_accepted else 0)
    sms_client.http_client.timeout = 5
    found = await asyncio.to_thread(sms_client.messages.list, to="+14155550100")
    assert len(found) == (1 if is_accepted else 0)


@pytest.mark.parametrize("is_accepted", [False, True])
async def test_reset(
    http: aiohttp.ClientSession,
    mail_client: SendGridAPIClient,
    sms_client: Client,
    deliveries: Deliveries,
    is_accepted: bool,
) -> None:
    """The connection is reset instead of an answer."""
    fault = {"status": "reset", "is_accepted": is_accepted}
    await put(http, {"channel": "email", **fault}, {"channel": "sms", **fault})

    with pytest.raises(ConnectionResetError):
        await email(mail_client)
    with pytest.raises(TwilioConnectionError, match="reset by peer"):
        await sms(sms_client)

    assert len(deliveries) == (2 if is_accepted else 0)
    assert (await email(mail_client)).status_code == 202


async def test_fault_for_one_recipient_spares_the_others(
    http: aiohttp.ClientSession, mail_client: SendGridAPIClient, sms_client: Client
) -> None:
    """A fault with `to` spares everybody else, and waits for a send to that recipient."""
    await put(
        http,
        {"channel": "email", "status": 500, "to": "Vera@example.com"},
        {"channel": "sms", "status": 500, "to": "+14155550199", "times": 2},
    )

    await email(mail_client, "carl@example.com")
    await sms(sms_client, "+14155550100")
    with pytest.raises(HTTPError):
        await email(mail_client, "vera@example.com")
    with pytest.raises(TwilioRestException):
        await sms(sms_client, "+14155550199")

    assert [(fault["channel"], fault["times"]) for fault in await remaining(http)] == [("sms", 1)]


async def test_refused_send_leaves_the_fault(
    http: aiohttp.ClientSession, sms_client: Client
) -> None:
    """A send that the provider refuses anyway does not use up a fault."""
    await put(http, {"channel": "sms", "status": 500})

    with pytest.raises(TwilioRestException):
        await sms(sms_client, "not a number")

    assert len(await remaining(http)) == 1


async def test_put_replaces(http: aiohttp.ClientSession) -> None:
    """PUT replaces the faults in force; an empty list ends them all."""
    await put(http, {"channel": "sms", "status": 500}, {"channel": "email", "status": 400})
    await put(http, {"channel": "email", "status": "reset", "times": 3, "to": "a@example.com"})

    assert await remaining(http) == [
        {
            "channel": "email",
            "status": "reset",
            "times": 3,
            "to": "a@example.com",
            "retry_after_s": None,
            "is_accepted": False,
        }
    ]
    await put(http)
    assert await remaining(http) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"{}", 422),
        (b"[1]", 422),
        (b'[{"channel": "email"}]', 422),
        (b'[{"channel": "fax", "status": 500}]', 422),
        (b'[{"channel": "sms", "status": 199}]', 422),
        (b'[{"channel": "sms", "status": 600}]', 422),
        (b'[{"channel": "sms", "status": true}]', 422),
        (b'[{"channel": "sms", "status": [500]}]', 422),
        (b'[{"channel": "sms", "status": 500, "times": 0}]', 422),
        (b'[{"channel": "sms", "status": "drip", "retry_after_s": 1}]', 422),
        (b'[{"channel": "sms", "status": "timeout", "form": "html"}]', 422),
        (b'[{"channel": "sms", "status": 400, "field": "to"}]', 422),
        (b'[{"channel": "email", "status": 400, "code": 21211}]', 422),
        (b'[{"channel": "sms", "status": "timeout", "accepted_after_s": 1}]', 422),
        (b'[{"channel": "sms", "status": 500, "more": 1}]', 422),
        (
            b'[{"channel": "sms", "status": 500}'
            + b',{"channel": "sms", "status": 500}' * 100
            + b"]",
            422,
        ),
        (b" " * 70_000, 413),
    ],
)
async def test_invalid_faults_are_refused(
    http: aiohttp.ClientSession, body: bytes, status: int
) -> None:
    """An invalid list of faults gets a problem document and changes nothing."""
    await put(http, {"channel": "email", "status": 500})

    async with http.put("/sandbox/faults", data=body) as response:
        assert response.status == status
        assert response.content_type == "application/problem+json"
        assert (await response.json())["status"] == status

    assert len(await remaining(http)) == 1


class WatchedFaults(Faults):
    """Faults that signal when a request begins to hang."""

    def __init__(self) -> None:
        super().__init__()
        self.has_hanging = asyncio.Event()

    async def stopped(self) -> None:
        """Signal, then wait."""
        self.has_hanging.set()
        await super().stopped()


async def test_stop_does_not_wait_for_hanging_requests(account: Account) -> None:
    """A stop releases requests that hang, well within its grace period."""
    faults = WatchedFaults()
    runner = await start(make_application(account, Deliveries(), faults), "127.0.0.1", 0)
    base_url = "http://{}:{}".format(*runner.addresses[0])
    fault = {"channel": "email", "status": "timeout"}
    async with aiohttp.ClientSession(base_url=base_url) as session:
        await put(session, fault)
        client = SendGridAPIClient(account.sendgrid_api_key, host=base_url)
        client.client.timeout = 30
        hanging = asyncio.create_task(email(client))
        async with asyncio.timeout(5):
            await faults.has_hanging.wait()

        started = time.monotonic()
        await runner.cleanup()
        with pytest.raises(OSError, match="reset"):
            await hanging

    assert time.monotonic() - started < STOP_GRACE_S / 2


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
