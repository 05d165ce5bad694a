"""What follows from the deployment's secret: codes, tokens of links, and encrypted secrets.

Each use has a key of its own (HKDF, RFC 5869), so that no value of one use says anything about
another.
"""

import base64
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from marketplace.domain.codes import DIGITS, Code
from marketplace.domain.passkeys import CHALLENGE_LIFETIME, ChallengeUse

_ISSUER = "Parley"
_KEY_BYTES = 32
_NONCE_BYTES = 12  # AES-GCM's own size
_PROOF_BYTES = 24
_TIME_BYTES, _RANDOM_BYTES = 8, 16
_STEP_S = 30  # what authenticator apps assume
# The code of the step before is still being typed; a phone's clock may be ahead.
_NEIGHBOURS = (0, -1, 1)
# Without vowels, so that no code spells a word, and without what looks like another sign.
_RECOVERY_ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
_RECOVERY_GROUPS, _GROUP_CHARACTERS = 3, 4  # 57 bits


class DerivedSecrets:
    """Derives with the secret that also signs access tokens; stores nothing."""

    def __init__(self, token_secret: str) -> None:
        def key(use: str) -> bytes:
            derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"parley {use}".encode())
            return derived.derive(token_secret.encode())

        self._code_key = key("codes")
        self._link_key = key("links")
        self._recovery_key = key("recovery codes")
        self._challenge_key = key("challenges")
        self._cipher = AESGCM(key("second factors"))

    def digits(self, code: Code) -> str:
        """The six digits of a code; each is equally likely to within 2⁻⁴⁴."""
        number = int.from_bytes(self._mac(self._code_key, code)[:8], "big")
        return f"{number % 10**DIGITS:0{DIGITS}}"

    def token(self, code: Code) -> str:
        """The token of a link."""
        proof = urlsafe_b64encode(self._mac(self._link_key, code)[:_PROOF_BYTES]).decode()
        return f"{code.nonce}.{proof}"

    def is_digits(self, code: Code, typed: str) -> bool:
        """Whether these are the code's digits."""
        return hmac.compare_digest(self.digits(code).encode(), typed.encode())

    def is_token(self, code: Code, token: str) -> bool:
        """Whether this is the token of the code's link."""
        return hmac.compare_digest(self.token(code).encode(), token.encode())

    def new_totp_secret(self) -> str:
        """A random secret of 160 bits, in base 32 (RFC 4226 recommends the length)."""
        return pyotp.random_base32()

    def totp_uri(self, secret: str, account_name: str) -> str:
        """The `otpauth:` address that authenticator apps read."""
        return pyotp.TOTP(secret).provisioning_uri(name=account_name, issuer_name=_ISSUER)

    def totp_step(self, secret: str, typed: str, now: datetime) -> int | None:
        """The time step that a code belongs to, of the current one and its neighbours."""
        step = int(now.timestamp()) // _STEP_S
        password = pyotp.HOTP(secret)
        found = None
        for neighbour in _NEIGHBOURS:  # all of them, so that each takes equally long
            expected = password.at(step + neighbour)
            if hmac.compare_digest(expected.encode(), typed.encode()):
                found = step + neighbour
        return found

    def seal(self, secret: str, owner_id: str) -> bytes:
        """Encrypt with AES-256-GCM; the owner's id is authenticated."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), owner_id.encode())

    def unseal(self, sealed: bytes, owner_id: str) -> str:
        """Decrypt.

        Raises:
            ValueError: it belongs to another owner, or this deployment did not seal it.
        """
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, encrypted, owner_id.encode()).decode()
        except InvalidTag as error:
            raise ValueError("not sealed by this deployment for this owner") from error

    def new_recovery_codes(self, count: int) -> list[str]:
        """Random recovery codes, in groups of four characters."""
        return ["-".join(_random_group() for _ in range(_RECOVERY_GROUPS)) for _ in range(count)]

    def recovery_hash(self, typed: str, owner_id: str) -> str:
        """The stored form of a recovery code; a fast hash is enough, as the code is random."""
        letters = "".join(sign for sign in typed.casefold() if sign.isalnum())
        digest = hmac.digest(self._recovery_key, f"{owner_id}\n{letters}".encode(), "sha256")
        return base64.b64encode(digest).decode()

    def challenge(self, use: ChallengeUse, subject: str, now: datetime) -> bytes:
        """When it expires, sixteen random bytes, and a proof over both, the use and the subject."""
        expires_ms = int((now + CHALLENGE_LIFETIME).timestamp() * 1_000)
        head = expires_ms.to_bytes(_TIME_BYTES, "big") + os.urandom(_RANDOM_BYTES)
        return head + self._proof(head, use, subject)

    def is_challenge(
        self, challenge: bytes, use: ChallengeUse, subject: str, now: datetime
    ) -> bool:
        """Whether it is ours, for this use and subject, and has not expired."""
        head = challenge[: _TIME_BYTES + _RANDOM_BYTES]
        proof = challenge[_TIME_BYTES + _RANDOM_BYTES :]
        expires_ms = int.from_bytes(head[:_TIME_BYTES], "big")
        is_ours = hmac.compare_digest(proof, self._proof(head, use, subject))
        return is_ours and int(now.timestamp() * 1_000) < expires_ms

    def _proof(self, head: bytes, use: ChallengeUse, subject: str) -> bytes:
        return hmac.digest(self._challenge_key, head + f"{use}\n{subject}".encode(), "sha256")

    def _mac(self, key: bytes, code: Code) -> bytes:
        """Binds the code to its account, purpose and address."""
        parts = (code.nonce, code.account_id, code.purpose.value, code.address)
        return hmac.digest(key, "\n".join(parts).encode(), "sha256")


def _random_group() -> str:
    return "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(_GROUP_CHARACTERS))
