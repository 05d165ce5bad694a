"""A vendor's documents."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from marketplace.actions import reviews, vendor_documents, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.pages import PageRequest
from marketplace.domain.policy import Policy
from marketplace.domain.vendor_documents import DocumentState, DocumentType
from marketplace.domain.vendor_reviews import Outcome
from marketplace.domain.vendors import VendorState
from marketplace.errors import Code
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage

ADMIN = Actor("admin-1", Role.ADMIN)


def details(**named: Any) -> dict[str, Any]:
    """What a vendor writes about a licence."""
    document = {
        "type": "licence",
        "category": None,
        "number": "PL-1",
        "expires_on": None,
        "attachment_id": None,
    }
    return document | named


async def test_a_document_expires_at_the_end_of_its_day_where_the_vendor_is(stage: Stage) -> None:
    """The account's time zone counts until the vendor has opening hours."""
    actor = await stage.vendor(state=VendorState.APPLIED)
    day = details(expires_on=date(2040, 12, 31))

    in_denver = await vendor_documents.add(stage.world, actor, day)
    hours = {"timezone": "UTC", "days": {"monday": [{"opens": "08:00", "closes": "17:00"}]}}
    await vendors.update_profile(stage.world, actor, {"opening_hours": hours})
    in_utc = await vendor_documents.add(stage.world, actor, day)

    assert in_denver.expires_at is not None
    assert in_denver.expires_at.isoformat() == "2041-01-01T07:00:00+00:00"
    assert in_utc.expires_at is not None
    assert in_utc.expires_at.isoformat() == "2041-01-01T00:00:00+00:00"


async def test_a_document_of_an_active_vendor_waits_for_a_review(stage: Stage) -> None:
    """The vendor stays active, and an approval accepts the document."""
    actor = await stage.vendor()
    added = await vendor_documents.add(stage.world, actor, details())

    (waiting,) = (await reviews.queue(stage.world, ADMIN, PageRequest())).items
    await reviews.claim(stage.world, ADMIN, actor.account_id, None)
    decided = await reviews.decide(
        stage.world, ADMIN, actor.account_id, Outcome.APPROVED, "Checked."
    )

    assert (waiting.id, waiting.state) == (actor.account_id, VendorState.ACTIVE)
    assert (decided.state, decided.proposal) == (VendorState.ACTIVE, None)
    accepted = await vendor_documents.own_document(stage.world, actor, added.id)
    assert accepted.state is DocumentState.ACCEPTED


async def test_an_unchecked_document_that_is_removed_is_not_reviewed(stage: Stage) -> None:
    """Nothing is left to review."""
    actor = await stage.vendor()
    added = await vendor_documents.add(stage.world, actor, details())

    await vendor_documents.remove(stage.world, actor, added.id)

    assert (await reviews.queue(stage.world, ADMIN, PageRequest())).items == ()
    assert await vendor_documents.own_documents(stage.world, actor) == []


async def test_a_claimed_review_freezes_the_documents(stage: Stage) -> None:
    """What an admin looks at stays as it is."""
    actor = await stage.vendor()
    added = await vendor_documents.add(stage.world, actor, details())
    await reviews.claim(stage.world, ADMIN, actor.account_id, None)

    for command in (
        vendor_documents.add(stage.world, actor, details()),
        vendor_documents.remove(stage.world, actor, added.id),
    ):
        assert await refused(command) is Code.WRONG_STATE
    assert await vendor_documents.own_documents(stage.world, actor) == [added]


async def test_a_required_document_stays(stage: Stage) -> None:
    """Until another one replaces it."""
    required = {"plumbing": frozenset({DocumentType.LICENCE})}
    stage.world = replace(stage.world, policy=Policy(required_documents=required))
    actor = await stage.vendor()
    first = await vendor_documents.add(stage.world, actor, details())
    await reviews.claim(stage.world, ADMIN, actor.account_id, None)
    await reviews.decide(stage.world, ADMIN, actor.account_id, Outcome.APPROVED, "Checked.")

    remove = vendor_documents.remove(stage.world, actor, first.id)

    assert await refused(remove) is Code.WRONG_STATE


async def test_another_vendors_document_is_like_an_unknown_one(stage: Stage) -> None:
    """Both are not found, and nothing is removed."""
    actor, other = await stage.vendor(), await stage.vendor()
    added = await vendor_documents.add(stage.world, actor, details())

    for document_id in (added.id, "unknown"):
        read = vendor_documents.own_document(stage.world, other, document_id)
        assert await refused(read) is Code.NOT_FOUND
        remove = vendor_documents.remove(stage.world, other, document_id)
        assert await refused(remove) is Code.NOT_FOUND
    assert await vendor_documents.own_documents(stage.world, actor) == [added]


@pytest.mark.parametrize(
    "given", [details(category="alchemy"), details(expires_on=date(2040, 5, 16))]
)
async def test_a_wrong_document_is_refused_and_leaves_nothing(
    stage: Stage, given: dict[str, Any]
) -> None:
    """An unknown category, and a day that is over."""
    actor = await stage.vendor()
    before = stage.store.tables.snapshot()

    command = vendor_documents.add(stage.world, actor, given)

    assert await refused(command) is Code.VALIDATION_FAILED
    assert stage.store.tables.snapshot() == before


async def test_customers_have_no_documents(stage: Stage) -> None:
    """Nor do admins."""
    customer = await stage.customer()

    for actor in (customer, ADMIN):
        for command in (
            vendor_documents.add(stage.world, actor, details()),
            vendor_documents.own_documents(stage.world, actor),
            vendor_documents.remove(stage.world, actor, "any"),
        ):
            assert await refused(command) is Code.FORBIDDEN
