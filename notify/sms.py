"""SMS by Twilio's official client.

Source: "Messages resource" (https://www.twilio.com/docs/messaging/api/message-resource).
"""

import logging
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from marketplace.errors import SettingsError
from marketplace.settings import Settings
from notify import reasons
from notify.exchange import Exchange
from notify.sender import OutcomeUnknownError, Outgoing, PermanentSendError, TemporarySendError
from notify.sms_answers import SID, error_of

# How many of a number's latest messages a look-up covers, and how far Twilio's clock may lag behind
# ours.
LOOK_BACK = 100
CLOCK_MARGIN = timedelta(minutes=5)


class TwilioSender:
    """Implements `Sender` for SMS; a try of unknown outcome is looked up before the next one."""

    can_look_up = True

    def __init__(self, settings: Settings, exchange: Exchange) -> None:
        self._client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            http_client=_Transport(exchange, settings.twilio_api_url.rstrip("/")),
        )
        # The client reads TWILIO_EDGE and TWILIO_REGION from the environment and would insert them
        # into the host name of the configured URL.
        self._client.edge = self._client.region = None
        self._client.api.base_url = settings.twilio_api_url.rstrip("/")
        self._from = settings.twilio_from_number

    async def check(self) -> None:
        """Fetch our own account: Twilio must know its SID and token, and it must be active."""
        try:
            account = await self._client.api.v2010.account.fetch_async()
        except TemporarySendError as error:
            if error.reason == reasons.CREDENTIALS_REFUSED:
                names = "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"
                raise SettingsError(f"{names}: Twilio rejected them.") from None
            raise
        except (TwilioException, ValueError, TypeError) as error:
            raise _no_answer(error) from None
        if account.status != "active":
            raise TemporarySendError(reasons.ACCOUNT_REFUSED, f"the account is {account.status}")

    async def send(self, outgoing: Outgoing) -> str:
        """Send an SMS through Twilio; returns its SID."""
        try:
            message = await self._client.messages.create_async(
                to=outgoing.to, from_=self._from, body=outgoing.text
            )
        except (TwilioException, ValueError, TypeError, AttributeError) as error:
            # Twilio accepted it, but the answer is not a message.
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from None
        if not isinstance(message.sid, str) or not SID.fullmatch(message.sid):
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, "an answer without a SID")
        return message.sid

    async def look_up(self, outgoing: Outgoing) -> Sequence[str]:
        """The SIDs of recent messages to this number with this text, newest first.

        Not filtered by DateSent, which a queued message does not have yet.
        """
        since = outgoing.created_at - CLOCK_MARGIN
        try:
            latest = await self._client.messages.list_async(
                to=outgoing.to, from_=self._from, limit=LOOK_BACK
            )
        except (
            PermanentSendError,
            TwilioException,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
        ) as error:
            raise _no_answer(error) from None
        # Twilio puts a sentence in front of a trial account's messages.
        return [
            message.sid
            for message in latest
            if SID.fullmatch(message.sid or "")
            and (message.body or "").endswith(outgoing.text)
            and message.date_created is not None
            and message.date_created >= since
        ]


def _no_answer(error: Exception) -> TemporarySendError:
    """The error for a request without a usable answer."""
    return TemporarySendError(reasons.PROVIDER_UNAVAILABLE, type(error).__name__)


class _Transport(HttpClient):  # type: ignore[misc] # twilio has no types
    """Sends the client's requests; an answer other than 2xx becomes a `SendError`."""

    def __init__(self, exchange: Exchange, base_url: str) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._exchange = exchange
        self._base_url = base_url

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_: Any,
    ) -> Response:
        """Send one of the client's requests; `auth` is the SID and the token."""
        if not uri.startswith(f"{self._base_url}/"):  # a list's next page may name any host
            raise TemporarySendError(reasons.PROVIDER_UNAVAILABLE, "a page at another host")
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = f"Basic {b64encode(':'.join(auth).encode()).decode()}"
        query = {name: value for name, value in (params or {}).items() if value is not None}
        url = f"{uri}?{urlencode(query, doseq=True)}" if query else uri
        body = urlencode(data, doseq=True).encode() if data else None
        answer = await self._exchange.request(method.upper(), url, sent, body)
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        return Response(answer.status, answer.body.decode(errors="replace"), answer.headers)
