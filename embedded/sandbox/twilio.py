"""Twilio's Messages resource (create, fetch, and list with filters and pages) and the account.

Errors are `{"code", "message", "more_info", "status"}`. Lists are newest first; a `PageToken` names
the last message of the previous page, so that new arrivals do not shift the next ones.

Sources: "Messages resource" (https://www.twilio.com/docs/messaging/api/message-resource), "Twilio's
response" (https://www.twilio.com/docs/usage/twilios-response: errors and paging), and the error
dictionary: 20003 (credentials), 20404 (no such resource), 20429 (too many requests).
"""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from embedded.sandbox.bodies import BodyTooLargeError, read_body
from embedded.sandbox.deliveries import Channel, Deliveries, Delivery
from embedded.sandbox.fault_playback import play_fault
from embedded.sandbox.faults import Fault, Faults
from embedded.sandbox.messages import (
    API_VERSION,
    MessageForm,
    MessageRefusedError,
    message_resource,
    read_form,
)

PATH = f"/{API_VERSION}/"
MAX_FORM_BYTES = 256 * 1024
MAX_PAGE_SIZE = 1_000
DEFAULT_PAGE_SIZE = 50

_MESSAGES = f"/{API_VERSION}/Accounts/{{account_sid}}/Messages"
# 20413 and 20500 are our choice: the dictionary has no page for them, but follows this pattern.
_ERRORS = {
    400: (21614, "'To' number is not a valid mobile number"),
    401: (20003, "Authenticate"),
    403: (20403, "Forbidden"),
    405: (20004, "Method not allowed"),
    413: (20413, f"The request exceeds {MAX_FORM_BYTES} bytes"),
    429: (20429, "Too Many Requests"),
    500: (20500, "Internal Server Error"),
    503: (20503, "Service Unavailable"),
}


