"""Every trick with an upload: a clear refusal, nothing stored, nothing kept in memory."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import psutil
import pytest

from marketplace.domain.attachments import MAX_BYTES, PART_BYTES
from marketplace.domain.policy import Policy
from marketplace.settings import Settings
from rest import bodies
from tests import files
from tests.rest.people import Person, Rest, paths_of, refusal, registered
from tests.rest.processes import in_process
from tests.rest.uploads import (
    a_ready_photo,
    announced,
    fetch,
    left,
    part_of,
    put_part,
    told,
    upload,
)

MIB = 1024 * 1024


async def nothing_left(rest: Rest, before: dict[str, int]) -> bool:
    """Whether nothing was stored since; what a closed connection left is deleted in a moment."""
    async with asyncio.timeout(10):
        while await left(rest) != before:  # noqa: ASYNC110 # the service deletes it
            await asyncio.sleep(0.02)
    return True


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", files.HTML),
        ("photo.png", files.SVG),
        ("photo.svg", files.SVG),
        ("photo.jpg", b"MZ" + bytes(5_000)),
        ("photo.jpg", b"PK\x03\x04" + bytes(5_000)),
        ("photo.jpg", b"\x00"),
    ],
)
async def test_a_file_that_lies_about_its_type(rest: Rest, name: str, content: bytes) -> None:
    """Its content decides, not its name and not its header."""
    customer, before = await registered(rest), await left(rest)

    response = await customer.post("/v1/attachments", files={"file": (name, content, "image/jpeg")})

    assert refusal(response) == (415, "unsupported_media_type")
    assert await nothing_left(rest, before)


async def test_a_true_file_under_a_false_name_gets_a_true_one(rest: Rest) -> None:
    """A PDF that calls itself a photo is a PDF."""
    customer = await registered(rest)

    document = (await upload(customer, files.a_pdf(), "photo.jpg")).json()

    assert (document["name"], document["media_type"]) == ("photo.pdf", "application/pdf")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (files.a_photo()[:-2_000], "damaged"),
        (files.a_pdf()[:-20], "damaged"),
        (files.a_recording("audio/mp4")[:-2_000], "damaged"),
        (files.a_png_of(30_000, 30_000), "50 megapixels"),
        (files.a_bomb(), ""),
        (files.a_video(), "Videos"),
        (b"\xff\xd8\xff\xe0" + files.HTML, "damaged"),
    ],
    ids=["photo", "pdf", "audio", "pixels", "bomb", "video", "page"],
)
async def test_a_damaged_or_dangerous_file(rest: Rest, content: bytes, why: str) -> None:
    """Truncated, too many pixels, a bomb, a video, a page behind a photo's first bytes."""
    customer, before = await registered(rest), await left(rest)

    response = await upload(customer, content)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["file"]
    assert why in told(response)
    assert await nothing_left(rest, before)


async def test_a_polyglot_is_only_a_photo_afterwards(rest: Rest) -> None:
    """What was behind the photo is not served, and the photo is served as one."""
    customer = await registered(rest)
    archive = b"PK\x03\x04" + files.HTML + b"PK\x05\x06"

    photo = (await upload(customer, files.a_photo() + archive)).json()

    content = await fetch(rest, photo["url"])
    assert files.HTML not in content.content
    assert b"PK" not in content.content[-100:]
    assert content.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../../etc/passwd", "passwd.jpg"),
        ("C:\\Windows\\win.ini", "win.jpg"),
        ("photo\u202egpj.exe", "photogpj.jpg"),
        ("a\r\nSet-Cookie: b=c.jpg", "a Set-Cookie_ b=c.jpg"),
    ],
)
async def test_a_path_in_the_name(rest: Rest, name: str, stored: str) -> None:
    """Only the last part stays, on one line, and ends in what the file is."""
    customer = await registered(rest)

    assert (await upload(customer, name=name)).json()["name"] == stored


@pytest.mark.parametrize("change", [-1, 1])
async def test_a_part_of_the_wrong_length(rest: Rest, change: int) -> None:
    """A byte too few or too many."""
    customer = await registered(rest)
    content = files.a_photo() + bytes(2 * PART_BYTES)
    started, before = await announced(customer, content), None
    before = await left(rest)
    last = part_of(content, 3)

    response = await put_part(customer, started["id"], 3, (last + b"x")[: len(last) + change])

    assert refusal(response) == (422, "validation_failed")
    assert await nothing_left(rest, before)


