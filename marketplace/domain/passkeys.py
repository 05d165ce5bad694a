"""Passkeys (WebAuthn): a key on a person's device, which they unlock there, logs them in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.errors import Code, FieldError, ParleyError

MOST_PASSKEYS = 20
CHALLENGE_LIFETIME = timedelta(minutes=5)


class ChallengeUse(StrEnum):
    """What the answer to a challenge is good for: to add a passkey, or to prove who one is."""

    ADD = "add"
    PROVE = "prove"


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of an account.

    `credential_id` is what its device calls it, in base64url. `sign_count` is the highest number
    that the device has told us; many devices always say 0.
    """

    id: str
    account_id: str
    credential_id: str
    public_key: bytes
    name: str
    created_at: datetime
    sign_count: int = 0
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What a device says about a key that it has made for us."""

    credential_id: str
    public_key: bytes
    sign_count: int


def require_room(passkeys: int) -> None:
    """Refuse more passkeys than an account may have.

    Raises:
        ParleyError: `wrong_state`.
    """
    if passkeys >= MOST_PASSKEYS:
        text = f"An account may have at most {MOST_PASSKEYS} passkeys. Remove one."
        raise ParleyError(Code.WRONG_STATE, text)


def refused(path: str) -> ParleyError:
    """The refusal of what a device answered: the same for each cause, so it reveals nothing."""
    text = "This passkey was not accepted. Begin again."
    return ParleyError(Code.INVALID_CODE, text, errors=[FieldError(path, text)])


def not_found() -> ParleyError:
    """The answer for an unknown id, and for a passkey of somebody else."""
    return ParleyError(Code.NOT_FOUND, "You have no passkey with this id.")
