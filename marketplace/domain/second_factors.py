"""Second factors: time-based one-time passwords (RFC 6238) with recovery codes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from marketplace.errors import Code, FieldError, ParleyError

RECOVERY_CODES = 10
# Tries of one account, right and wrong ones, within this time; the policy says how many.
TRIES_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """An account's second factor; `id` is the account's.

    `secret` is encrypted. `last_step` is the time step of the last accepted code, which no code of
    this step or an earlier one passes again. Recovery codes are stored as hashes.
    """

    id: str
    secret: bytes
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    recovery_codes: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether a log-in needs it."""
        return self.confirmed_at is not None


def confirmed(
    factor: SecondFactor, step: int, recovery_codes: tuple[str, ...], now: datetime
) -> SecondFactor:
    """The factor after its owner proved that their app has the secret.

    Raises:
        ParleyError: `wrong_state` if it is on already.
    """
    require_off(factor)
    return replace(factor, confirmed_at=now, last_step=step, recovery_codes=recovery_codes)


def require_off(factor: SecondFactor | None) -> None:
    """Refuse to set up a factor while one is on.

    Raises:
        ParleyError: `wrong_state`.
    """
    if factor is not None and factor.is_on:
        raise ParleyError(
            Code.WRONG_STATE, "A second factor is on. Turn it off before you set up another."
        )


def required() -> ParleyError:
    """The refusal of a log-in with a correct password and without the second factor."""
    text = "This account has a second factor. Send its code, or a recovery code, as totp."
    return ParleyError(Code.SECOND_FACTOR_REQUIRED, text, errors=[FieldError("totp", text)])
