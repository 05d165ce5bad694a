"""Upload and download files over REST."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx

from marketplace.domain.attachments import PART_BYTES
from tests.files import a_photo
from tests.rest.people import Person, Rest

# Collections that an upload writes to.
COLLECTIONS = ("attachments", "blobs", "blob_bytes.files", "blob_bytes.chunks")


async def upload(
    person: Person, content: bytes = b"", name: str = "sink.jpg", key: str | None = None
) -> httpx.Response:
    """Upload a file in one request; a photo unless told otherwise."""
    form = {"file": (name, content or a_photo(), "application/octet-stream")}
    headers = {} if key is None else {"Idempotency-Key": key}
    return await person.post("/v1/attachments", files=form, headers=headers)


async def a_ready_photo(person: Person) -> dict[str, Any]:
    """A photo that was uploaded."""
    response = await upload(person)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def announced(person: Person, content: bytes, **named: Any) -> dict[str, Any]:
    """Announce a file that is sent in parts."""
    body = {"name": "sink.jpg", "bytes": len(content), **named}
    response = await person.post("/v1/attachments", json=body)
    assert response.status_code == 201, response.text
    started: dict[str, Any] = response.json()
    return started


async def put_part(
    person: Person, upload_id: str, number: int, content: bytes, **headers: str
) -> httpx.Response:
    """Send bytes as a part."""
    return await person.ask(
        "PUT",
        f"/v1/attachments/{upload_id}/parts/{number}",
        content=content,
        headers={"Content-Type": "application/octet-stream", **headers},
    )


def part_of(content: bytes, number: int) -> bytes:
    """The bytes of a part."""
    return content[(number - 1) * PART_BYTES : number * PART_BYTES]


async def fetch(rest: Rest, url: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Read a file by its URL, without a log-in."""
    parts = urlsplit(url)
    return await rest.client.request(method, f"{parts.path}?{parts.query}", headers=headers)


async def left(rest: Rest) -> dict[str, int]:
    """How many documents each collection of files has."""
    database = rest.parts.store.database
    return {name: await database[name].count_documents({}) for name in COLLECTIONS}


def told(response: httpx.Response) -> str:
    """The sentence of a problem."""
    return str(json.loads(response.content)["detail"])