class Twilio:
    """The resources of one account: its SID, its token, and the number that it sends from."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        from_number: str,
        deliveries: Deliveries,
        faults: Faults,
    ) -> None:
        self._account_sid = account_sid
        self._from_number = from_number
        credentials = b64encode(f"{account_sid}:{auth_token}".encode())
        self._authorization = b"Basic " + credentials
        self._deliveries = deliveries
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """The routes it serves."""
        return [
            web.post(f"{_MESSAGES}.json", self._create),
            web.get(f"{_MESSAGES}.json", self._list),
            web.get(f"{_MESSAGES}/{{sid}}.json", self._fetch),
            web.get(f"/{API_VERSION}/Accounts/{{account_sid}}.json", self._fetch_account),
        ]

    def _refusal(self, request: web.Request) -> web.Response | None:
        """The response to wrong credentials or to another account's path, else None."""
        authorization = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(authorization, self._authorization):
            return error(request, 401)
        if request.match_info["account_sid"] != self._account_sid:
            return error(request, 404)
        return None

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refusal(request):
            return refusal
        try:
            body = await read_body(request, MAX_FORM_BYTES)
            form = read_form(_pairs(request, body), self._from_number)
        except BodyTooLargeError:
            return error(request, 413)
        except MessageRefusedError as refused:
            return _problem(400, refused.code, refused.message)
        fault = self._faults.take(Channel.SMS, [form.to])
        if fault is None:
            return self._take(form)
        return await play_fault(
            request,
            self._faults,
            fault,
            lambda: self._take(form),
            lambda: _fault_response(request, fault),
        )

    def _take(self, form: MessageForm) -> web.Response:
        (delivery,) = self._deliveries.add([form.submission()])
        return _json(message_resource(delivery, self._account_sid, is_queued=True), 201)

    async def _fetch_account(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        return _json(_account_resource(self._account_sid))

    async def _fetch(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        for delivery in self._messages():
            if delivery.submission.provider_id == request.match_info["sid"]:
                return _json(message_resource(delivery, self._account_sid, is_queued=False))
        return error(request, 404)

    async def _list(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        query = request.query
        try:
            page, size = int(query.get("Page", 0)), int(query.get("PageSize", DEFAULT_PAGE_SIZE))
            dates = {name: _day(query[name]) for name in _DATES if name in query}
        except ValueError as invalid:
            return _problem(400, 20422, f"Invalid parameter: {invalid}")
        size = max(1, min(size, MAX_PAGE_SIZE))
        matching = (
            d for d in self._from_token(query.get("PageToken")) if _matches(d, request, dates)
        )
        window = list(islice(matching, size + 1))
        return _json(self._page(request, window, page, size))

    def _messages(self) -> Iterator[Delivery]:
        deliveries = self._deliveries.newest_first()
        return (d for d in deliveries if d.submission.channel is not Channel.EMAIL)

    def _from_token(self, token: str | None) -> Iterator[Delivery]:
        """The messages older than the token's, which is "PA" and a SID; all without a token."""
        messages = self._messages()
        if token:
            for delivery in messages:
                if f"PA{delivery.submission.provider_id}" == token:
                    break
        return messages

    def _page(
        self, request: web.Request, window: list[Delivery], page: int, size: int
    ) -> dict[str, object]:
        """A page of the list; `window` has one message more than `size` if another page follows."""
        shown = window[:size]
        filters = {k: v for k, v in request.query.items() if k not in ("Page", "PageToken")}
        filters["PageSize"] = str(size)

        def uri(number: int, **more: str) -> str:
            query = urlencode({**filters, "Page": str(number), **more})
            return f"{request.path}?{query}"

        following = None
        if len(window) > size:
            following = uri(page + 1, PageToken=f"PA{shown[-1].submission.provider_id}")
        return {
            "messages": [message_resource(d, self._account_sid, is_queued=False) for d in shown],
            "first_page_uri": uri(0),
            "next_page_uri": following,
            "previous_page_uri": None,
            "uri": uri(page),
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(shown) - 1, 0),
        }


# `DateSent>=2026-01-31` arrives as the parameter "DateSent>"; both bounds include their day.
_DATES = ("DateSent", "DateSent<", "DateSent>")


def _day(text: str) -> date:
    """A day in GMT; the time of day, which the clients send too, is ignored."""
    return datetime.fromisoformat(text).date()


def _matches(delivery: Delivery, request: web.Request, dates: dict[str, date]) -> bool:
    submission, day = delivery.submission, delivery.received_at.date()
    query = request.query
    return (
        submission.to == query.get("To", submission.to)
        and submission.sender == query.get("From", submission.sender)
        and dates.get("DateSent", day) == day
        and dates.get("DateSent<", day) >= day
        and dates.get("DateSent>", day) <= day
    )


def _account_resource(account_sid: str) -> dict[str, object]:
    """The account; apart from the SID and the status, nothing in it is real."""
    path = f"/{API_VERSION}/Accounts/{account_sid}"
    return {
        "auth_token": None,
        "date_created": None,
        "date_updated": None,
        "friendly_name": "Sandbox",
        "owner_account_sid": account_sid,
        "sid": account_sid,
        "status": "active",
        "subresource_uris": {"messages": f"{path}/Messages.json"},
        "type": "Full",
        "uri": f"{path}.json",
    }


def _pairs(request: web.Request, body: bytes) -> list[tuple[str, str]]:
    """The fields of the form; like Twilio, none for a body of another type."""
    if request.content_type != "application/x-www-form-urlencoded":
        return []
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)


def _fault_response(request: web.Request, fault: Fault) -> web.Response:
    status = int(fault.status)
    response = error(request, status)
    if fault.code is not None:
        response = _problem(status, fault.code, "Played on demand")
    if fault.retry_after_s is not None:
        response.headers["Retry-After"] = str(fault.retry_after_s)
    return response


def error(request: web.Request, status: int) -> web.Response:
    """A generic error response in Twilio's format."""
    if status == 404:
        return _problem(404, 20404, f"The requested resource {request.path} was not found")
    response = _problem(status, *_ERRORS.get(status, (20400, "Bad Request")))
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return response


def _problem(status: int, code: int, message: str) -> web.Response:
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more_info, "status": status}
    return _json(body, status)


def _json(body: object, status: int = 200) -> web.Response:
    headers = {"Twilio-Request-Id": f"RQ{secrets.token_hex(16)}"}
    return web.json_response(body, status=status, headers=headers)
