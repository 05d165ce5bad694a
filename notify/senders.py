"""Opens the senders that have credentials, and checks the credentials once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from marketplace.domain.conversations import Channel
from marketplace.logs import get_logger
from marketplace.settings import Settings
from notify.email import SendGridSender
from notify.exchange import open_exchange
from notify.lane import MAX_IN_FLIGHT
from notify.sender import TIMEOUT_S, Sender, SendError
from notify.sms import TwilioSender

LOG = get_logger(__name__)
# At DEBUG sendgrid's client logs headers with the API key and whole emails, at INFO twilio's logs
# phone numbers: whatever the log level, these loggers log only warnings.
_VERBOSE_LOGGERS = ("python_http_client", "twilio", "notify.sms", "urllib3")


@asynccontextmanager
async def open_senders(
    settings: Settings, *, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[Mapping[Channel, Sender]]:
    """The senders by channel; a channel without credentials is off and is logged once."""
    for name in _VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    # SendGrid's client blocks, so each email in flight needs a thread.
    executor = ThreadPoolExecutor(MAX_IN_FLIGHT, thread_name_prefix="sendgrid")
    senders: dict[Channel, Sender] = {}
    try:
        async with open_exchange(timeout_s) as exchange:
            if settings.sendgrid_api_key:
                senders[Channel.EMAIL] = SendGridSender(settings, exchange, executor)
            if settings.twilio_account_sid:
                senders[Channel.SMS] = TwilioSender(settings, exchange)
            for channel in (Channel.EMAIL, Channel.SMS):
                if channel not in senders:
                    LOG.warning("the channel is off: no credentials", channel=channel.value)
            yield senders
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


async def check(senders: Mapping[Channel, Sender]) -> None:
    """Ask each provider once whether it accepts our credentials.

    Raises:
        SettingsError: when one does not.  A provider that does not answer is only logged.
    """

    async def ask(channel: Channel, sender: Sender) -> None:
        try:
            await sender.check()
        except SendError as error:
            LOG.warning(
                "the provider did not confirm our credentials",
                channel=channel.value,
                why=str(error),
            )

    await asyncio.gather(*(ask(channel, sender) for channel, sender in senders.items()))