async def test_a_part_that_is_too_large_or_is_none(rest: Rest) -> None:
    """More than a part has; a number that the file does not have; a file that is complete."""
    customer = await registered(rest)
    started = await announced(customer, bytes(2 * PART_BYTES))
    photo = await a_ready_photo(customer)

    answers = [
        await put_part(customer, started["id"], 1, bytes(PART_BYTES + 1)),
        *[await put_part(customer, started["id"], number, b"x") for number in (0, 3, 99_999)],
        await put_part(customer, photo["id"], 1, b"x"),
        await put_part(customer, started["id"], 1, b"x", **{"Content-Type": "image/jpeg"}),
    ]

    assert [refusal(answer) for answer in answers] == [
        (413, "payload_too_large"),
        (404, "not_found"),
        (404, "not_found"),
        (404, "not_found"),
        (409, "wrong_state"),
        (415, "unsupported_media_type"),
    ]


async def test_an_upload_resumed_with_other_bytes(rest: Rest) -> None:
    """The part that arrived first stays; other bytes under its number are refused."""
    customer = await registered(rest)
    content = files.a_photo() + bytes(PART_BYTES)
    started = await announced(customer, content)
    await put_part(customer, started["id"], 2, part_of(content, 2))
    before = await left(rest)

    other = bytes([1]) * len(part_of(content, 2))
    response = await put_part(customer, started["id"], 2, other)

    assert refusal(response) == (409, "wrong_state")
    assert await nothing_left(rest, before)


async def test_a_file_that_is_not_what_was_announced(rest: Rest) -> None:
    """Another SHA-256: complete, and still refused."""
    customer, before = await registered(rest), await left(rest)
    content = files.a_photo()
    started = await announced(customer, content, sha256="0" * 64)
    await put_part(customer, started["id"], 1, content)

    response = await customer.post(f"/v1/attachments/{started['id']}/complete")

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["sha256"]
    assert await nothing_left(rest, before)


async def test_a_dangerous_file_in_parts(rest: Rest) -> None:
    """Refused once it is complete, and deleted with its parts; the client has to send it again."""
    customer, before = await registered(rest), await left(rest)
    content = files.a_png_of(30_000, 30_000) + bytes(PART_BYTES)
    started = await announced(customer, content)
    for number in (1, 2):
        await put_part(customer, started["id"], number, part_of(content, number))

    path = f"/v1/attachments/{started['id']}"
    answers = [await customer.post(f"{path}/complete"), await customer.get(path)]

    assert [refusal(answer) for answer in answers] == [
        (422, "validation_failed"),
        (404, "not_found"),
    ]
    assert await nothing_left(rest, before)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a.jpg"},
        {"name": "a.jpg", "bytes": 0},
        {"name": "a.jpg", "bytes": MAX_BYTES + 1},
        {"name": "a.jpg", "bytes": "7"},
        {"name": "a.jpg", "bytes": 7, "sha256": "A" * 64},
        {"name": "a.jpg", "bytes": 7, "parts": 1},
        {"name": ["a.jpg"], "bytes": 7},
        [],
    ],
)
async def test_an_announcement_that_makes_no_sense(rest: Rest, body: object) -> None:
    """Each value is checked like that of any other request."""
    customer = await registered(rest)

    response = await customer.post("/v1/attachments", json=body)

    assert refusal(response) == (422, "validation_failed")


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("multipart/form-data", b"", (400, "malformed")),
        ("multipart/form-data; boundary=x", b"no boundary at all", (400, "malformed")),
        ("multipart/form-data; boundary=x", b"--x--\r\n", (422, "validation_failed")),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n',
            (422, "validation_failed"),
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n--x--\r\n',
            (422, "validation_failed"),
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            + files.a_photo(),
            (400, "malformed"),
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 100, (400, "malformed")),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"b" * 9_000, (400, "malformed")),
        ("image/jpeg", files.a_photo(), (415, "unsupported_media_type")),
        ("application/json", b"{", (400, "malformed")),
        ("application/json", b"[" * 10_000, (413, "payload_too_large")),
        ("application/json", b"", (400, "malformed")),
    ],
)
async def test_a_body_that_is_no_form(
    rest: Rest, content_type: str, body: bytes, expected: tuple[int, str]
) -> None:
    """No boundary, no end, no file, another field, endless headers, another type."""
    customer, before = await registered(rest), await left(rest)

    response = await customer.post(
        "/v1/attachments", content=body, headers={"Content-Type": content_type}
    )

    assert refusal(response) == expected
    assert await nothing_left(rest, before)


