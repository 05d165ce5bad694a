"""Vendors' documents: what is required, what counts, and what a reviewer decides."""

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.domain import vendor_documents
from marketplace.domain.vendor_documents import (
    MAX_DOCUMENTS,
    DocumentState,
    DocumentType,
    Requirement,
)
from marketplace.errors import Code, ParleyError
from tests.builders import NOW
from tests.rows import a_document

DAY = timedelta(days=1)
LICENCE = Requirement("plumbing", DocumentType.LICENCE)
INSURANCE = Requirement("plumbing", DocumentType.INSURANCE)


def test_each_category_requires_its_own_documents() -> None:
    """A category without requirements adds none."""
    required = {
        "plumbing": frozenset({DocumentType.LICENCE, DocumentType.INSURANCE}),
        "roofing": frozenset({DocumentType.INSURANCE}),
        "hvac": frozenset({DocumentType.LICENCE}),
    }

    found = vendor_documents.requirements(["roofing", "plumbing", "catering"], required)

    assert found == [INSURANCE, LICENCE, Requirement("roofing", DocumentType.INSURANCE)]


def test_a_document_ends_with_its_last_day_where_the_vendor_is() -> None:
    """Denver is six hours behind UTC in summer, and seven in winter."""
    summer = vendor_documents.end_of("2040-06-30", "America/Denver")
    winter = vendor_documents.end_of("2040-12-31", "America/Denver")

    assert summer == datetime(2040, 7, 1, 6, tzinfo=UTC)
    assert winter == datetime(2041, 1, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "expires_at", "is_valid"),
    [
        (DocumentState.ACCEPTED, None, True),
        (DocumentState.ACCEPTED, NOW + DAY, True),
        (DocumentState.ACCEPTED, NOW, False),
        (DocumentState.UNCHECKED, NOW + DAY, False),
        (DocumentState.REFUSED, NOW + DAY, False),
        (DocumentState.EXPIRED, NOW - DAY, False),
    ],
)
def test_only_an_accepted_document_counts_until_it_expires(
    state: DocumentState, expires_at: datetime | None, is_valid: bool
) -> None:
    """From the exact moment on it does not, even before its timer is handled."""
    assert a_document(state=state, expires_at=expires_at).is_valid(NOW) is is_valid


def test_a_document_covers_its_type_in_its_category_or_in_all() -> None:
    """Without a category it covers all of them."""
    assert a_document().covers(LICENCE)
    assert a_document(category="plumbing").covers(LICENCE)
    assert not a_document(category="roofing").covers(LICENCE)
    assert not a_document().covers(INSURANCE)


def test_everything_that_is_needed_must_be_there() -> None:
    """An unchecked document is there; a refused or expired one is not."""
    licence = a_document(state=DocumentState.UNCHECKED)
    refused = a_document(type=DocumentType.INSURANCE, state=DocumentState.REFUSED)
    expired = a_document(type=DocumentType.INSURANCE, expires_at=NOW)
    insurance = a_document(type=DocumentType.INSURANCE)
    needed = [LICENCE, INSURANCE]

    assert not vendor_documents.are_submitted([licence, refused, expired], needed, NOW)
    assert vendor_documents.are_submitted([licence, insurance], needed, NOW)


def test_if_nothing_is_needed_one_document_completes_the_step() -> None:
    """The step is optional then."""
    assert not vendor_documents.are_submitted([], [], NOW)
    assert vendor_documents.are_submitted([a_document()], [], NOW)


def test_an_expired_document_and_one_too_many_are_refused() -> None:
    """With the codes that say what to do."""
    with pytest.raises(ParleyError) as expired:
        vendor_documents.submit(a_document(expires_at=NOW), [], NOW)
    with pytest.raises(ParleyError) as one_too_many:
        vendor_documents.submit(a_document(), [a_document()] * MAX_DOCUMENTS, NOW)

    assert expired.value.code is Code.VALIDATION_FAILED
    assert one_too_many.value.code is Code.AT_CAPACITY


def test_a_review_decides_about_unchecked_documents_only() -> None:
    """What was decided before stays, and only a refusal has a reason."""
    unchecked, known = a_document(state=DocumentState.UNCHECKED), a_document()

    (accepted,) = vendor_documents.checked(
        [unchecked, known], DocumentState.ACCEPTED, "Fine.", NOW + DAY
    )
    (refused,) = vendor_documents.checked(
        [unchecked, known], DocumentState.REFUSED, "Unreadable.", NOW + DAY
    )

    assert (accepted.id, accepted.state, accepted.reason) == (
        unchecked.id,
        DocumentState.ACCEPTED,
        None,
    )
    assert (refused.id, refused.state, refused.reason) == (
        unchecked.id,
        DocumentState.REFUSED,
        "Unreadable.",
    )


def test_the_last_valid_document_that_is_required_cannot_be_deleted() -> None:
    """One that another replaces, or that counts for nothing, can."""
    last = a_document()

    with pytest.raises(ParleyError) as refused:
        vendor_documents.require_removable(last, [], [LICENCE], NOW)
    vendor_documents.require_removable(last, [a_document()], [LICENCE], NOW)
    vendor_documents.require_removable(last, [], [INSURANCE], NOW)
    vendor_documents.require_removable(a_document(expires_at=NOW), [], [LICENCE], NOW)

    assert refused.value.code is Code.WRONG_STATE
