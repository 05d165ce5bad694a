"""What follows from the deployment's secret: codes, tokens of links, and encrypted secrets."""

from datetime import datetime
from typing import Protocol

from marketplace.domain.codes import Code
from marketplace.domain.passkeys import ChallengeUse


class Secrets(Protocol):
    """Derives what only this deployment can know; stores nothing.

    Comparisons take equally long for every wrong value.
    """

    def digits(self, code: Code) -> str:
        """The six digits of a code."""

    def token(self, code: Code) -> str:
        """The token of a link: its nonce, and a proof that only this deployment can make."""

    def is_digits(self, code: Code, typed: str) -> bool:
        """Whether these are the code's digits."""

    def is_token(self, code: Code, token: str) -> bool:
        """Whether this is the token of the code's link."""

    def new_totp_secret(self) -> str:
        """A random secret for an authenticator app, in base 32."""

    def totp_uri(self, secret: str, account_name: str) -> str:
        """The `otpauth:` address that authenticator apps read, as text or as a QR code."""

    def totp_step(self, secret: str, typed: str, now: datetime) -> int | None:
        """The time step that a code belongs to: the current one or a neighbour; else None."""

    def seal(self, secret: str, owner_id: str) -> bytes:
        """Encrypt a secret for its owner."""

    def unseal(self, sealed: bytes, owner_id: str) -> str:
        """Decrypt; raises ValueError for another owner, and for what this deployment did not seal."""

    def new_recovery_codes(self, count: int) -> list[str]:
        """Random recovery codes, as people read them: `k3f9-x7mq-2dpr`."""

    def challenge(self, use: ChallengeUse, subject: str, now: datetime) -> bytes:
        """A random challenge for a passkey, which expires."""

    def is_challenge(
        self, challenge: bytes, use: ChallengeUse, subject: str, now: datetime
    ) -> bool:
        """Whether this is a challenge of ours for this use and subject that has not expired."""

    def recovery_hash(self, typed: str, owner_id: str) -> str:
        """The stored form of a recovery code, however it is typed."""
