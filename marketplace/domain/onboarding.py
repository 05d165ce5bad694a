"""The steps of a vendor's onboarding: done and left, in any order.

The profile's first four fields are always required. The operator may require more steps, and
documents for each category.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.domain import vendor_documents
from marketplace.domain.policy import Policy
from marketplace.domain.vendor_documents import Requirement, VendorDocument
from marketplace.domain.vendor_reviews import Step
from marketplace.domain.vendors import Vendor

_ALWAYS_REQUIRED = (Step.COMPANY, Step.CATEGORIES, Step.SERVICE_AREA, Step.CAPACITY)


@dataclass(frozen=True, slots=True)
class Applicant:
    """A vendor with its documents; `verified` says which of its addresses are (email, phone)."""

    vendor: Vendor
    documents: Sequence[VendorDocument] = ()
    verified: frozenset[Step] = frozenset()


@dataclass(frozen=True, slots=True)
class Progress:
    """The required steps that are done and left, and the others that are."""

    done: tuple[Step, ...]
    to_do: tuple[Step, ...]
    optional_done: tuple[Step, ...]
    optional_to_do: tuple[Step, ...]


def needed_documents(vendor: Vendor, policy: Policy) -> list[Requirement]:
    """The documents that the vendor's categories require, present and proposed."""
    proposed = vendor.proposal.categories if vendor.proposal is not None else None
    categories = (*vendor.categories, *(proposed or ()))
    return vendor_documents.requirements(categories, policy.required_documents)


def progress(applicant: Applicant, policy: Policy, now: datetime) -> Progress:
    """Which steps are done and which are left.

    A step that a reviewer asked for is left until the vendor does it again.
    """
    required = _required(applicant.vendor, policy)
    completed = _completed(applicant, policy, now)
    completed -= set(map(Step, applicant.vendor.requested_steps))
    optional = [step for step in Step if step not in required]
    return Progress(
        tuple(step for step in required if step in completed),
        tuple(step for step in required if step not in completed),
        tuple(step for step in optional if step in completed),
        tuple(step for step in optional if step not in completed),
    )


def _required(vendor: Vendor, policy: Policy) -> list[Step]:
    required = {*_ALWAYS_REQUIRED, *policy.required_steps, *map(Step, vendor.requested_steps)}
    if needed_documents(vendor, policy):
        required.add(Step.DOCUMENTS)
    return [step for step in Step if step in required]


def _completed(applicant: Applicant, policy: Policy, now: datetime) -> set[Step]:
    vendor = applicant.vendor
    needed = needed_documents(vendor, policy)
    is_done = {
        Step.COMPANY: vendor.company is not None,
        Step.CATEGORIES: bool(vendor.categories),
        Step.SERVICE_AREA: vendor.service_area is not None,
        Step.CAPACITY: vendor.capacity > 0,
        Step.OPENING_HOURS: vendor.opening_hours is not None,
        Step.LANGUAGES: bool(vendor.languages),
        Step.PICTURES: bool(vendor.picture_ids),
        Step.DOCUMENTS: vendor_documents.are_submitted(applicant.documents, needed, now),
        Step.EMAIL: Step.EMAIL in applicant.verified,
        Step.PHONE: Step.PHONE in applicant.verified,
    }
    return {step for step, done in is_done.items() if done}
