"""SMS over HTTP, through Twilio's official client, to a real server."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
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
from tests.builders import NOW, FixedClock
from tests.notify.conftest import TIMEOUT_S, Sandbox

TEXT = Outgoing("n1", "+13035550188", "Parley: new request https://parley.example/rfis/r1", NOW)


@pytest.fixture
def sms(senders: Mapping[Channel, Sender]) -> Sender:
    """The SMS sender."""
    return senders[Channel.SMS]


async def _refusal(sms: Sender, text: Outgoing = TEXT) -> SendError:
    with pytest.raises(SendError) as refused:
        await sms.send(text)
    return refused.value


async def test_an_sms_arrives_from_the_configured_number(sms: Sender, sandbox: Sandbox) -> None:
    """An SMS comes from the configured number, and its SID is returned."""
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
    ],
)
async def test_a_refused_number_is_a_permanent_error(
    sms: Sender, sandbox: Sandbox, number: str, reason: str
) -> None:
    """The error has a word for it, and not the number."""
    refused = await _refusal(sms, replace(TEXT, to=number))

    assert isinstance(refused, PermanentSendError)
    assert refused.reason == reason
    assert number not in str(refused)
    assert sandbox.arrived() == []


@pytest.mark.parametrize(
    ("status", "code", "reason", "is_for_all"),
    [
        (400, 21212, "account_refused", True),
        (400, 21603, "account_refused", True),
        (400, 21606, "account_refused", True),
        (400, 21656, "account_refused", True),
        (400, 21659, "account_refused", True),
        (401, 20003, "credentials_refused", True),
        (403, 20003, "credentials_refused", True),
        (429, 20429, "rate_limited", True),
        (400, 21611, "rate_limited", True),
        (400, 30001, "rate_limited", True),
        (400, 30022, "rate_limited", True),
        (400, 63038, "rate_limited", True),
        (500, 20429, "rate_limited", True),
        (400, 14107, "rate_limited", False),
        (400, 21408, "provider_refused_21408", False),
        (400, 21608, "provider_refused_21608", False),
        (400, 21612, "provider_refused_21612", False),
        (400, 29999, "provider_refused_29999", False),
        (404, 20404, "provider_refused_20404", False),
    ],
)
async def test_errors_not_caused_by_the_recipient_are_temporary(
    sms: Sender, sandbox: Sandbox, status: int, code: int, reason: str, is_for_all: bool
) -> None:
    """Our number, our account, our rate, and every unlisted code: the code decides."""
    sandbox.fails("sms", status, code=code, retry_after_s=7)

    refused = await _refusal(sms)

    assert isinstance(refused, TemporarySendError)
    assert (refused.reason, refused.is_for_all) == (reason, is_for_all)
    assert await sms.send(TEXT)


@pytest.mark.parametrize("code", [21211, 21614, 21610, 21617])
async def test_the_code_decides_before_the_status(sms: Sender, sandbox: Sandbox, code: int) -> None:
    """An invalid number is invalid whatever the status."""
    for status in (400, 429, 503):
        sandbox.fails("sms", status, code=code)
        assert isinstance(await _refusal(sms), PermanentSendError)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 502, "form": "html"},
        {"status": 503},
        {"status": 504, "form": "empty"},
        {"status": 408},
        {"status": 200, "form": "html"},
        {"status": 201, "form": "malformed"},
        {"status": 201, "form": "empty"},
        {"status": "timeout"},
        {"status": "reset"},
        {"status": "drip"},
    ],
)
@pytest.mark.parametrize("is_accepted", [True, False])
async def test_a_request_without_a_usable_answer_is_looked_up(
    sms: Sender, sandbox: Sandbox, fault: dict[str, Any], is_accepted: bool
) -> None:
    """The SMS was accepted or not, without an answer; the look-up finds it, or nothing."""
    sandbox.fails("sms", **fault, is_accepted=is_accepted)
    began = time.monotonic()

    assert isinstance(await _refusal(sms), OutcomeUnknownError)

    assert time.monotonic() - began < TIMEOUT_S + 2
    taken = [submission.provider_id for submission in sandbox.arrived()]
    assert len(taken) == is_accepted
    assert list(await sms.look_up(TEXT)) == taken


async def test_a_redirect_is_not_followed(sms: Sender, sandbox: Sandbox) -> None:
    """An SMS waits after a redirect: a server that redirects is not the API that accepts our SMS."""
    sandbox.fails("sms", 307, form="empty", location="/elsewhere")

    refused = await _refusal(sms)

    assert isinstance(refused, TemporarySendError)
    assert refused.is_for_all


async def test_a_wrong_token_is_a_temporary_error_of_ours(providers: Settings) -> None:
    """401: the SMS waits until the operator has corrected the token."""
    async with open_senders(replace(providers, twilio_auth_token="wrong")) as senders:
        refused = await _refusal(senders[Channel.SMS])

    assert isinstance(refused, TemporarySendError)
    assert refused.reason == "credentials_refused"


async def test_too_many_requests_has_a_retry_time(sms: Sender, sandbox: Sandbox) -> None:
    """429 with Retry-After, then success."""
    sandbox.fails("sms", 429, retry_after_s=7)

    busy = await _refusal(sms)

    assert isinstance(busy, TemporarySendError)
    assert (busy.reason, busy.retry_after_s) == ("rate_limited", 7)
    assert await sms.send(TEXT)


async def test_a_look_up_compares_number_text_and_time(
    sms: Sender, sandbox: Sandbox, clock: FixedClock
) -> None:
    """Another text, another number, or the same text from an earlier day is a different message."""
    await sms.send(replace(TEXT, text="another"))
    await sms.send(replace(TEXT, to="+13035550199"))
    clock.at = NOW - timedelta(days=1)
    await sms.send(TEXT)
    clock.at = NOW

    assert not await sms.look_up(TEXT)

    first, second = await sms.send(TEXT), await sms.send(TEXT)
    assert list(await sms.look_up(TEXT)) == [second, first]


async def test_a_refused_look_up_is_an_error(providers: Settings) -> None:
    """A failed look-up must not be taken for "not sent"."""
    async with open_senders(replace(providers, twilio_auth_token="wrong")) as senders:
        with pytest.raises(TemporarySendError):
            await senders[Channel.SMS].look_up(TEXT)


@pytest.mark.parametrize(
    "unsendable",
    [
        {"twilio_api_url": "http://127.0.0.1:9"},
        {"twilio_api_url": "http://127.0.0.1:99999"},
        {"twilio_api_url": "http://"},
    ],
)
async def test_a_request_that_was_never_sent_is_a_temporary_error(
    providers: Settings, unsendable: dict[str, str]
) -> None:
    """Nothing listens, or the address is invalid."""
    async with open_senders(replace(providers, **unsendable)) as senders:  # type: ignore[arg-type]
        failed = await _refusal(senders[Channel.SMS])

    assert isinstance(failed, TemporarySendError)
    assert failed.reason == "provider_unavailable"


async def test_the_environments_edge_does_not_change_the_url(
    providers: Settings, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TWILIO_EDGE and TWILIO_REGION, which the client reads, have no effect."""
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    async with open_senders(providers) as senders:
        await senders[Channel.SMS].send(TEXT)

    assert len(sandbox.arrived()) == 1


async def test_the_check_at_startup_finds_wrong_credentials(
    providers: Settings, sms: Sender
) -> None:
    """The error names the variables; correct ones pass, and an unreachable provider proves nothing."""
    await sms.check()

    for wrong in ({"twilio_auth_token": "wrong"}, {"twilio_account_sid": "AC" + "f" * 32}):
        async with open_senders(replace(providers, **wrong)) as senders:  # type: ignore[arg-type]
            with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN"):
                await senders[Channel.SMS].check()
    nowhere = replace(providers, twilio_api_url="http://127.0.0.1:9")
    async with open_senders(nowhere) as senders:
        with pytest.raises(TemporarySendError):
            await senders[Channel.SMS].check()
