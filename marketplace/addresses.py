"""Whose network address a connection comes from, and which addresses are one person's."""

import ipaddress


def client_address(peer: str, forwarded_for: str) -> str:
    """The client's address, from the peer of the connection and its `X-Forwarded-For` (or "").

    The header counts only from a peer on this machine or a private network, which is where our
    proxy stands; its last entry is the one that the proxy wrote.
    """
    last = forwarded_for.rpartition(",")[2].strip()
    if last and _is_inside(peer) and _parsed(last) is not None:
        return last
    return peer


def network_of(address: str) -> str:
    """What one person holds: an IPv4 address, or the /64 that an IPv6 address is in."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    # A socket that listens on both shows an IPv4 peer as ::ffff:203.0.113.7.
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return mapped or parsed


def _is_inside(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and (parsed.is_private or parsed.is_loopback)
