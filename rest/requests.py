"""The incoming request: client address, JSON body, Idempotency-Key."""

import asyncio
import re
import time
from typing import Any

from sanic.exceptions import RequestTimeout
from sanic.request import Request

from marketplace import logs
from marketplace.addresses import client_address
from marketplace.errors import Code, ParleyError, invalid
from marketplace.ids import new_id
from marketplace.schemas import json_text
from marketplace.schemas.bounds import Size

# A limit on the whole body: nginx only bounds the pauses between its parts.
BODY_WITHIN_S = 10.0
_SANE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class RestRequest(Request[Any, Any]):
    """A request with an id that is safe to log and to send back, and its time of arrival.

    From now on the log lines of its connection have its ids, until the response is ready.
    """

    __slots__ = ("account_id", "request_id", "started_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.started_at = time.perf_counter()
        sent_id = self.headers.getone("x-request-id", "")
        self.request_id = sent_id if _SANE_ID.fullmatch(sent_id) else new_id()
        # The account whose token was accepted.
        self.account_id: str | None = None
        logs.bind(self)

    @property
    def correlation_id(self) -> str:
        """The id that events caused by this request carry."""
        return self.request_id

    async def receive_body(self) -> None:
        """Receive the body; Sanic calls this before the handler.

        Raises:
            RequestTimeout: the body was not complete within ten seconds.
        """
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                await super().receive_body()  # type: ignore[no-untyped-call] # Sanic's
        except TimeoutError as error:
            stream: Any = self.stream
            if stream is not None:  # do not wait for the rest either
                stream.request_body = None
                stream.keep_alive = False
            raise RequestTimeout("The body did not arrive in time.") from error

    @property
    def client_address(self) -> str:
        """The client's address, as reported by our proxy."""
        return client_address(self.ip, ",".join(self.headers.getall("x-forwarded-for", [])))


def read_json(request: RestRequest, limit: Size) -> object:
    """The decoded body.

    Raises:
        ParleyError: `payload_too_large`, before parsing, if it exceeds what its schema could need;
            `unsupported_media_type`; `malformed` if it is not JSON (RFC 8259); `validation_failed`
            with paths for values that JSON does not have.
    """
    if not limit.admits(request.body):
        raise ParleyError(
            Code.PAYLOAD_TOO_LARGE,
            f"The body exceeds the limit of {limit.json_bytes} bytes or {limit.values} values.",
        )
    if not request.body:
        raise ParleyError(Code.MALFORMED, "Send a JSON object in the body.")
    media_type = request.headers.getone("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.getone("content-encoding", "identity").strip().lower()
    if media_type != "application/json" or encoding != "identity":
        raise ParleyError(
            Code.UNSUPPORTED_MEDIA_TYPE, "Send the body as uncompressed application/json."
        )
    return json_text.read_json(request.body)


def read_idempotency_key(request: RestRequest) -> str | None:
    """The `Idempotency-Key`, if there is one.

    Raises:
        ParleyError: `validation_failed` unless it is 1 to 255 printable ASCII characters.
    """
    key = request.headers.getone("idempotency-key", None)
    if key is not None and not _KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "Must be 1 to 255 printable ASCII characters.")
    return key
