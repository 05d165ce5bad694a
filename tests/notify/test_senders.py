"""Which channels are on, and what the clients say in the log."""

import logging
from dataclasses import replace

import pytest

from marketplace.domain.conversations import Channel
from marketplace.settings import Settings
from notify.sender import Outgoing
from notify.senders import open_senders
from tests.builders import NOW
from tests.notify.conftest import ACCOUNT


def test_a_channel_without_credentials_is_off_and_says_so_once(
    providers: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Every part of Twilio's credentials is needed."""
    for missing in ("twilio_account_sid", "twilio_auth_token", "twilio_from_number"):
        with open_senders(replace(providers, **{missing: ""})) as senders:  # type: ignore[arg-type]
            assert set(senders) == {Channel.EMAIL}
    with open_senders(replace(providers, sendgrid_api_key="")) as senders:
        assert set(senders) == {Channel.SMS}

    off = [vars(each)["channel"] for each in caplog.records if "is off" in each.message]
    assert off == ["sms", "sms", "sms", "email"]


async def test_no_secret_address_or_word_reaches_the_log(
    providers: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even at DEBUG, where the clients would write headers and payloads."""
    with caplog.at_level(logging.DEBUG), open_senders(providers) as senders:
        await senders[Channel.EMAIL].send(
            Outgoing("n1", "vince@vendors.example", "private words", NOW, "subject", "<p>x</p>")
        )
        await senders[Channel.SMS].send(Outgoing("n2", "+13035550188", "private words", NOW))

    for told in (
        ACCOUNT.sendgrid_api_key,
        ACCOUNT.twilio_auth_token,
        "private words",
        "vince@vendors.example",
        "3035550188",
    ):
        assert told not in caplog.text
