"""For any input bytes, the answer is a problem with the right code, and never a 5xx."""

import asyncio
import json
import random
from dataclasses import dataclass

from tests.nginx.conftest import Site

HOST = b"Host: parley.example\r\n"
END = b"Connection: close\r\n\r\n"
SILENT_AFTER_S = 2.0
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """The response; `status` is 0 if the connection was closed without one."""

    status: int
    media_type: str
    body: bytes

    @property
    def code(self) -> str:
        """The problem's code, after a check of its form."""
        problem = json.loads(self.body)
        assert self.media_type == "application/problem+json"
        assert problem["status"] == self.status
        return str(problem["code"])


async def send_raw(site: Site, line: bytes) -> Answer:
    """Send raw bytes and read until the connection ends or falls silent."""
    host, _, port = site.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = b""
    try:
        writer.write(line)
        while piece := await asyncio.wait_for(reader.read(65_536), SILENT_AFTER_S):
            answer += piece
    except (ConnectionError, TimeoutError):
        pass  # a changed header may leave the connection open, or the body unfinished
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/"):
        return Answer(0, "", answer)
    fields = dict(
        line.decode("latin-1").lower().partition(": ")[::2] for line in head.split(b"\r\n")[1:]
    )
    return Answer(int(head.split(b" ")[1]), fields.get("content-type", "").partition(";")[0], body)


def get(target: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    """A GET of a raw target."""
    return b"GET " + target + b" " + version + b"\r\n" + HOST + END


def post(headers: bytes, body: bytes = b"", target: bytes = b"/v1/tokens") -> bytes:
    """A POST with further raw headers and a raw body."""
    return b"POST " + target + b" HTTP/1.1\r\n" + HOST + headers + END + body


MALFORMED = {
    "a NUL in the path": get(b"/%00"),
    "a NUL behind /v1": get(b"/v1/rfis%00"),
    "above the root": get(b"/..%2f.."),
    "above the root, plainly": get(b"/../../etc/passwd"),
    "half an escape": get(b"/%"),
    "no escape": get(b"/%zz"),
    "a raw NUL": get(b"/\x00"),
    "a control character": get(b"/\x01\x02"),
    "an asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + END,
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST + END,
    "a method with a digit": b"G3T / HTTP/1.1\r\n" + HOST + END,
    "no method": b" / HTTP/1.1\r\n" + HOST + END,
    "no path": get(b""),
    "a path without a slash": get(b"v1/me"),
    "another protocol": get(b"/", b"HTCPCP/1.0"),
    "no version": get(b"/", b"HTTP/"),
    "version 0": get(b"/", b"HTTP/0.1"),
    "version 3": get(b"/", b"HTTP/3.0"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n" + END,
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + END,
    "a host that is none": b"GET / HTTP/1.1\r\nHost: a b/../c\r\n" + END,
    "a host with a NUL": b"GET / HTTP/1.1\r\nHost: a\x00b\r\n" + END,
    "a header with a NUL": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n" + END,
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"Nonsense\r\n" + END,
    "a folded header": b"GET / HTTP/1.1\r\nX: a\r\n b\r\n" + HOST + END,
    "a length that is none": post(b"Content-Length: ten\r\n"),
    "a negative length": post(b"Content-Length: -1\r\n"),
    "a length of many digits": post(b"Content-Length: " + b"9" * 40 + b"\r\n"),
    "two lengths": post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"{}"),
    "a length and chunks": post(b"Content-Length: 2\r\n" + CHUNKED, b"{}"),
    "chunks that are none": post(CHUNKED, b"zzzz\r\n{}\r\n0\r\n\r\n"),
    "a chunk of a length too large": post(CHUNKED, b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "an unknown coding": post(b"Transfer-Encoding: gzip\r\n", b"{}"),
    "two codings": post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "noise": bytes(range(256)),
}


async def test_malformed_http_is_refused(site: Site) -> None:
    """Malformed HTTP gets `malformed` or a closed connection; harmless variants reach REST."""
    answers = {name: await send_raw(site, line) for name, line in MALFORMED.items()}

    refused = {name: answer for name, answer in answers.items() if answer.status not in (0, 200)}
    assert {name: a.status for name, a in refused.items() if a.status not in (400, 404)} == {}
    assert {a.code for a in refused.values()} <= {"malformed", "not_found"}
    assert len(refused) > len(MALFORMED) * 0.8


EXACT = [
    (get(b"/%00"), 400, "malformed"),
    (get(b"/..%2f.."), 400, "malformed"),
    (b"OPTIONS * HTTP/1.1\r\n" + HOST + END, 400, "malformed"),
    (b"CONNECT parley.example:443 HTTP/1.1\r\n" + HOST + END, 405, "method_not_allowed"),
    (b"TRACE / HTTP/1.1\r\n" + HOST + END, 405, "method_not_allowed"),
    (b"get / HTTP/1.1\r\n" + HOST + END, 400, "malformed"),
    (get(b"/" + b"x" * 20_000), 414, "payload_too_large"),
    (get(b"/v1/rfis?" + b"x" * 20_000), 414, "payload_too_large"),
    (get(b"/socket.io/?" + b"x" * 20_000), 414, "payload_too_large"),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 100_000, 431, "payload_too_large"),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20_000, 431, "payload_too_large"),
    (post(b"Transfer-Encoding: gzip\r\n"), 400, "malformed"),
    (get(b"/", b"HTTP/3.0"), 400, "malformed"),
    (get(b"/_problems/400"), 404, "not_found"),
    (get(b"/_missing"), 404, ""),
    (get(b"/socket.io"), 404, "not_found"),
    (get(b"/assets"), 404, "not_found"),
    (post(b"Content-Length: 2\r\n", b"{}", b"/"), 405, "method_not_allowed"),
    (post(b"Content-Length: 2\r\n", b"{}", b"/rfis/7"), 405, "method_not_allowed"),
    (post(b"Content-Length: 2\r\n", b"{}", b"/V1/me"), 404, "not_found"),
    (
        b"GET /index.html HTTP/1.1\r\n" + HOST + b"Range: bytes=9999-\r\n" + END,
        416,
        "malformed",
    ),
]


