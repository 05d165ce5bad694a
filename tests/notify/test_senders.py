"""Which channels are on, and what the clients log."""

import logging
from dataclasses import replace

import pytest

from marketplace.domain.conversations import Channel
from marketplace.errors import SettingsError
from marketplace.settings import Settings
from notify.sender import Outgoing
from notify.senders import check, open_senders
from tests.builders import NOW
from tests.notify.conftest import ACCOUNT


async def test_a_channel_without_credentials_is_off_with_one_log_line(
    providers: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A channel without credentials is off, with one log line; the other channel is on."""
    async with open_senders(replace(providers, twilio_account_sid="")) as senders:
        assert set(senders) == {Channel.EMAIL}
    async with open_senders(replace(providers, sendgrid_api_key="")) as senders:
        assert set(senders) == {Channel.SMS}

    off = [vars(record)["channel"] for record in caplog.records if "is off" in record.message]
    assert off == ["sms", "email"]


async def test_an_unavailable_provider_does_not_stop_the_startup(
    providers: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """An unreachable provider is logged as unconfirmed, and the other one is still checked."""
    nowhere = replace(providers, twilio_api_url="http://127.0.0.1:9")
    async with open_senders(nowhere) as senders:
        await check(senders)
    unconfirmed = [
        vars(record)["channel"] for record in caplog.records if "confirm" in record.message
    ]
    assert unconfirmed == ["sms"]

    async with open_senders(replace(nowhere, sendgrid_api_key="SG.wrong")) as senders:
        with pytest.raises(SettingsError, match="SENDGRID_API_KEY"):
            await check(senders)


async def test_logs_contain_no_secret_address_or_text(
    providers: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """No secret, address or text reaches the log, even at DEBUG."""
    with caplog.at_level(logging.DEBUG):
        async with open_senders(providers) as senders:
            await senders[Channel.EMAIL].send(
                Outgoing("n1", "vince@vendors.example", "private words", NOW, "subject", "<p>x</p>")
            )
            await senders[Channel.SMS].send(Outgoing("n2", "+13035550188", "private words", NOW))

    for private in (
        ACCOUNT.sendgrid_api_key,
        ACCOUNT.twilio_auth_token,
        "private words",
        "vince@vendors.example",
        "3035550188",
    ):
        assert private not in caplog.text
