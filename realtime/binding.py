"""A polling session is used by whoever opened it: its id alone takes nothing over.

A session's id stands in the query of each request, and so in logs of proxies.  The first answer sets
a cookie, and whoever has sent it once needs it from then on; that holds for browsers, whatever their
address.  Clients that keep no cookies while polling, as those outside of browsers, are known by their
network: one whose address changes begins a new session, which clients do by themselves.  A websocket
is bound by its own connection.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from marketplace.addresses import client_address, network_of

COOKIE = "parley_io"
_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """Who sends a request: the network it comes from, and the cookie when there is one."""

    network: str
    secret: str


@dataclass(slots=True)
class SessionOwner:
    """Who opened a session."""

    network: str
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    keeps_cookies: bool = False

    def is_same(self, identity: ClientIdentity) -> bool:
        """Whether a request comes from the same client, as far as one can tell."""
        if hmac.compare_digest(identity.secret, self.secret):
            self.keeps_cookies = True
            return True
        return not self.keeps_cookies and identity.network == self.network


def owner_of(identity: ClientIdentity) -> SessionOwner:
    """Bind a session to who opens it; a browser's windows share one cookie."""
    return (
        SessionOwner(identity.network, identity.secret)
        if identity.secret
        else SessionOwner(identity.network)
    )


def identify(peer: str, headers: Mapping[str, str]) -> ClientIdentity:
    """Who sends a request with these headers (in lower case, or a mapping that takes any)."""
    address = client_address(peer, headers.get("x-forwarded-for", ""))
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        morsel = None
    value = morsel.value if morsel is not None else ""
    return ClientIdentity(network_of(address), value if _SECRET.fullmatch(value) else "")


def set_cookie(secret: str, *, is_secure: bool) -> str:
    """The header that gives a session's secret to a browser (RFC 6265), until it closes."""
    secure = "; Secure" if is_secure else ""
    return f"{COOKIE}={secret}; Path=/socket.io/; HttpOnly; SameSite=Strict{secure}"
