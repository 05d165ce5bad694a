"""SendGrid's v3 API: `POST /v3/mail/send`, and `GET /v3/scopes` of the key.

202 with an empty body and `X-Message-Id` on success; otherwise `{"errors": [{"message",
"field"}]}`.

Sources, in SendGrid's v3 API reference (https://www.twilio.com/docs/sendgrid/api-reference/…):
"Mail Send" (mail-send/mail-send; 30 MB a request), "Errors" (mail-send/errors), "Scopes"
(api-key-permissions/retrieve-a-list-of-scopes-for-which-this-user-has-access), "Authentication" and
"Rate Limits" (how-to-use-the-sendgrid-v3-api/…), and "X-Message-ID" in the glossary.
"""

import hmac
import json
import secrets
import time

from aiohttp import web

from embedded.sandbox.bodies import BodyTooLargeError, read_body
from embedded.sandbox.deliveries import Channel, Deliveries
from embedded.sandbox.fault_playback import play_fault
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.mails import Mail, MailRefusedError, read_mail

PATH = "/v3/"
MAX_BODY_BYTES = 30 * 1024 * 1024

_SCOPES = ("mail.send", "mail.batch.create", "mail.batch.read")
_RATE_LIMIT = 600
_DEFAULT_RETRY_AFTER_S = 1
_SENTENCES = {
    400: "Bad Request",
    401: "The provided authorization grant is invalid, expired, or revoked",
    403: "access forbidden",
    404: "not found",
    405: "method not allowed",
    413: f"The request exceeds {MAX_BODY_BYTES} bytes.",
    415: "The content type must be application/json",
    429: "too many requests",
    500: "internal server error",
}


class SendGrid:
    """The endpoints of the account that `api_key` belongs to."""

    def __init__(self, api_key: str, deliveries: Deliveries, faults: Faults) -> None:
        self._authorization = f"Bearer {api_key}".encode()
        self._deliveries = deliveries
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """The routes it serves."""
        return [web.post("/v3/mail/send", self._send), web.get("/v3/scopes", self._list_scopes)]

    async def _list_scopes(self, request: web.Request) -> web.Response:
        if not self._is_known(request):
            return error(401)
        return web.json_response({"scopes": list(_SCOPES)})

    async def _send(self, request: web.Request) -> web.StreamResponse:
        if not self._is_known(request):
            return error(401)
        if request.content_type != "application/json":
            return error(415)
        try:
            mail = read_mail(json.loads(await read_body(request, MAX_BODY_BYTES)))
        except BodyTooLargeError:
            return error(413)
        except (ValueError, RecursionError, MailRefusedError) as refused:
            return _refuse(400, *_explained(refused))
        fault = self._faults.take(Channel.EMAIL, mail.recipients)
        if fault is None:
            return self._take(mail)
        return await play_fault(
            request, self._faults, fault, lambda: self._take(mail), lambda: _fault_response(fault)
        )

    def _is_known(self, request: web.Request) -> bool:
        authorization = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        return hmac.compare_digest(authorization, self._authorization)

    def _take(self, mail: Mail) -> web.Response:
        message_id = secrets.token_urlsafe(16)
        self._deliveries.add(mail.submissions(message_id))
        return web.Response(status=202, headers={"X-Message-Id": message_id})


def _explained(refused: Exception) -> tuple[str, str | None]:
    """Why a body is not a valid mail, and the field at fault."""
    if isinstance(refused, MailRefusedError):
        return refused.message, refused.field
    return _SENTENCES[400], None


def _fault_response(fault: Fault) -> web.Response:
    status = int(fault.status)
    response = _refuse(status, _SENTENCES.get(status, "Bad Request"), fault.field)
    wait_s = fault.retry_after_s
    if status == 429:
        wait_s = _DEFAULT_RETRY_AFTER_S if wait_s is None else wait_s
        response.headers["X-RateLimit-Limit"] = str(_RATE_LIMIT)
        response.headers["X-RateLimit-Remaining"] = "0"
        response.headers["X-RateLimit-Reset"] = str(int(time.time()) + wait_s)
    elif wait_s is not None:
        response.headers["Retry-After"] = str(wait_s)
    return response


def error(status: int) -> web.Response:
    """A generic error response in SendGrid's format."""
    return _refuse(status, _SENTENCES.get(status, "Bad Request"), None)


def _refuse(status: int, message: str, field: str | None) -> web.Response:
    errors = [{"message": message, "field": field}]
    return web.json_response({"errors": errors}, status=status)
