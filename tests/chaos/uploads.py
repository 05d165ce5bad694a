"""Customers who upload documents over bad networks, and put some of them into RFIs.

A document takes about a second to send, in one request or in parts, and each request is repeated
until it is answered. A PDF is stored byte for byte, so what is read later can be compared with what
was sent.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx

from marketplace.domain.attachments import PART_BYTES
from marketplace.ids import new_id
from tests.chaos.history import Event, History, now
from tests.chaos.repeating import PATIENCE_S, until_answered
from tests.files import a_pdf_with
from tests.journeys.people import Person

_BYTES = (20_000, 2_500_000)
_PIECE_BYTES, _PIECE_PAUSE_S = 100_000, 0.04
_IN_AN_RFI, _TWICE = 0.5, 0.2
_BOUNDARY = "5f2b1c"
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Began(Event):
    """A document with this SHA-256 is being uploaded."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Uploaded(Event):
    """It was answered with an attachment's id."""

    sha256: str
    attachment_id: str


@dataclass(frozen=True, slots=True)
class RefusedUpload(Event):
    """It was refused permanently."""

    sha256: str
    status: int
    why: str


@dataclass(frozen=True, slots=True)
class Used(Event):
    """An RFI with the attachment was acknowledged."""

    attachment_id: str


@dataclass(frozen=True, slots=True)
class ReadBack(Event):
    """An attachment was read by its URL; `sha256` is None if there is none any more."""

    attachment_id: str
    sha256: str | None
    is_swept: bool


@dataclass(frozen=True, slots=True)
class Left(Event):
    """What is stored after the sweep of a day later: the people's attachments, and strays.

    A stray is a blob without an owner, bytes without a record, or a part of an upload.
    """

    attachment_ids: tuple[str, ...]
    strays: tuple[str, ...]


class Uploader:
    """One customer."""

    def __init__(
        self, number: int, customer: Person, place: Told, history: History, random: Random
    ) -> None:
        self.customer = customer
        self.is_sending = False
        self._ids: list[str] = []
        self._name = f"uploader-{number}"
        self._place = place
        self._history = history
        self._random = random

    async def upload(self, stopping: asyncio.Event) -> None:
        """Upload one document after the other; the last one is finished."""
        while not stopping.is_set():
            content = a_pdf_with(self._random.randbytes(self._random.randint(*_BYTES)))
            sha256 = hashlib.sha256(content).hexdigest()
            self._history.add(Began(now(), sha256))
            send = self._in_parts if self._random.random() < 0.5 else self._at_once
            answer = await send(content)
            if not answer.is_success:
                why = answer.text[:200]
                self._history.add(RefusedUpload(now(), sha256, answer.status_code, why))
                continue
            attachment_id = answer.json()["id"]
            self._ids.append(attachment_id)
            self._history.add(Uploaded(now(), sha256, attachment_id))
            if self._random.random() < _IN_AN_RFI:
                await self._use(attachment_id)

    async def read_back(self, *, is_swept: bool) -> None:
        """Read every acknowledged attachment by its URL."""
        for attachment_id in self._ids:
            found = await self._ask("GET", f"/v1/attachments/{attachment_id}")
            sha256 = None
            if found.is_success:
                parts = urlsplit(found.json()["url"])
                file = await self._ask("GET", f"{parts.path}?{parts.query}")
                sha256 = hashlib.sha256(file.content).hexdigest() if file.is_success else None
            self._history.add(ReadBack(now(), attachment_id, sha256, is_swept))

    async def _at_once(self, content: bytes) -> httpx.Response:
        head = (
            f"--{_BOUNDARY}\r\nContent-Disposition: form-data; "
            'name="file"; filename="plan.pdf"\r\n\r\n'
        )
        form = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return await self._ask(
            "POST",
            "/v1/attachments",
            form,
            **{
                "Idempotency-Key": new_id(),
                "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            },
        )

    async def _in_parts(self, content: bytes) -> httpx.Response:
        """Announce it, send the parts in any order and some of them twice, and complete it."""
        body = {"name": "plan.pdf", "bytes": len(content)}
        key = {"Idempotency-Key": new_id()}
        started = await self._ask("POST", "/v1/attachments", body, **key)
        if not started.is_success:
            return started
        path = f"/v1/attachments/{started.json()['id']}"
        numbers = list(range(1, -(-len(content) // PART_BYTES) + 1))
        numbers += [number for number in numbers if self._random.random() < _TWICE]
        self._random.shuffle(numbers)
        for number in numbers:
            part = content[(number - 1) * PART_BYTES : number * PART_BYTES]
            kind = {"Content-Type": "application/octet-stream"}
            answer = await self._ask("PUT", f"{path}/parts/{number}", part, **kind)
            if not answer.is_success:
                return answer
        return await self._ask("POST", f"{path}/complete")

    async def _use(self, attachment_id: str) -> None:
        body = {
            "category": "plumbing",
            "title": "Leaking sink",
            "description": "The plan shows where.",
            "location": self._place,
            "attachment_ids": [attachment_id],
        }
        key = {"Idempotency-Key": new_id()}
        answer = await self._ask("POST", "/v1/rfis", body, **key)
        assert answer.is_success, answer.text
        self._history.add(Used(now(), attachment_id))

    async def _ask(
        self, method: str, path: str, body: bytes | Told | None = None, **headers: str
    ) -> httpx.Response:
        async def once() -> httpx.Response:
            if not isinstance(body, bytes):
                async with asyncio.timeout(PATIENCE_S):
                    return await self.customer.ask(method, path, json=body, headers=headers)
            length = {"Content-Length": str(len(body))}
            try:
                content = self._slowly(body)
                return await self.customer.ask(
                    method, path, content=content, headers={**headers, **length}
                )
            finally:
                self.is_sending = False

        return await until_answered(f"{self._name}: {method} {path}", once, self._random)

    async def _slowly(self, body: bytes) -> AsyncIterator[bytes]:
        """The body at the speed of a phone's network."""
        for start in range(0, len(body), _PIECE_BYTES):
            yield body[start : start + _PIECE_BYTES]
            self.is_sending = True
            await asyncio.sleep(_PIECE_PAUSE_S)
        self.is_sending = False
