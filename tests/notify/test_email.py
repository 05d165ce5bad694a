"""Email over HTTP, through SendGrid's official client, to a real server."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from marketplace.domain.conversations import Channel
from marketplace.errors import SettingsError
from marketplace.settings import Settings
from notify.sender import (
    OutcomeUnknownError,
    Outgoing,
    PermanentSendError,
    Sender,
    SendError,
    TemporarySendError,
)
from notify.senders import open_senders
from tests.builders import NOW
from tests.notify.conftest import ACCOUNT, TIMEOUT_S, Sandbox

MAIL = Outgoing("n1", "vince@vendors.example", "the text", NOW, "the subject", "<p>the page</p>")


@pytest.fixture
def email(senders: Mapping[Channel, Sender]) -> Sender:
    """The email sender."""
    return senders[Channel.EMAIL]


async def _refusal(email: Sender, mail: Outgoing = MAIL) -> SendError:
    with pytest.raises(SendError) as refused:
        await email.send(mail)
    return refused.value


async def test_an_email_arrives_complete(email: Sender, sandbox: Sandbox) -> None:
    """Subject, text, page, and the notification's id in the personalization's custom_args."""
    provider_id = await email.send(MAIL)

    (arrived,) = sandbox.arrived()
    assert (arrived.to, arrived.sender) == (MAIL.to, "notifications@parley.example")
    assert (arrived.subject, arrived.text, arrived.html) == (MAIL.subject, MAIL.text, MAIL.html)
    assert arrived.custom_args == {"notification_id": "n1"}
    assert provider_id == arrived.provider_id


async def test_a_refused_address_is_a_permanent_error(email: Sender, sandbox: Sandbox) -> None:
    """SendGrid names the recipient as the invalid field."""
    refused = await _refusal(email, replace(MAIL, to="no address"))

    assert isinstance(refused, PermanentSendError)
    assert refused.reason == "invalid_address"
    assert sandbox.arrived() == []


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ({"status": 400, "field": "content.1.value"}, PermanentSendError, "provider_refused_400"),
        ({"status": 413}, PermanentSendError, "provider_refused_413"),
        ({"status": 400, "field": "from.email"}, TemporarySendError, "account_refused"),
        ({"status": 400}, TemporarySendError, "provider_refused_400"),
        ({"status": 400, "form": "html"}, TemporarySendError, "provider_refused_400"),
        ({"status": 401}, TemporarySendError, "credentials_refused"),
        ({"status": 403}, TemporarySendError, "credentials_refused"),
        ({"status": 404}, TemporarySendError, "provider_refused_404"),
        ({"status": 405}, TemporarySendError, "provider_refused_405"),
        ({"status": 429, "form": "html"}, TemporarySendError, "rate_limited"),
        ({"status": 500}, TemporarySendError, "provider_unavailable"),
        ({"status": 503}, TemporarySendError, "provider_unavailable"),
        ({"status": 302, "location": "/elsewhere"}, TemporarySendError, "provider_refused_302"),
        ({"status": 307, "location": "/v3/mail/send"}, TemporarySendError, "provider_refused_307"),
        ({"status": 408}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 502}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 504}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 500, "form": "html"}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 503, "form": "empty"}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 500, "form": "malformed"}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 200, "form": "html"}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 202, "form": "empty"}, OutcomeUnknownError, "outcome_unknown"),
        ({"status": 200, "is_accepted": True}, OutcomeUnknownError, "outcome_unknown"),
    ],
)
async def test_each_status_means_final_unknown_or_temporary(
    email: Sender, sandbox: Sandbox, fault: dict[str, Any], kind: type[SendError], reason: str
) -> None:
    """Final: an error about this email. Unknown: no answer of SendGrid's own. Anything else waits."""
    sandbox.fails("email", **fault)

    refused = await _refusal(email)

    assert (type(refused), refused.reason) == (kind, reason)
    assert len(sandbox.arrived()) == fault.get("is_accepted", False)


