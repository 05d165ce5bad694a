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

# How many of the latest messages to a number are looked through, and how far their clock may be
# behind ours.
LOOK_BACK = 100
CLOCK_MARGIN = timedelta(minutes=5)


class TwilioSender:
    """Implements `Sender` for SMS; a try of unknown outcome is looked up before the next."""

    can_look_up = True

    def __init__(self, settings: Settings, exchange: Exchange) -> None:
        self._client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            http_client=_Transport(exchange, settings.twilio_api_url.rstrip("/")),
        )
        # TWILIO_EDGE and TWILIO_REGION, which the client reads by itself, would put themselves into
        # the host name of the URL that the settings give.
        self._client.edge = self._client.region = None
        self._client.api.base_url = settings.twilio_api_url.rstrip("/")
        self._from = settings.twilio_from_number

    async def check(self) -> None:
        """Fetch our own account: its SID and token must be known, and it must be active."""
        try:
            account = await self._client.api.v2010.account.fetch_async()
        except TemporarySendError as error:
            if error.reason == reasons.CREDENTIALS_REFUSED:
                names = "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"
                raise SettingsError(f"{names}: Twilio does not accept them.") from None
            raise
        except (TwilioException, ValueError, TypeError) as error:
            raise _no_answer(error) from None
        if account.status != "active":
            raise TemporarySendError(reasons.ACCOUNT_REFUSED, f"the account is {account.status}")

    async def send(self, outgoing: Outgoing) -> str:
        """Hand an SMS to Twilio; returns its SID."""
        try:
            message = await self._client.messages.create_async(
                to=outgoing.to, from_=self._from, body=outgoing.text
            )
        except (TwilioException, ValueError, TypeError, AttributeError) as error:
            # Taken, with an answer that is no message.
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from None
        if not isinstance(message.sid, str) or not SID.fullmatch(message.sid):
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, "an answer without a SID")
        return message.sid

    async def look_up(self, outgoing: Outgoing) -> Sequence[str]:
        """The SIDs of recent messages to this number with this text, newest first.

        Not by DateSent, which a message that is queued has not yet.
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
        # A trial account's messages have a sentence of Twilio's in front.
        return [
            message.sid
            for message in latest
            if SID.fullmatch(message.sid or "")
            and (message.body or "").endswith(outgoing.text)
            and message.date_created is not None
            and message.date_created >= since
        ]


def _no_answer(error: Exception) -> TemporarySendError:
    """A question that was not answered in a usable form."""
    return TemporarySendError(reasons.PROVIDER_UNAVAILABLE, type(error).__name__)


class _Transport(HttpClient):  # type: ignore[misc] # twilio has no types
    """Carries the client's requests; every answer that is not 2xx is an error of ours."""

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
        """Send one request of the client's; `auth` is the SID and the token."""
        if not uri.startswith(f"{self._base_url}/"):  # a list's next page may name any host
            raise TemporarySendError(reasons.PROVIDER_UNAVAILABLE, "a page at another host")
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = f"Basic {b64encode(':'.join(auth).encode()).decode()}"
        given = {name: value for name, value in (params or {}).items() if value is not None}
        url = f"{uri}?{urlencode(given, doseq=True)}" if given else uri
        body = urlencode(data, doseq=True).encode() if data else None
        answer = await self._exchange.request(method.upper(), url, sent, body)
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        return Response(answer.status, answer.body.decode(errors="replace"), answer.headers)
