"""Email over HTTP, by SendGrid's official client, to a real server."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from marketplace.domain.conversations import Channel
from marketplace.settings import Settings
from notify.sender import (
    OutcomeUnknownError,
    Outgoing,
    PermanentSendError,
    Sender,
    TemporarySendError,
)
from notify.senders import open_senders
from tests.builders import NOW
from tests.notify.conftest import Sandbox

MAIL = Outgoing("n1", "vince@vendors.example", "the text", NOW, "the subject", "<p>the page</p>")


@pytest.fixture
def email(senders: Mapping[Channel, Sender]) -> Sender:
    """The sender of emails."""
    return senders[Channel.EMAIL]


async def test_a_mail_arrives_whole(email: Sender, sandbox: Sandbox) -> None:
    """Subject, text, page, and the notification's id in the personalization's custom_args."""
    provider_id = await email.send(MAIL)

    (arrived,) = sandbox.arrived()
    assert (arrived.to, arrived.sender) == (MAIL.to, "notifications@parley.example")
    assert (arrived.subject, arrived.text, arrived.html) == (MAIL.subject, MAIL.text, MAIL.html)
    assert arrived.custom_args == {"notification_id": "n1"}
    assert provider_id == arrived.provider_id


async def test_a_refused_mail_is_permanent(email: Sender, sandbox: Sandbox) -> None:
    """400: the same would be refused again."""
    with pytest.raises(PermanentSendError) as refused:
        await email.send(replace(MAIL, to="no address"))

    assert refused.value.reason == "provider_refused_400"
    assert sandbox.arrived() == []


async def test_a_wrong_key_is_our_fault_and_temporary(providers: Settings) -> None:
    """401: the mail waits until the operator has set the key right."""
    with (
        open_senders(replace(providers, sendgrid_api_key="SG.wrong")) as senders,
        pytest.raises(TemporarySendError) as refused,
    ):
        await senders[Channel.EMAIL].send(MAIL)

    assert refused.value.reason == "credentials_refused"


async def test_too_many_requests_says_when_to_come_back(email: Sender, sandbox: Sandbox) -> None:
    """429 with X-RateLimit-Reset, then it goes."""
    sandbox.fails("email", 429, retry_after_s=30)

    with pytest.raises(TemporarySendError) as busy:
        await email.send(MAIL)

    assert busy.value.reason == "rate_limited"
    assert busy.value.retry_after_s == pytest.approx(30, abs=2)
    assert await email.send(MAIL)


async def test_a_server_error_is_temporary(email: Sender, sandbox: Sandbox) -> None:
    """500, then it goes."""
    sandbox.fails("email", 500)

    with pytest.raises(TemporarySendError) as failed:
        await email.send(MAIL)

    assert failed.value.reason == "provider_unavailable"
    assert await email.send(MAIL)


@pytest.mark.parametrize("status", ["timeout", "reset"])
async def test_no_answer_to_a_request_is_unknown(
    email: Sender, sandbox: Sandbox, status: str
) -> None:
    """The mail was taken, and nobody said so."""
    sandbox.fails("email", status, is_accepted=True)

    with pytest.raises(OutcomeUnknownError):
        await email.send(MAIL)

    assert len(sandbox.arrived()) == 1


async def test_no_connection_is_temporary(providers: Settings) -> None:
    """Nothing listens: the request never left."""
    nowhere = replace(providers, sendgrid_api_url="http://127.0.0.1:9")
    with open_senders(nowhere) as senders, pytest.raises(TemporarySendError) as failed:
        await senders[Channel.EMAIL].send(MAIL)

    assert failed.value.reason == "provider_unavailable"
