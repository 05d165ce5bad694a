"""The passkeys of accounts, and what is known about the answers of devices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from marketplace.domain.accounts import Account
from marketplace.domain.passkeys import NewCredential, Passkey


class Passkeys(Protocol):
    """Passkeys, unique by the credential's id."""

    async def add(self, passkey: Passkey) -> bool:
        """Insert; False if some account has this credential."""

    async def by_credential(self, credential_id: str) -> Passkey | None:
        """The passkey that a device calls so."""

    async def of_account(self, account_id: str) -> list[Passkey]:
        """An account's passkeys, newest first."""

    async def use(self, passkey: Passkey, sign_count: int, at: datetime) -> bool:
        """Record a use; False if the passkey was removed, or used meanwhile with another number."""

    async def remove(self, account_id: str, passkey_id: str) -> bool:
        """Delete one passkey of an account; False if there is none."""

    async def remove_since(self, account_id: str, at: datetime) -> None:
        """Delete an account's passkeys that were added at this moment or later."""

    async def forget(self, account_id: str) -> None:
        """Delete an account's passkeys."""


class Authenticators(Protocol):
    """Speaks WebAuthn with devices, for the site at the public URL; stores nothing.

    `credential` is the JSON text of what a browser's `PublicKeyCredential` says. Methods that get
    one raise ValueError for text that is damaged, for another site, or not signed by the key.
    """

    def options_to_add(
        self, account: Account, challenge: bytes, known: Sequence[Passkey]
    ) -> dict[str, Any]:
        """The options of `navigator.credentials.create()`, as JSON."""

    def options_to_prove(self, challenge: bytes) -> dict[str, Any]:
        """The options of `navigator.credentials.get()`, as JSON; the person chooses the passkey."""

    def challenge_in(self, credential: str) -> bytes:
        """The challenge that the device claims to answer."""

    def credential_id_in(self, credential: str) -> str:
        """The credential that the device claims to have."""

    def added(self, credential: str, challenge: bytes) -> NewCredential:
        """The new key, if its owner unlocked the device for this challenge."""

    def proved(self, credential: str, challenge: bytes, passkey: Passkey) -> int:
        """The device's new number of signatures, if the key's owner answered this challenge."""