async def test_a_wrong_key_is_a_temporary_error_of_ours(providers: Settings) -> None:
    """401: the email waits until the operator has corrected the key."""
    async with open_senders(replace(providers, sendgrid_api_key="SG.wrong")) as senders:
        refused = await _refusal(senders[Channel.EMAIL])

    assert isinstance(refused, TemporarySendError)
    assert refused.reason == "credentials_refused"


async def test_too_many_requests_has_a_retry_time(email: Sender, sandbox: Sandbox) -> None:
    """429 with X-RateLimit-Reset, then success."""
    sandbox.fails("email", 429, retry_after_s=30)

    busy = await _refusal(email)

    assert isinstance(busy, TemporarySendError)
    assert busy.retry_after_s == pytest.approx(30, abs=2)
    assert await email.send(MAIL)


@pytest.mark.parametrize("status", ["timeout", "reset", "drip"])
async def test_a_request_without_an_answer_has_an_unknown_outcome(
    email: Sender, sandbox: Sandbox, status: str
) -> None:
    """SendGrid accepted the email, but no answer arrived in time."""
    sandbox.fails("email", status, is_accepted=True)

    assert isinstance(await _refusal(email), OutcomeUnknownError)
    assert len(sandbox.arrived()) == 1


async def test_a_slow_answer_ends_at_the_deadline(email: Sender, sandbox: Sandbox) -> None:
    """One deadline covers the whole request: each byte arrives in time, but not all of them."""
    sandbox.fails("email", "drip", is_accepted=True)
    began = time.monotonic()

    await _refusal(email)

    assert time.monotonic() - began < TIMEOUT_S + 2


async def test_redirects_are_not_followed(providers: Settings) -> None:
    """The redirect's target gets no request at all."""
    heard: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        host, port = writer.get_extra_info("sockname")
        writer.write(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
            + f"Location: http://{host}:{port}/stolen\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        open_senders(replace(providers, sendgrid_api_url=f"http://127.0.0.1:{port}")) as senders,
    ):
        refused = await _refusal(senders[Channel.EMAIL])

    assert isinstance(refused, TemporarySendError)
    assert [head.split(b" ", 2)[1] for head in heard] == [b"/v3/mail/send"]


@pytest.mark.parametrize(
    "unsendable",
    [
        {"sendgrid_api_url": "http://127.0.0.1:9"},
        {"sendgrid_api_url": "http://127.0.0.1:99999"},
        {"sendgrid_api_url": "http://"},
        {"sendgrid_api_key": "SG.with\na line"},
    ],
)
async def test_a_request_that_was_never_sent_is_a_temporary_error(
    providers: Settings, unsendable: dict[str, str], sandbox: Sandbox
) -> None:
    """Nothing listens, or nothing can be written; the error contains no part of the key."""
    async with open_senders(replace(providers, **unsendable)) as senders:  # type: ignore[arg-type]
        failed = await _refusal(senders[Channel.EMAIL])

    assert isinstance(failed, TemporarySendError)
    assert "SG." not in str(failed)
    assert failed.__cause__ is None
    assert failed.__suppress_context__
    assert sandbox.arrived() == []


async def test_the_check_at_startup_finds_a_wrong_key(providers: Settings, email: Sender) -> None:
    """The error names the variable; a correct key passes."""
    await email.check()

    async with open_senders(replace(providers, sendgrid_api_key="SG.wrong")) as senders:
        with pytest.raises(SettingsError, match="SENDGRID_API_KEY") as refused:
            await senders[Channel.EMAIL].check()

    assert ACCOUNT.sendgrid_api_key not in str(refused.value)


async def test_an_unavailable_provider_at_startup_is_a_temporary_error(providers: Settings) -> None:
    """The error is temporary, and not one of the settings."""
    nowhere = replace(providers, sendgrid_api_url="http://127.0.0.1:9")
    async with open_senders(nowhere) as senders:
        with pytest.raises(TemporarySendError):
            await senders[Channel.EMAIL].check()
