"""Files through nginx: large bodies in, ranges out, and refusals that are read."""

from dataclasses import replace
from urllib.parse import urlsplit

import httpx

from marketplace.domain.attachments import MAX_BYTES
from tests import files
from tests.nginx.conftest import Site
from tests.rest.people import Rest, refusal, registered
from tests.rest.uploads import upload

MIB = 1024 * 1024


async def test_a_large_file_is_uploaded_and_played_from_the_middle(
    rest: Rest, entry: httpx.AsyncClient
) -> None:
    """Larger than any other body; its ETag stays strong, so a range can be resumed."""
    person = replace(await registered(rest), client=entry)
    content = files.a_photo() + bytes(20 * MIB)

    photo = (await upload(person, content)).json()
    parts = urlsplit(photo["url"])
    path = f"{parts.path}?{parts.query}"
    whole = await entry.get(path)
    asked = {"Range": "bytes=100-199", "If-Range": whole.headers["etag"]}
    piece = await entry.get(path, headers=asked)

    assert len(whole.content) == photo["bytes"]
    assert (piece.status_code, piece.content) == (206, whole.content[100:200])


async def test_a_refusal_in_the_middle_of_a_file_is_read(
    rest: Rest, entry: httpx.AsyncClient
) -> None:
    """Of an unknown type, without a log-in, or too large: the client learns which."""
    customer = replace(await registered(rest), client=entry)
    stranger = replace(customer, tokens={"access_token": "none"})

    unknown = await upload(customer, files.SVG + bytes(20 * MIB))
    anonymous = await upload(stranger, files.a_photo() + bytes(20 * MIB))
    too_large = await upload(customer, files.a_photo() + bytes(MAX_BYTES))

    assert refusal(unknown) == (415, "unsupported_media_type")
    assert refusal(anonymous) == (401, "unauthenticated")
    assert refusal(too_large) == (413, "payload_too_large")


async def test_an_error_of_nginx_during_a_file_is_a_problem(site: Site) -> None:
    """As for small bodies: the client learns that it may send the file again."""
    await site.rest.stop()

    response = await site.client.post("/v1/attachments", data=bytes(MIB))

    assert response.status == 502
    assert (await response.json(content_type=None))["code"] == "unavailable"