async def test_a_second_file_in_the_form(rest: Rest) -> None:
    """One request, one file."""
    customer, before = await registered(rest), await left(rest)
    form = [("file", ("a.jpg", files.a_photo())), ("file", ("b.jpg", files.a_photo()))]

    response = await customer.post("/v1/attachments", files=form)

    assert refusal(response) == (422, "validation_failed")
    assert await nothing_left(rest, before)


async def test_a_file_that_is_too_large(rest: Rest) -> None:
    """With its length stated, or without; the refusal is read, whatever was still to come."""
    customer, before = await registered(rest), await left(rest)

    async def without_end() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        yield files.a_photo()
        for _ in range(30):
            yield bytes(MIB)

    stated = await upload(customer, files.a_photo() + bytes(MAX_BYTES))
    streamed = await customer.post(
        "/v1/attachments",
        content=without_end(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )

    assert refusal(stated) == (413, "payload_too_large")
    assert refusal(streamed) == (413, "payload_too_large")
    assert await nothing_left(rest, before)


async def half_sent(rest: Rest, person: Person, content: bytes) -> asyncio.StreamWriter:
    """Send the beginning of an upload over a connection of its own."""
    host, port = "127.0.0.1", rest.parts.settings.bind_port
    _, writer = await asyncio.open_connection(host, port)
    writer.write(_head(person, 5_000_000) + content)
    await writer.drain()
    return writer


def _head(person: Person, length: int) -> bytes:
    form = 'Content-Disposition: form-data; name="file"; filename="a.jpg"'
    return (
        f"POST /v1/attachments HTTP/1.1\r\nHost: a\r\n"
        f"Authorization: {person.bearer['Authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n"
        f"--x\r\n{form}\r\n\r\n"
    ).encode()


async def test_a_client_that_stops_half_way(rest: Rest) -> None:
    """Whatever had arrived is deleted, and its room in the quota is free again."""
    customer, before = await registered(rest), await left(rest)
    writer = await half_sent(rest, customer, files.a_photo() + bytes(2_000_000))
    async with asyncio.timeout(10):
        while (await left(rest))["blob_bytes.chunks"] == before["blob_bytes.chunks"]:  # noqa: ASYNC110 # the service stores it
            await asyncio.sleep(0.02)

    writer.transport.abort()

    assert await nothing_left(rest, before)
    assert await rest.parts.store.attachments.stored_bytes(customer.id) == 0


async def test_a_client_that_drips(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then, without a pause that is too long: ended all the same, with a reason."""
    monkeypatch.setattr(bodies, "_GRACE_S", 1.0)
    customer, before = await registered(rest), await left(rest)
    host, port = "127.0.0.1", rest.parts.settings.bind_port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(_head(customer, 5_000_000) + files.a_photo()[:5_000])
    answered = asyncio.create_task(reader.read(65_536))
    async with asyncio.timeout(15):
        while not answered.done():
            writer.write(b"x")
            await asyncio.sleep(0.05)

    head, _, body = (await answered).partition(b"\r\n\r\n")
    writer.close()

    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["code"] == "malformed"
    assert await nothing_left(rest, before)


async def test_a_client_that_pauses(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told after the pause, not after the whole time."""
    monkeypatch.setattr(bodies, "_PAUSE_S", 0.2)
    customer, before = await registered(rest), await left(rest)
    host, port = "127.0.0.1", rest.parts.settings.bind_port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(_head(customer, 5_000_000) + files.a_photo()[:5_000])

    answer = await asyncio.wait_for(reader.read(65_536), 5)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert await nothing_left(rest, before)


async def test_the_quotas_are_exact_in_parallel(rest: Rest, settings: Settings) -> None:
    """Two processes, 64 uploads at once: exactly as many as an account may have."""
    customer = await registered(rest)
    tight = replace(settings, limit_scale=1_000.0)
    async with in_process(tight) as other:
        for service in (rest, other):
            _set_policy(service, Policy(most_uploads_a_day=10))
        try:
            people = [customer, replace(customer, client=other.client)]
            body = {"name": "a.jpg", "bytes": 1_000}
            answers = await asyncio.gather(
                *(people[n % 2].post("/v1/attachments", json=body) for n in range(64))
            )
        finally:
            _set_policy(rest, Policy().scaled(1_000.0))

    assert [answer.status_code for answer in answers].count(201) == 10
    refused = {refusal(answer) for answer in answers if answer.status_code != 201}
    assert refused <= {(429, "rate_limited"), (503, "unavailable")}
    assert await rest.parts.store.attachments.stored_bytes(customer.id) == 10_000


def _set_policy(service: Rest, policy: Policy) -> None:
    """Let a service have other quotas."""
    parts = replace(service.parts, world=replace(service.parts.world, policy=policy))
    service.app.ctx.service.parts = parts


async def test_an_account_that_stores_too_much(rest: Rest) -> None:
    """It is told so, and nothing more is taken."""
    customer = await registered(rest)
    _set_policy(rest, Policy(most_stored_bytes=1_500))
    try:
        body = {"name": "a.jpg", "bytes": 1_000}
        answers = [await customer.post("/v1/attachments", json=body) for _ in range(2)]
    finally:
        _set_policy(rest, Policy().scaled(1_000.0))

    assert answers[0].status_code == 201
    assert refusal(answers[1]) == (409, "at_capacity")


async def test_large_files_leave_no_trace_in_memory(rest: Rest) -> None:
    """Received, refused or stored, four at a time: none is ever whole in memory."""
    people = [await registered(rest) for _ in range(4)]
    large, broken = files.a_photo(), b"%PDF-1.7\n"  # 20 MiB of zeros follow
    host = str(rest.client.base_url)
    await _upload_elsewhere(host, people[0], large)  # starts the worker, fills the pools
    before = psutil.Process().memory_info().rss
    peak = 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, psutil.Process().memory_info().rss)
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    statuses = await asyncio.gather(
        *(
            _upload_elsewhere(host, person, content)
            for person, content in zip(people, (large, broken) * 2, strict=True)
        )
    )
    watching.cancel()
    after = psutil.Process().memory_info().rss

    assert statuses == ["201", "422"] * 2
    assert peak - before < 40 * MIB  # four files have 80 MiB
    assert after - before < 30 * MIB


_CLIENT = """
import sys, time, httpx
content, status = sys.stdin.buffer.read() + bytes(20 * 1024 * 1024), 503
while status == 503:  # too many at once, or the machine is too busy
    form, token = {"file": ("a.jpg", content)}, {"Authorization": sys.argv[2]}
    status = httpx.post(sys.argv[1], headers=token, files=form, timeout=60).status_code
    time.sleep(0.5)
print(status)
"""


async def _upload_elsewhere(host: str, person: Person, beginning: bytes) -> str:
    """The status of an upload by a process of its own, whose memory is not counted."""
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CLIENT, f"{host}/v1/attachments", person.bearer["Authorization"],
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await client.communicate(beginning)
    return output.decode().strip()


@pytest.mark.usefixtures("frozen")
async def test_a_file_in_tiny_pieces_holds_no_event_loop(rest: Rest) -> None:
    """Chunks of a byte each, and line breaks that look like a boundary: other requests go on."""
    customer = await registered(rest)
    host, port = "127.0.0.1", rest.parts.settings.bind_port
    head = _head(customer, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    head, _, form = head.partition(b"\r\n\r\n")
    first = form + files.a_photo()
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in b"\r\n--" * 15_000)
    reader, writer = await asyncio.open_connection(host, port)
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began_at = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began_at)

    watching = asyncio.create_task(watch())
    writer.write(head + b"\r\n\r\n%x\r\n%b\r\n" % (len(first), first) + pieces)
    writer.write(b"7\r\n\r\n--x--\r\n0\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(65_536), 30)
    watching.cancel()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert longest < 0.02


async def test_a_refusal_closes_the_connection_and_no_other(rest: Rest) -> None:
    """The rest of a refused body is not read; the next request of the client works."""
    customer = await registered(rest)

    refused = await upload(customer, files.SVG + bytes(10 * MIB))
    fine = await customer.get("/v1/me")

    assert refusal(refused) == (415, "unsupported_media_type")
    assert isinstance(fine, httpx.Response)
    assert fine.status_code == 200
