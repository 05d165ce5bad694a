"""Network addresses: where a connection comes from, and which addresses count as one person."""

import ipaddress


def client_address(peer: str, forwarded_for: str) -> str:
    """The client's address, given the connection's peer and its `X-Forwarded-For` header (or "").

    The header is trusted only if the peer is on this machine or in a private network, where our
    proxy runs. The proxy appended its last entry.
    """
    forwarded = forwarded_for.rpartition(",")[2].strip()
    if forwarded and _is_inside(peer) and _parsed(forwarded) is not None:
        return forwarded
    return peer


def network_of(address: str) -> str:
    """The network that counts as one person: an IPv4 address, or the /64 of an IPv6 address."""
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
    # A socket that listens on IPv4 and IPv6 shows an IPv4 peer as ::ffff:203.0.113.7.
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return mapped or parsed


def _is_inside(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and (parsed.is_private or parsed.is_loopback)
