"""A vendor's documents, such as a licence: which are required, and which have expired.

    unchecked ─▶ accepted ─▶ expired
              └▶ refused

A reviewer accepts or refuses a document together with what it belongs to: the application, or the
changes of an approved profile. What follows when one expires is in
`lapses.py`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from marketplace.errors import Code, ParleyError, invalid

MAX_DOCUMENTS = 50
# Renewing a licence or an insurance takes weeks.
NOTICE = timedelta(days=30)


class DocumentType(StrEnum):
    """What a document proves."""

    LICENCE = "licence"
    INSURANCE = "insurance"


class DocumentState(StrEnum):
    """Only an accepted document counts, and only until it expires."""

    UNCHECKED = "unchecked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class VendorDocument:
    """A document of a vendor; without a category it counts for all of them.

    `expires_on` is its last day, as written on it; `expires_at` is the end of that day where the
    vendor is. `reason` says why it was refused.
    """

    id: str
    vendor_id: str
    type: DocumentType
    state: DocumentState
    created_at: datetime
    updated_at: datetime
    category: str | None = None
    number: str | None = None
    expires_on: str | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    attachment_id: str | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it was accepted and has not expired."""
        return self.state is DocumentState.ACCEPTED and not self.has_expired(now)

    def has_expired(self, now: datetime) -> bool:
        """Whether its last day is over."""
        return self.expires_at is not None and self.expires_at <= now

    def covers(self, requirement: "Requirement") -> bool:
        """Whether it is of the required type and for the required category."""
        return self.type == requirement.type and self.category in (None, requirement.category)


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """A document that a vendor of this category needs."""

    category: str
    type: DocumentType


def requirements(
    categories: Iterable[str], required: Mapping[str, Collection[DocumentType]]
) -> list[Requirement]:
    """What vendors of these categories need; `required` has the types for each category."""
    return sorted(
        Requirement(category, type_)
        for category in set(categories)
        for type_ in required.get(category, ())
    )


def end_of(day: str, timezone: str) -> datetime:
    """The end of a day in a time zone."""
    following = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(following, datetime.min.time(), ZoneInfo(timezone)).astimezone(UTC)


def submit(
    document: VendorDocument, existing: Sequence[VendorDocument], now: datetime
) -> VendorDocument:
    """A new document, unchecked.

    Raises:
        ParleyError: `validation_failed` if it has expired; `at_capacity` above `MAX_DOCUMENTS`.
    """
    if document.has_expired(now):
        raise invalid("expires_on", "This document has expired.")
    if len(existing) >= MAX_DOCUMENTS:
        raise ParleyError(
            Code.AT_CAPACITY, f"A vendor has at most {MAX_DOCUMENTS} documents. Delete old ones."
        )
    return document


def checked(
    documents: Iterable[VendorDocument], state: DocumentState, reason: str, now: datetime
) -> list[VendorDocument]:
    """The unchecked documents of these, accepted or refused."""
    return [
        replace(
            document,
            state=state,
            reason=reason if state is DocumentState.REFUSED else None,
            updated_at=now,
        )
        for document in documents
        if document.state is DocumentState.UNCHECKED
    ]


def are_submitted(
    documents: Sequence[VendorDocument], needed: Sequence[Requirement], now: datetime
) -> bool:
    """Whether there is a valid or an unchecked document for everything that is needed.

    If nothing is needed, one document of any kind.
    """
    usable = [
        document
        for document in documents
        if document.is_valid(now)
        or (document.state is DocumentState.UNCHECKED and not document.has_expired(now))
    ]
    return bool(usable) and all(
        any(document.covers(requirement) for document in usable) for requirement in needed
    )


def require_removable(
    document: VendorDocument,
    others: Sequence[VendorDocument],
    needed: Sequence[Requirement],
    now: datetime,
) -> None:
    """Refuse to delete a valid document that an approved profile needs.

    Raises:
        ParleyError: `wrong_state`.
    """
    if not document.is_valid(now):
        return
    remaining = [other for other in others if other.is_valid(now)]
    for requirement in needed:
        if document.covers(requirement) and not any(
            other.covers(requirement) for other in remaining
        ):
            raise ParleyError(
                Code.WRONG_STATE,
                f"This {document.type} is required. Add a new one first, and wait for its review.",
            )
