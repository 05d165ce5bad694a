"""Codes and links that prove who somebody is: which are live, and for how long.

A code is not stored. It follows from the deployment's secret and the values here, so `notify` can
write it into an email or an SMS, and a copy of the database reveals none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.domain.addresses import AddressKind
from marketplace.errors import Code as ErrorCode
from marketplace.errors import FieldError, ParleyError

# At 5 tries of 1,000,000 codes, and 10 codes an hour, guessing one takes two years on average.
MAX_TRIES = 5
DIGITS = 6


class CodePurpose(StrEnum):
    """What a code proves or permits; the last two are links with a long token."""

    EMAIL = "email"
    PHONE = "phone"
    PASSWORD_RESET = "password_reset"  # noqa: S105 # a purpose
    EMAIL_UNDO = "email_undo"


LIFETIMES: Mapping[CodePurpose, timedelta] = {
    CodePurpose.EMAIL: timedelta(minutes=15),
    CodePurpose.PHONE: timedelta(minutes=15),
    CodePurpose.PASSWORD_RESET: timedelta(hours=1),
    CodePurpose.EMAIL_UNDO: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Code:
    """One code for one account and address, and how often it was tried.

    `id` is its slot: issuing a code replaces the slot's earlier one. `nonce` makes each code
    different.
    """

    id: str
    nonce: str
    account_id: str
    purpose: CodePurpose
    address: str
    created_at: datetime
    expires_at: datetime
    tries: int = 0

    def is_live(self, now: datetime) -> bool:
        """Whether it may still be used, tries aside."""
        return now < self.expires_at


def slot(purpose: CodePurpose, account_id: str) -> str:
    """The place of an account's only code for a purpose."""
    return f"{purpose}:{account_id}"


def purpose_of(kind: AddressKind) -> CodePurpose:
    """What a code for such an address proves."""
    return CodePurpose(kind.value)


def issue(purpose: CodePurpose, account_id: str, address: str, nonce: str, now: datetime) -> Code:
    """A new code. Each undo of a change of email has its own slot: a later change keeps it."""
    owner = nonce if purpose is CodePurpose.EMAIL_UNDO else account_id
    return Code(
        id=slot(purpose, owner),
        nonce=nonce,
        account_id=account_id,
        purpose=purpose,
        address=address,
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )


def refused(path: str) -> ParleyError:
    """The refusal of a wrong, expired or used code: the same for each, so it reveals nothing."""
    text = "This code is wrong, has expired, or was used or tried too often. Request a new one."
    return ParleyError(ErrorCode.INVALID_CODE, text, errors=[FieldError(path, text)])
