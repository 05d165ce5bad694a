"""WebAuthn with devices: the options that they get, and the check of what they answer.

A passkey belongs to the host of the public URL, and to no other site (WebAuthn, section 13.4.9).
Browsers accept a domain name or `localhost` there, and no IP address.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from marketplace.domain.accounts import Account
from marketplace.domain.passkeys import CHALLENGE_LIFETIME, NewCredential, Passkey

T = TypeVar("T")

_SITE_NAME = "Parley"
_TIMEOUT_MS = int(CHALLENGE_LIFETIME.total_seconds() * 1_000)


class WebAuthn:
    """Speaks WebAuthn for the site at a public URL."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._host = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def options_to_add(
        self, account: Account, challenge: bytes, known: Sequence[Passkey]
    ) -> dict[str, Any]:
        """The options to make a key that its owner unlocks, and that needs no email to be found."""
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=_SITE_NAME,
            user_id=account.id.encode(),
            user_name=account.email,
            user_display_name=account.name,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
                for passkey in known
            ],
        )
        return options_to_json_dict(options)

    def options_to_prove(self, challenge: bytes) -> dict[str, Any]:
        """The options to answer a challenge with whichever passkey the person chooses."""
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def challenge_in(self, credential: str) -> bytes:
        """The challenge in the data that the browser had signed."""

        def read() -> bytes:
            said = base64url_to_bytes(json.loads(credential)["response"]["clientDataJSON"])
            return base64url_to_bytes(json.loads(said)["challenge"])

        return _checked(read)

    def credential_id_in(self, credential: str) -> str:
        """The credential's id, in the one form in which it is stored."""
        return _checked(
            lambda: bytes_to_base64url(base64url_to_bytes(json.loads(credential)["rawId"]))
        )

    def added(self, credential: str, challenge: bytes) -> NewCredential:
        """The new key; no maker of devices has to vouch for it."""
        verified = _checked(
            lambda: webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        )
        return NewCredential(
            bytes_to_base64url(verified.credential_id),
            verified.credential_public_key,
            verified.sign_count,
        )

    def proved(self, credential: str, challenge: bytes, passkey: Passkey) -> int:
        """The new number of signatures; one that is not higher than before is refused."""
        verified = _checked(
            lambda: webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        )
        return verified.new_sign_count


def _checked(read: Callable[[], T]) -> T:
    """What `read` returns; damaged input makes the library raise errors of many kinds."""
    try:
        return read()
    except Exception as error:
        raise ValueError("not accepted by WebAuthn") from error
