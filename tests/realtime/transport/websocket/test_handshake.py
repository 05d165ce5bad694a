"""The fast path of the handshake accepts nothing that the library would refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.transport.websocket import handshake
from realtime.transport.websocket.handshake import Headers, Query, answer_handshake

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    "Host": "parley",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "X-Forwarded-For": "203.0.113.7",
}
VALUES = st.sampled_from(
    [
        "websocket",
        "WebSocket",
        "Upgrade",
        "keep-alive, Upgrade",
        "close",
        "13",
        "8",
        KEY,
        "dGhlIHNhbXBsZSBub25jZR==",
        "short",
        "",
        " ",
        "0",
        "chunked",
        "a\tb",
        "a\x00b",
        "a\nb",
        "é",
    ]
)
NAMES = st.sampled_from(
    [*GOOD, "Content-Length", "Transfer-Encoding", "connection", "Bad Name", ""]
)


def anybody(_: Query, __: Headers) -> None:
    """Refuse nobody."""


def head(headers: list[tuple[str, str]], line: str = "GET /socket.io/?EIO=4 HTTP/1.1") -> bytes:
    """The head of a request."""
    lines = [line, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode()


def test_the_common_handshake_takes_the_fast_path() -> None:
    """The common handshake takes the fast path, with the standard's own example (RFC 6455, 1.3)."""
    found = handshake._fast_path(head(list(GOOD.items())), anybody)

    assert found is not None
    assert found.is_accepted
    assert found.answer.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in found.answer
    assert (found.query, found.headers["x-forwarded-for"]) == ({"EIO": ["4"]}, "203.0.113.7")


@given(
    changed=st.dictionaries(NAMES, VALUES, max_size=3),
    added=st.lists(st.tuples(NAMES, VALUES), max_size=2),
    line=st.sampled_from(
        ["GET /socket.io/?EIO=4 HTTP/1.1", "POST / HTTP/1.1", "GET / HTTP/1.0", "GET /", ""]
    ),
)
def test_the_fast_path_and_the_library_agree(
    changed: dict[str, str], added: list[tuple[str, str]], line: str
) -> None:
    """What the fast path accepts, the library accepts with the same key, for any headers."""
    request = head([*(GOOD | changed).items(), *added], line)

    quick = handshake._fast_path(request, anybody)

    if quick is not None:
        whole = handshake._through_library(request, anybody)
        assert whole is not None
        assert whole.is_accepted
        assert (whole.query, whole.headers) == (quick.query, quick.headers)
        accepted = next(line for line in quick.answer.split(b"\r\n") if b"Accept" in line)
        assert accepted in whole.answer.split(b"\r\n")


@pytest.mark.parametrize("keys", [{"Connection": "keep-alive, Upgrade"}, {"Host": "a\tb"}])
def test_an_unusual_valid_handshake_is_accepted(keys: dict[str, str]) -> None:
    """An unusual but valid handshake is accepted through either path."""
    found = answer_handshake(head(list((GOOD | keys).items())), anybody)

    assert found is not None
    assert found.is_accepted


def test_a_refused_query_gets_its_reason() -> None:
    """A refused query gets its reason in the HTTP answer."""
    found = answer_handshake(head(list(GOOD.items())), lambda _, __: "No session to upgrade.")

    assert found is not None
    assert not found.is_accepted
    assert found.answer.startswith(b"HTTP/1.1 400 ")
    assert found.answer.endswith(b"\r\n\r\nNo session to upgrade.\n")


def test_a_malformed_request_gets_no_answer() -> None:
    """A request that is not HTTP is cut without an answer."""
    assert answer_handshake(b"GET\r\n\r\n", anybody) is None
