"""The client address of a request."""

from types import SimpleNamespace
from typing import Any

import pytest
from sanic.compat import Header

from rest.requests import RestRequest


def a_request(peer: str, *headers: tuple[str, str]) -> RestRequest:
    """A request that a peer sent with these headers."""
    unused: Any = None
    request = RestRequest(
        url_bytes=b"/v1/tokens",
        headers=Header(headers),
        version="1.1",
        method="POST",
        transport=unused,
        app=unused,
    )
    request.conn_info = SimpleNamespace(client_ip=peer)  # type: ignore[assignment] # all that is read
    return request


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.3.4", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("8.8.8.8", ["198.51.100.7"], "8.8.8.8"),
    ],
)
def test_the_address_comes_from_an_internal_proxy(
    peer: str, forwarded: list[str], address: str
) -> None:
    """An internal proxy's last entry counts; from outside, the header is ignored."""
    request = a_request(peer, *(("x-forwarded-for", value) for value in forwarded))

    assert request.client_address == address
