"""Email by SendGrid's official client.

Source: "Mail Send" of SendGrid's v3 API reference
(https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send).
"""

import asyncio
from concurrent.futures import Executor
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from marketplace.settings import Settings
from notify import reasons
from notify.retry_after import retry_after_s
from notify.sender import (
    TIMEOUT_S,
    OutcomeUnknownError,
    Outgoing,
    PermanentSendError,
    SendError,
    TemporarySendError,
)

SENDER_NAME = "Parley"


class SendGridSender:
    """Implements `Sender` for email: at most once, since SendGrid cannot be asked (see package)."""

    can_look_up = False

    def __init__(
        self, settings: Settings, executor: Executor, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._client = SendGridAPIClient(
            settings.sendgrid_api_key, host=settings.sendgrid_api_url.rstrip("/")
        )
        self._client.client.timeout = timeout_s  # it waits for ever by default
        self._from = {"email": settings.email_from, "name": SENDER_NAME}
        self._executor = executor

    async def send(self, outgoing: Outgoing) -> str:
        """Hand a mail to SendGrid; returns its X-Message-Id."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._post, self._mail(outgoing))

    async def look_up(self, outgoing: Outgoing) -> str | None:
        """Nothing: Mail Send keeps no list that could be asked."""
        return None

    def _mail(self, outgoing: Outgoing) -> dict[str, Any]:
        # custom_args on the top level are dropped where a personalization has its own: they belong
        # inside, and SendGrid's events carry them.
        return {
            "personalizations": [
                {
                    "to": [{"email": outgoing.to}],
                    "custom_args": {"notification_id": outgoing.notification_id},
                }
            ],
            "from": self._from,
            "subject": outgoing.subject,
            "content": [
                {"type": "text/plain", "value": outgoing.text},
                {"type": "text/html", "value": outgoing.html},
            ],
        }

    def _post(self, mail: dict[str, Any]) -> str:
        try:
            response = self._client.send(mail)
        except HTTPError as error:
            raise _error_of(error) from None  # its text holds the response
        except URLError as error:
            # urllib raises it for connecting and for writing the request, both before the provider
            # has the whole of it; whatever happens later comes as another OSError.
            raise TemporarySendError(reasons.PROVIDER_UNAVAILABLE, repr(error.reason)) from None
        except (OSError, HTTPException) as error:
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from None
        return str(response.headers.get("X-Message-Id") or "")


def _error_of(error: HTTPError) -> SendError:
    status, told = error.status_code, f"HTTP {error.status_code}"
    if status == 429:
        return TemporarySendError(reasons.RATE_LIMITED, told, retry_after_s(error.headers))
    if status == 401:
        # Our key is wrong, not the mail: nobody's mail is to be lost over a botched rotation.
        return TemporarySendError(reasons.CREDENTIALS_REFUSED, told)
    if status == 408 or status >= 500:
        return TemporarySendError(reasons.PROVIDER_UNAVAILABLE, told, retry_after_s(error.headers))
    return PermanentSendError(f"{reasons.PROVIDER_REFUSED}_{status}", told)
