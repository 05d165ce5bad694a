"""Opens the senders that have credentials."""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from marketplace.domain.conversations import Channel
from marketplace.settings import Settings
from notify.email import SendGridSender
from notify.sender import TIMEOUT_S, Sender
from notify.sms import TwilioSender

LOG = logging.getLogger(__name__)
# The clients block, so each send in flight has a thread.  At 100 ms a send: 160 a second.
MAX_IN_FLIGHT = 16
# At DEBUG sendgrid's client writes headers with the API key and whole mails, at INFO twilio's
# writes numbers: whatever the log level, these say no more than warnings.
_TALKATIVE = ("python_http_client", "twilio", "urllib3")


@contextmanager
def open_senders(
    settings: Settings, *, timeout_s: float = TIMEOUT_S
) -> Iterator[Mapping[Channel, Sender]]:
    """The senders by channel; a channel without credentials is off, which the log says once."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    executor = ThreadPoolExecutor(MAX_IN_FLIGHT, thread_name_prefix="sender")
    senders: dict[Channel, Sender] = {}
    sms: TwilioSender | None = None
    if settings.sendgrid_api_key:
        senders[Channel.EMAIL] = SendGridSender(settings, executor, timeout_s=timeout_s)
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_from_number:
        sms = senders[Channel.SMS] = TwilioSender(settings, executor, timeout_s=timeout_s)
    for channel in (Channel.EMAIL, Channel.SMS):
        if channel not in senders:
            LOG.warning("the channel is off: no credentials", extra={"channel": channel.value})
    try:
        yield senders
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        if sms is not None:
            sms.close()
