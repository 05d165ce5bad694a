"""The steps of the onboarding."""

from dataclasses import replace
from typing import Any

import pytest

from marketplace.domain import onboarding, vendors
from marketplace.domain.onboarding import Applicant
from marketplace.domain.opening_hours import OpeningHours
from marketplace.domain.policy import Policy
from marketplace.domain.vendor_documents import DocumentType
from marketplace.domain.vendor_reviews import Step
from marketplace.domain.vendors import Proposal, ServiceArea
from tests.builders import NOW, a_place, a_vendor
from tests.rows import a_document

FRESH = vendors.apply("v1", NOW)
ALWAYS = (Step.COMPANY, Step.CATEGORIES, Step.SERVICE_AREA, Step.CAPACITY)
PROFILE: dict[str, Any] = {
    "company": "Front Range Plumbing",
    "categories": ("plumbing",),
    "service_area": ServiceArea(a_place(), 20_000),
    "capacity": 3,
    "opening_hours": OpeningHours("UTC", {}),
    "languages": ("en",),
}
LICENSED = Policy(required_documents={"plumbing": frozenset({DocumentType.LICENCE})})


def test_a_new_vendor_has_every_step_left() -> None:
    """Four of them are required, and the operator has not asked for more."""
    progress = onboarding.progress(Applicant(FRESH), Policy(), NOW)

    assert (progress.done, progress.optional_done) == ((), ())
    assert progress.to_do == ALWAYS
    assert set(progress.optional_to_do) == set(Step) - set(ALWAYS)


@pytest.mark.parametrize("step", PROFILE)
def test_a_step_is_done_when_its_field_is_filled(step: str) -> None:
    """The steps can be done one by one, in any order."""
    vendor = vendors.update_profile(FRESH, {step: PROFILE[step]}, NOW)

    progress = onboarding.progress(Applicant(vendor), Policy(), NOW)

    assert [*progress.done, *progress.optional_done] == [step]


def test_the_operator_may_require_more_steps() -> None:
    """A verified address is a step that no field fills."""
    policy = Policy(required_steps=frozenset({Step.LANGUAGES, Step.EMAIL}))
    vendor = vendors.update_profile(FRESH, PROFILE, NOW)

    left = onboarding.progress(Applicant(vendor), policy, NOW).to_do
    verified = Applicant(vendor, verified=frozenset({Step.EMAIL}))

    assert left == (Step.EMAIL,)
    assert onboarding.progress(verified, policy, NOW).to_do == ()


def test_a_category_that_needs_documents_makes_them_a_required_step() -> None:
    """Of a category that the vendor has, or proposes."""
    plumber = a_vendor()
    roofer = a_vendor(categories=("roofing",))
    to_be = replace(roofer, proposal=Proposal(NOW, categories=("roofing", "plumbing")))

    for vendor, is_required in ((plumber, True), (roofer, False), (to_be, True)):
        progress = onboarding.progress(Applicant(vendor), LICENSED, NOW)
        assert (Step.DOCUMENTS in progress.to_do) is is_required
    complete = onboarding.progress(Applicant(plumber, [a_document()]), LICENSED, NOW)
    assert Step.DOCUMENTS in complete.done


def test_a_requested_step_is_left_until_it_is_done_again() -> None:
    """Whether it was required before or not."""
    vendor = a_vendor(requested_steps=("company", "languages"))

    before = onboarding.progress(Applicant(vendor), Policy(), NOW)
    renamed = vendors.update_profile(vendor, {"company": "Cedar Plumbing"}, NOW)
    after = onboarding.progress(Applicant(renamed), Policy(), NOW)

    assert before.to_do == (Step.COMPANY, Step.LANGUAGES)
    assert after.to_do == (Step.LANGUAGES,)
