"""SMS by Twilio's official client.

Sources: "Messages resource" (https://www.twilio.com/docs/messaging/api/message-resource) and the
error dictionary (https://www.twilio.com/docs/api/errors/<code>).
"""

import asyncio
from concurrent.futures import Executor
from datetime import timedelta
from typing import Any

from requests import ConnectTimeout, RequestException
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from marketplace.settings import Settings
from notify import reasons
from notify.retry_after import retry_after_s
from notify.sender import (
    TIMEOUT_S,
    OutcomeUnknownError,
    Outgoing,
    PermanentSendError,
    TemporarySendError,
)

# How many of the latest messages to a number are looked through, and how far their clock may be
# behind ours.
LOOK_BACK = 100
CLOCK_MARGIN = timedelta(minutes=5)

_REASONS = {
    21211: reasons.INVALID_ADDRESS,
    21614: reasons.INVALID_ADDRESS,
    21610: reasons.UNSUBSCRIBED,
}


class _Transport(TwilioHttpClient):  # type: ignore[misc] # twilio has no types
    """Tells apart what the client's own exceptions mix: not sent, too busy, unknown."""

    def request(self, *args: Any, **kwargs: Any) -> Response:
        try:
            response = super().request(*args, **kwargs)
        except RequestException as error:
            if _is_before_sending(error):
                raise TemporarySendError(
                    reasons.PROVIDER_UNAVAILABLE, type(error).__name__
                ) from None
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from None
        if response.status_code == 429:
            wait_s = retry_after_s(response.headers)
            raise TemporarySendError(reasons.RATE_LIMITED, "HTTP 429", wait_s)
        if response.status_code >= 500:
            # Twilio may have taken it before it stumbled; a look-up costs less than a second SMS.
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, f"HTTP {response.status_code}")
        return response


class TwilioSender:
    """Implements `Sender` for SMS; a try of unknown outcome is looked up before the next."""

    can_look_up = True

    def __init__(
        self, settings: Settings, executor: Executor, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._transport = _Transport(timeout=timeout_s)
        self._client = Client(
            settings.twilio_account_sid, settings.twilio_auth_token, http_client=self._transport
        )
        # TWILIO_EDGE and TWILIO_REGION, which the client reads by itself, would put themselves into
        # the host name of the URL that the settings give.
        self._client.edge = self._client.region = None
        self._client.api.base_url = settings.twilio_api_url.rstrip("/")
        self._from = settings.twilio_from_number
        self._executor = executor

    async def send(self, outgoing: Outgoing) -> str:
        """Hand an SMS to Twilio; returns its SID."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._create, outgoing)

    async def look_up(self, outgoing: Outgoing) -> str | None:
        """The SID of a recent message to this number with this text."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._find, outgoing)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._transport.session.close()

    def _create(self, outgoing: Outgoing) -> str:
        try:
            message = self._client.messages.create(
                to=outgoing.to, from_=self._from, body=outgoing.text
            )
        except TwilioException as error:
            raise _error_of(error) from None  # its text holds the number
        except ValueError as error:  # taken, with an answer that is no JSON
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from None
        return str(message.sid)

    def _find(self, outgoing: Outgoing) -> str | None:
        """Look through the list; not by DateSent, which a message that is queued has not yet."""
        since = outgoing.created_at - CLOCK_MARGIN
        try:
            latest = self._client.messages.list(to=outgoing.to, from_=self._from, limit=LOOK_BACK)
        except TwilioException as error:
            raise _error_of(error) from None
        except ValueError as error:
            raise TemporarySendError(reasons.PROVIDER_UNAVAILABLE, type(error).__name__) from None
        for message in latest:
            # A trial account's messages have a sentence of Twilio's in front.
            is_same = (message.body or "").endswith(outgoing.text)
            if is_same and message.date_created is not None and message.date_created >= since:
                return str(message.sid)
        return None


def _is_before_sending(error: RequestException) -> bool:
    cause = error.args[0] if error.args else None
    no_connection = isinstance(getattr(cause, "reason", None), NewConnectionError)
    return no_connection or isinstance(error, ConnectTimeout)


def _error_of(error: TwilioException) -> PermanentSendError | TemporarySendError:
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    told = f"HTTP {status}, code {code}"
    if status == 401:
        # Our token is wrong, not the SMS: nobody's SMS is to be lost over a botched rotation.
        return TemporarySendError(reasons.CREDENTIALS_REFUSED, told)
    if status == 408:
        return TemporarySendError(reasons.PROVIDER_UNAVAILABLE, told)
    reason = _REASONS.get(code or 0, f"{reasons.PROVIDER_REFUSED}_{code or status}")
    return PermanentSendError(reason, told)
