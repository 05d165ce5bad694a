"""SendGrid's v3 Mail Send: `POST /v3/mail/send`.

202 with an empty body and `X-Message-Id` when taken; 200 when the mail asked for SendGrid's own
sandbox mode; otherwise `{"errors": [{"message", "field", "help"}]}`.

Sources, in SendGrid's v3 API reference (https://www.twilio.com/docs/sendgrid/api-reference/…):
"Mail Send" (mail-send/mail-send; 30 MB a request), "Errors" (mail-send/errors),
"Authentication" and "Rate Limits" (how-to-use-the-sendgrid-v3-api/…), and "X-Message-ID" in the
glossary.  No Authorization header and a wrong key get different sentences, as from the API itself.
"""

import hmac
import json
import secrets
import time

from aiohttp import web

from embedded.sandbox.bodies import BodyTooLargeError, read_body
from embedded.sandbox.deliveries import Channel, Deliveries
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.mails import Mail, MailRefusedError, Problem, read_mail

PATH = "/v3/"
MAX_BODY_BYTES = 30 * 1024 * 1024

_HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"
_RATE_LIMIT = 600
_DEFAULT_RETRY_AFTER_S = 1
_SENTENCES = {
    400: "Bad Request",
    404: "not found",
    405: "method not allowed",
    500: "Internal error",
}


class SendGrid:
    """The endpoint of one account, which `api_key` belongs to."""

    def __init__(self, api_key: str, deliveries: Deliveries, faults: Faults) -> None:
        self._authorization = f"Bearer {api_key}".encode()
        self._deliveries = deliveries
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """What it answers."""
        return [web.post("/v3/mail/send", self._send)]

    async def _send(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            mail = read_mail(json.loads(await read_body(request, MAX_BODY_BYTES)))
        except BodyTooLargeError:
            return _refuse(413, [Problem(f"The request exceeds {MAX_BODY_BYTES} bytes.")])
        except (ValueError, RecursionError):
            return error(400)
        except MailRefusedError as refused:
            return _refuse(400, refused.problems)
        return await self._accept(request, mail)

    def _refusal(self, request: web.Request) -> web.Response | None:
        """The answer to wrong credentials or to a body of another type, else None."""
        given = request.headers.get("Authorization")
        if given is None:
            return _refuse(401, [Problem("Permission denied, wrong credentials")])
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._authorization):
            sentence = "The provided authorization grant is invalid, expired, or revoked"
            return _refuse(401, [Problem(sentence)])
        if request.content_type != "application/json":
            return _refuse(415, [Problem("Content-Type should be application/json.")])
        return None

    async def _accept(self, request: web.Request, mail: Mail) -> web.Response:
        if mail.is_sandboxed:
            return web.Response(status=200)
        message_id = secrets.token_urlsafe(16)
        fault = self._faults.take(Channel.EMAIL, mail.recipients)
        if fault is None:
            self._deliveries.add(mail.submissions(message_id))
            return web.Response(status=202, headers={"X-Message-Id": message_id})
        if fault.is_accepted:
            self._deliveries.add(mail.submissions(message_id))
        if fault.breaks_off:
            return await self._faults.break_off(request, fault)
        return _fault_response(fault)


def _fault_response(fault: Fault) -> web.Response:
    if fault.status != 429:
        return error(int(fault.status))
    wait_s = _DEFAULT_RETRY_AFTER_S if fault.retry_after_s is None else fault.retry_after_s
    response = _refuse(429, [Problem("too many requests")])
    response.headers["X-RateLimit-Limit"] = str(_RATE_LIMIT)
    response.headers["X-RateLimit-Remaining"] = "0"
    response.headers["X-RateLimit-Reset"] = str(int(time.time()) + wait_s)
    return response


def error(status: int) -> web.Response:
    """A response in SendGrid's form for what has no closer explanation."""
    return _refuse(status, [Problem(_SENTENCES.get(status, "Bad Request"))])


def _refuse(status: int, problems: list[Problem]) -> web.Response:
    errors = [
        {
            "message": problem.message,
            "field": problem.field,
            "help": f"{_HELP}#{problem.anchor}" if problem.anchor else None,
        }
        for problem in problems
    ]
    return web.json_response({"errors": errors}, status=status)
