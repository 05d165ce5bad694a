"""Refresh tokens: each is derived from the one before it, and only their hashes are stored.

A token is `<session id>.<seed>.<proof>`. The seed of the next token is an HMAC of this one, so a
repeated refresh returns the same successor although no token is stored. The proof is an HMAC too:
it distinguishes a token that this deployment issued from a forged one.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

_PART_BYTES = 24


class RefreshTokens:
    """Issues refresh tokens with the deployment's secret."""

    def __init__(self, secret: str) -> None:
        # A separate key: access tokens are signed with the secret itself.
        self._key = hmac.digest(secret.encode(), b"refresh tokens", "sha256")

    def first(self, session_id: str) -> str:
        """The first token of a session."""
        return self._issued(session_id, secrets.token_urlsafe(_PART_BYTES))

    def successor(self, token: str) -> str:
        """The only token that can follow this one."""
        return self._issued(session_id_of(token), self._derived(b"next", token))

    def is_issued(self, token: str) -> bool:
        """Whether this deployment issued the token.

        False for the two-part tokens of version 0.1, which have no proof.
        """
        claimed, _, proof = token.rpartition(".")
        return hmac.compare_digest(self._derived(b"proof", claimed).encode(), proof.encode())

    def _issued(self, session_id: str, seed: str) -> str:
        claimed = f"{session_id}.{seed}"
        return f"{claimed}.{self._derived(b'proof', claimed)}"

    def _derived(self, purpose: bytes, text: str) -> str:
        digest = hmac.digest(self._key, purpose + b"\n" + text.encode(), "sha256")
        return urlsafe_b64encode(digest[:_PART_BYTES]).decode()


def session_id_of(refresh_token: str) -> str:
    """The session that a refresh token names."""
    return refresh_token.partition(".")[0]


def hash_of(refresh_token: str) -> str:
    """The stored form of a refresh token; the token is random, so a fast hash is enough."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()
