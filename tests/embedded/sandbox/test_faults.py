"""Faults, as the official clients meet them."""

import asyncio
import time

import aiohttp
import pytest
from python_http_client.exceptions import HTTPError
from requests.exceptions import ConnectionError as TwilioConnectionError
from requests.exceptions import ReadTimeout
from sendgrid import SendGridAPIClient
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from embedded.sandbox.deliveries import Deliveries
from embedded.sandbox.faults import Faults
from embedded.sandbox.server import STOP_GRACE_S, Account, make_application, start
from tests.embedded.sandbox.sends import email, put, remaining, sms


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
