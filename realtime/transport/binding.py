"""Binds a polling session to the client that opened it: the session id alone is not enough.

The session id is in the query string of each request, and so in the logs of proxies. The first
response sets a cookie. Once a client has sent it, every later request needs it; this covers
browsers, whatever their address. Clients that keep no cookies while polling, as those outside of
browsers, are recognized by their network: a client whose network changes has to open a new session,
which the client libraries do on their own. A websocket is bound by its own connection.
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
    """What identifies the sender of a request: its network, and the cookie if there is one."""

    network: str
    secret: str


@dataclass(slots=True)
class SessionOwner:
    """The client that opened a session."""

    network: str
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    keeps_cookies: bool = False

    def is_same(self, identity: ClientIdentity) -> bool:
        """Whether a request comes from this client, as far as can be told."""
        if hmac.compare_digest(identity.secret, self.secret):
            self.keeps_cookies = True
            return True
        return not self.keeps_cookies and identity.network == self.network


def owner_of(identity: ClientIdentity) -> SessionOwner:
    """Bind a session to the client that opens it; all windows of a browser share one cookie."""
    return (
        SessionOwner(identity.network, identity.secret)
        if identity.secret
        else SessionOwner(identity.network)
    )


def identify(peer: str, headers: Mapping[str, str]) -> ClientIdentity:
    """Identify the sender of a request; `headers` are in lower case or case-insensitive."""
    address = client_address(peer, headers.get("x-forwarded-for", ""))
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        morsel = None
    value = morsel.value if morsel is not None else ""
    return ClientIdentity(network_of(address), value if _SECRET.fullmatch(value) else "")


def set_cookie(secret: str, *, is_secure: bool) -> str:
    """The `Set-Cookie` value that stores a session's secret until the browser closes (RFC 6265)."""
    secure = "; Secure" if is_secure else ""
    return f"{COOKIE}={secret}; Path=/socket.io/; HttpOnly; SameSite=Strict{secure}"
