"""Email by SendGrid's official client.

Source: "Mail Send" of SendGrid's v3 API reference
(https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from typing import Any
from urllib.request import Request

from python_http_client import Client
from sendgrid import SendGridAPIClient

from marketplace.errors import SettingsError
from marketplace.settings import Settings
from notify import reasons
from notify.email_answers import message_id
from notify.exchange import Answer, Exchange
from notify.sender import Outgoing, TemporarySendError

SENDER_NAME = "Parley"
_MAIL_SEND = "mail.send"


class SendGridSender:
    """Implements `Sender` for email, at most once: SendGrid has no look-up (see the package)."""

    can_look_up = False

    def __init__(self, settings: Settings, exchange: Exchange, executor: Executor) -> None:
        self._api = SendGridAPIClient(
            settings.sendgrid_api_key, host=settings.sendgrid_api_url.rstrip("/")
        )
        self._exchange = exchange
        self._executor = executor
        self._from = {"email": settings.email_from, "name": SENDER_NAME}

    async def check(self) -> None:
        """Fetch the key's scopes: SendGrid must know the key, and it must allow sending mail."""
        answer = await self._call(lambda client: client.scopes.get())
        if answer.status == 401:
            raise SettingsError("SENDGRID_API_KEY: SendGrid rejected the key (HTTP 401).")
        scopes = answer.json.get("scopes") if isinstance(answer.json, dict) else None
        if answer.status != 200 or not isinstance(scopes, list):
            raise TemporarySendError(reasons.PROVIDER_UNAVAILABLE, f"HTTP {answer.status}")
        if _MAIL_SEND not in scopes:
            raise SettingsError(f"SENDGRID_API_KEY: The key lacks the permission {_MAIL_SEND}.")

    async def send(self, outgoing: Outgoing) -> str:
        """Send an email through SendGrid; returns its X-Message-Id."""
        mail = self._mail(outgoing)
        return message_id(await self._call(lambda client: client.mail.send.post(request_body=mail)))

    async def look_up(self, outgoing: Outgoing) -> Sequence[str]:
        """Always empty: Mail Send has no list of messages to query."""
        return ()

    def _mail(self, outgoing: Outgoing) -> dict[str, Any]:
        # SendGrid drops top-level custom_args where a personalization has its own, so they go
        # inside the personalization; SendGrid's events carry them.
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

    async def _call(self, call: Callable[[Client], Any]) -> Answer:
        """Run the client in a thread, since it blocks until the answer has arrived."""
        loop = asyncio.get_running_loop()

        def carry(request: Request) -> Answer:
            body = request.data if isinstance(request.data, bytes) else None
            headers = dict(request.header_items())
            sending = self._exchange.request(request.get_method(), request.full_url, headers, body)
            return asyncio.run_coroutine_threadsafe(sending, loop).result()

        def run() -> Answer:
            try:
                response = call(_Client.of(self._api.client, carry))
            except ValueError as error:  # an address that urllib cannot read
                detail = type(error).__name__
                raise TemporarySendError(reasons.PROVIDER_UNAVAILABLE, detail) from None
            return Answer(response.status_code, response.headers, response.body)

        # The request's span needs the current one as its parent.
        return await loop.run_in_executor(self._executor, copy_context().run, run)


class _Client(Client):  # type: ignore[misc] # python_http_client has no types
    """SendGrid's client, with `carry` in place of its own connections."""

    def __init__(self, carry: Callable[[Request], Answer], **named: Any) -> None:
        super().__init__(**named)
        self._carry = carry

    @classmethod
    def of(
        cls, client: Client, carry: Callable[[Request], Answer], url_path: Sequence[str] = ()
    ) -> "_Client":
        """A copy of a client, for another path."""
        return cls(
            carry,
            host=client.host,
            request_headers=dict(client.request_headers),
            version=client._version,
            url_path=list(url_path),
        )

    def _build_client(self, name: str | None = None) -> "_Client":
        return self.of(self, self._carry, [*self._url_path, name] if name else self._url_path)

    def _make_request(self, _opener: object, request: Request, timeout: object = None) -> "_Reply":
        return _Reply(self._carry(request))


class _Reply:
    """An answer with the interface of a `urllib` response, which the client expects."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def getcode(self) -> int:
        """The status."""
        return self._answer.status

    def read(self) -> bytes:
        """The body."""
        return self._answer.body

    def info(self) -> Mapping[str, str]:
        """The headers."""
        return self._answer.headers
