"""A real sandbox on a free port, and official clients that use it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import aiohttp
import pytest
import sendgrid
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client as TwilioClient

from embedded.sandbox.deliveries import Deliveries
from embedded.sandbox.faults import Faults
from embedded.sandbox.server import Account, make_application, start

ACCOUNT = Account(
    sendgrid_api_key="SG.sandbox.key",
    twilio_account_sid="AC" + "0123456789abcdef" * 2,
    twilio_auth_token="0f" * 16,
    twilio_from_number="+15005550006",
)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def account() -> Account:
    """The credentials that the sandbox accepts."""
    return ACCOUNT


@pytest.fixture
def clock() -> Clock:
    """The clock of the deliveries."""
    return Clock()


@pytest.fixture
def deliveries(clock: Clock) -> Deliveries:
    """The sandbox's deliveries."""
    return Deliveries(clock=clock)


@pytest.fixture
async def url(account: Account, deliveries: Deliveries) -> AsyncIterator[str]:
    """The base URL of a running sandbox."""
    runner = await start(make_application(account, deliveries, Faults()), "127.0.0.1", 0)
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.fixture
async def http(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client of the sandbox."""
    async with aiohttp.ClientSession(base_url=url) as session:
        yield session


@pytest.fixture
async def twilio_http(url: str, account: Account) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client with the Twilio account's credentials."""
    credentials = aiohttp.encode_basic_auth(account.twilio_account_sid, account.twilio_auth_token)
    headers = {"Authorization": credentials}
    async with aiohttp.ClientSession(base_url=url, headers=headers) as session:
        yield session


@pytest.fixture
def mail_client(url: str, account: Account) -> sendgrid.SendGridAPIClient:
    """SendGrid's official client, with a time-out, which it does not have by default."""
    client = sendgrid.SendGridAPIClient(account.sendgrid_api_key, host=url)
    client.client.timeout = 5
    return client


@pytest.fixture
def sms_client(url: str, account: Account) -> Iterator[TwilioClient]:
    """Twilio's official client."""
    transport = TwilioHttpClient(timeout=5)
    client = TwilioClient(
        account.twilio_account_sid, account.twilio_auth_token, http_client=transport
    )
    client.api.base_url = url
    yield client
    transport.session.close()
