"""One HTTP request to a provider and its complete answer, under one deadline.

Both official clients build their requests and send them through this module.  Their own transports
have a time-out for each read and none for the request, so an answer of one byte a second never
ends, and SendGrid's follows redirects with the API key.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import orjson

from marketplace import tracing
from marketplace.tracing import Kind
from notify import reasons
from notify.sender import OutcomeUnknownError, TemporarySendError

MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        """The body as JSON; None if it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class Exchange:
    """Sends requests; follows no redirects and keeps neither connections nor cookies."""

    def __init__(self, session: aiohttp.ClientSession, timeout_s: float) -> None:
        self._session = session
        self._timeout_s = timeout_s

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Send a request and read its answer to the end.

        Raises:
            TemporarySendError: when the request was never sent.
            OutcomeUnknownError: when it may have arrived and no complete answer came in time.
        """
        # The provider gets no trace context, and the trace no path: Twilio's names our account.
        with tracing.span(method, Kind.CLIENT, {"http.request.method": method}) as span:
            answer = await self._request(method, url, headers, body)
            span.set("server.address", urlsplit(url).hostname or "")
            span.set("http.response.status_code", answer.status)
            return answer

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._session.request(
                    method, url, headers=headers, data=body, allow_redirects=False
                ) as answer,
            ):
                return Answer(answer.status, answer.headers, await _read_body(answer.content))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _never_left(error) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if isinstance(error, aiohttp.InvalidURL):
                raise _never_left(error) from None
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from None
        except ValueError as error:  # a header or an address that cannot be written
            raise _never_left(error) from None


def _never_left(error: Exception) -> TemporarySendError:
    """The error names only its type: its text may contain the header with the key."""
    return TemporarySendError(reasons.PROVIDER_UNAVAILABLE, type(error).__name__)


async def _read_body(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, "the answer is too long")
    return bytes(body)


@asynccontextmanager
async def open_exchange(timeout_s: float) -> AsyncIterator[Exchange]:
    """An exchange whose requests take at most `timeout_s`, half of it for connecting."""
    # Each request has its own connection: on a reused one that the provider has just closed, the
    # outcome is unknown, and an email of unknown outcome is lost.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, connect=timeout_s / 2),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=True,  # for a proxy set in the environment
    ) as session:
        yield Exchange(session, timeout_s)
