"""SMS over HTTP, by Twilio's official client, to a real server."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.domain.conversations import Channel
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
from tests.builders import NOW, FixedClock
from tests.notify.conftest import Sandbox

TEXT = Outgoing("n1", "+13035550188", "Parley: new request https://parley.example/rfis/r1", NOW)


@pytest.fixture
def sms(senders: Mapping[Channel, Sender]) -> Sender:
    """The sender of SMS."""
    return senders[Channel.SMS]


async def test_a_text_arrives(sms: Sender, sandbox: Sandbox) -> None:
    """From the number of the settings; its SID comes back."""
    sid = await sms.send(TEXT)

    (arrived,) = sandbox.arrived()
    assert (arrived.to, arrived.sender, arrived.text) == (TEXT.to, "+15005550006", TEXT.text)
    assert sid == arrived.provider_id


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("+15005550001", "invalid_address"),
        ("+15005550004", "unsubscribed"),
        ("+15005550009", "invalid_address"),
        ("+15005550002", "provider_refused_21612"),
    ],
)
async def test_a_refused_number_is_permanent(
    sms: Sender, sandbox: Sandbox, number: str, reason: str
) -> None:
    """With a word where there is one, and without the number in the error."""
    with pytest.raises(PermanentSendError) as refused:
        await sms.send(replace(TEXT, to=number))

    assert refused.value.reason == reason
    assert number not in str(refused.value)
    assert sandbox.arrived() == []


async def test_a_wrong_token_is_our_fault_and_temporary(providers: Settings) -> None:
    """401: the SMS waits until the operator has set the token right."""
    with (
        open_senders(replace(providers, twilio_auth_token="wrong")) as senders,
        pytest.raises(TemporarySendError) as refused,
    ):
        await senders[Channel.SMS].send(TEXT)

    assert refused.value.reason == "credentials_refused"


async def test_too_many_requests_says_when_to_come_back(sms: Sender, sandbox: Sandbox) -> None:
    """429 with Retry-After, then it goes."""
    sandbox.fails("sms", 429, retry_after_s=7)

    with pytest.raises(TemporarySendError) as busy:
        await sms.send(TEXT)

    assert (busy.value.reason, busy.value.retry_after_s) == ("rate_limited", 7)
    assert await sms.send(TEXT)


@pytest.mark.parametrize("status", ["timeout", "reset"])
async def test_no_answer_to_a_request_is_unknown(
    sms: Sender, sandbox: Sandbox, status: str
) -> None:
    """The SMS was taken, and nobody said so; the look-up finds it."""
    sandbox.fails("sms", status, is_accepted=True)

    with pytest.raises(OutcomeUnknownError):
        await sms.send(TEXT)

    (arrived,) = sandbox.arrived()
    assert await sms.look_up(TEXT) == arrived.provider_id


async def test_a_server_error_is_unknown(sms: Sender, sandbox: Sandbox) -> None:
    """500: it may have been taken, and can be looked up."""
    sandbox.fails("sms", 500)

    with pytest.raises(OutcomeUnknownError):
        await sms.send(TEXT)

    assert await sms.look_up(TEXT) is None


async def test_a_look_up_goes_by_number_text_and_time(
    sms: Sender, sandbox: Sandbox, clock: FixedClock
) -> None:
    """Another text, another number, or the same text of an earlier day is another message."""
    await sms.send(replace(TEXT, text="another"))
    await sms.send(replace(TEXT, to="+13035550199"))
    clock.at = NOW - timedelta(days=1)
    await sms.send(TEXT)
    clock.at = NOW

    assert await sms.look_up(TEXT) is None

    sid = await sms.send(TEXT)
    assert await sms.look_up(TEXT) == sid


async def test_a_look_up_that_is_refused_is_an_error_and_no_answer(providers: Settings) -> None:
    """Whoever cannot look must not take it for "not sent"."""
    with (
        open_senders(replace(providers, twilio_auth_token="wrong")) as senders,
        pytest.raises(SendError),
    ):
        await senders[Channel.SMS].look_up(TEXT)


async def test_no_connection_is_temporary(providers: Settings) -> None:
    """Nothing listens: the request never left."""
    with (
        open_senders(replace(providers, twilio_api_url="http://127.0.0.1:9")) as senders,
        pytest.raises(TemporarySendError) as failed,
    ):
        await senders[Channel.SMS].send(TEXT)

    assert failed.value.reason == "provider_unavailable"


async def test_the_environments_edge_does_not_change_the_url(
    providers: Settings, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TWILIO_EDGE and TWILIO_REGION, which the client reads, have no say."""
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    with open_senders(providers) as senders:
        await senders[Channel.SMS].send(TEXT)

    assert len(sandbox.arrived()) == 1