async def test_each_malformed_request_has_its_status_and_code(site: Site) -> None:
    """Errors visible in a request line or a header are reported exactly."""
    for line, status, code in EXACT:
        answer = await send_raw(site, line)

        assert (answer.status, line[:60]) == (status, line[:60])
        if code:
            assert answer.code == code


async def test_noise_in_a_valid_request_causes_no_5xx(site: Site) -> None:
    """Three hundred requests with bytes changed, removed and inserted, the same ones in each run."""
    chance = random.Random(8)
    good = [
        get(b"/v1/rfis?limit=2"),
        get(b"/conversations/7"),
        get(b"/socket.io/?EIO=4&transport=polling"),
        post(b"Content-Type: application/json\r\nContent-Length: 2\r\n", b"{}"),
        post(CHUNKED, b"2\r\n{}\r\n0\r\n\r\n"),
    ]
    lines = [_changed(chance, chance.choice(good)) for _ in range(300)]

    answers = [
        answer
        for start in range(0, len(lines), 20)
        for answer in await asyncio.gather(
            *(send_raw(site, line) for line in lines[start : start + 20])
        )
    ]

    assert {answer.status for answer in answers if answer.status >= 500} == set()
    assert [a for a in answers if a.status >= 400 and "html" in a.media_type] == []
    assert sum(answer.status >= 400 for answer in answers) > 100


def _changed(chance: random.Random, line: bytes) -> bytes:
    changed = bytearray(line)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        match chance.randint(0, 3):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 9)]
            case 2:
                changed[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 9)))
            case _:
                changed[at:at] = changed[at : at + chance.randint(1, 40)]
    return bytes(changed)
