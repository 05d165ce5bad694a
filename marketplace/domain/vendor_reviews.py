"""The steps of a vendor's onboarding, and what a review leaves at the vendor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Step(StrEnum):
    """A part of the onboarding; the steps can be done in any order."""

    COMPANY = "company"
    CATEGORIES = "categories"
    SERVICE_AREA = "service_area"
    CAPACITY = "capacity"
    OPENING_HOURS = "opening_hours"
    LANGUAGES = "languages"
    PICTURES = "pictures"
    DOCUMENTS = "documents"
    EMAIL = "email"
    PHONE = "phone"


# What a vendor fills in, and what a reviewer may therefore ask it to change.
STEPS_OF_PROFILE: Mapping[str, Step] = {
    "company": Step.COMPANY,
    "categories": Step.CATEGORIES,
    "service_area": Step.SERVICE_AREA,
    "capacity": Step.CAPACITY,
    "hours": Step.OPENING_HOURS,
    "opening_hours": Step.OPENING_HOURS,
    "holidays": Step.OPENING_HOURS,
    "languages": Step.LANGUAGES,
    "picture_ids": Step.PICTURES,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """An admin reviews the vendor, and until then nobody else does."""

    admin_id: str
    until: datetime


class Outcome(StrEnum):
    """What was decided about a vendor."""

    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    DOCUMENT_EXPIRED = "document_expired"


@dataclass(frozen=True, slots=True)
class Review:
    """What was decided about the vendor last, as it is told.

    `is_of_changes` distinguishes the review of an approved profile's changes from that of an
    application.
    """

    outcome: Outcome
    reason: str
    at: datetime
    steps: tuple[str, ...] = ()
    is_of_changes: bool = False
