"""The email addresses and telephone numbers of accounts: consented to, verified, suppressed."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from marketplace.domain.conversations import Channel
from marketplace.errors import Code, FieldError, ParleyError


class AddressKind(StrEnum):
    """An email address gets email, a phone gets SMS and MMS."""

    EMAIL = "email"
    PHONE = "phone"


class Source(StrEnum):
    """How an address was consented to or verified."""

    REGISTRATION = "registration"
    PROFILE = "profile"
    CODE = "code"
    RESET_LINK = "reset_link"
    SEED = "seed"


@dataclass(frozen=True, slots=True)
class Suppression:
    """A provider reported that an address is dead or that its owner opted out.

    It is about the address, whichever account has it. `notification_id` is the notification that
    the provider refused.
    """

    id: str
    channel: Channel
    reason: str
    notification_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Address:
    """What is known about one address of one account; `id` is (account, kind, address)."""

    id: str
    account_id: str
    kind: AddressKind
    address: str
    consented_at: datetime | None = None
    consented_by: Source | None = None
    verified_at: datetime | None = None
    verified_by: Source | None = None
    suppressed: Suppression | None = None

    @property
    def is_verified(self) -> bool:
        """Whether its owner has proved that they receive what is sent there."""
        return self.verified_at is not None


_CHANNELS = {AddressKind.EMAIL: Channel.EMAIL, AddressKind.PHONE: Channel.SMS}


def unknown(account_id: str, kind: AddressKind, address: str) -> Address:
    """An address of which nothing is known yet."""
    return Address(f"{account_id}:{kind}:{_canonical(address)}", account_id, kind, address)


def consented(address: Address, source: Source, now: datetime) -> Address:
    """The address after its owner gave it to us; the first consent is kept."""
    if address.consented_at is not None:
        return address
    return replace(address, consented_at=now, consented_by=source)


def verified(address: Address, source: Source, now: datetime) -> Address:
    """The address after its owner proved that they receive what is sent there."""
    proven = replace(address, verified_at=now, verified_by=source)
    return consented(proven, source, now)


def require_verified_email(address: Address) -> None:
    """Refuse an account whose email address is not verified.

    Raises:
        ParleyError: `email_unverified`, with the path `email`.
    """
    if not address.is_verified:
        text = "Verify your email address first: POST /v1/verifications/email sends a code."
        raise ParleyError(Code.EMAIL_UNVERIFIED, text, errors=[FieldError("email", text)])


def suppression_id(channel: Channel, address: str) -> str:
    """One id for an address, however it is written."""
    return f"{channel.value}:{_canonical(address)}"


def suppression_of(kind: AddressKind, address: str) -> str:
    """The id of the suppression that would hold for the address."""
    return suppression_id(_CHANNELS[kind], address)


def _canonical(address: str) -> str:
    return address.strip().casefold()
