"""Which address a client has, and which addresses count as one client."""

import pytest

from marketplace.addresses import client_address, network_of


def test_addresses_of_one_network_count_together() -> None:
    """IPv4 counts by address, IPv6 by its /64, and anything else unchanged."""
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("unix") == "unix"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.3.4", "198.51.100.7", "198.51.100.7"),
        ("10.0.3.4", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.3.4", "198.51.100.7, nonsense", "10.0.3.4"),
        ("10.0.3.4", "", "10.0.3.4"),
        ("8.8.8.8", "198.51.100.7", "8.8.8.8"),
        ("", "198.51.100.7", ""),
    ],
)
def test_only_an_internal_proxy_is_trusted(peer: str, forwarded_for: str, address: str) -> None:
    """The header's last entry counts if the peer is an internal proxy; otherwise it is ignored."""
    assert client_address(peer, forwarded_for) == address
