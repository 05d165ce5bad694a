"""Vendor onboarding."""

from dataclasses import replace

import pytest

from marketplace.actions import accounts, reviews, vendors
from marketplace.domain import addresses
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.addresses import AddressKind, Source
from marketplace.domain.pages import PageRequest
from marketplace.domain.policy import Policy
from marketplace.domain.vendor_reviews import Outcome, Step
from marketplace.domain.vendors import VendorState
from marketplace.errors import Code
from tests.builders import NOW, a_place
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_accounts import details

ADMIN = Actor("admin-1", Role.ADMIN)
PROFILE = {
    "company": "Front Range Plumbing",
    "categories": ["plumbing", "plumbing"],
    "service_area": {"location": a_place(), "radius_m": 20_000},
    "capacity": 3,
}


async def _applied(stage: Stage) -> Actor:
    account = await accounts.register(stage.world, details(role="vendor"))
    return Actor(account.id, Role.VENDOR)


async def test_from_an_empty_profile_to_an_active_vendor(stage: Stage) -> None:
    """Filling in, submitting and approving a profile each write their event in the same write."""
    actor = await _applied(stage)

    filled = await vendors.update_profile(stage.world, actor, PROFILE)
    assert filled.categories == ("plumbing",)
    await vendors.submit(stage.world, actor)
    approved = await reviews.decide(
        stage.world, ADMIN, actor.account_id, Outcome.APPROVED, "all there"
    )

    assert (approved.state, approved.state_reason) == (VendorState.ACTIVE, "all there")
    assert stage.event_names() == [
        "vendor.applied",
        "vendor.updated",
        "vendor.submitted",
        "vendor.approved",
    ]
    assert (await vendors.public_vendor(stage.world, actor.account_id)).id == actor.account_id


async def test_an_incomplete_profile_cannot_be_submitted(stage: Stage) -> None:
    """Submitting an incomplete profile is refused and changes nothing."""
    actor = await _applied(stage)

    assert await refused(vendors.submit(stage.world, actor)) is Code.WRONG_STATE
    assert stage.event_names() == ["vendor.applied"]
    hidden = vendors.public_vendor(stage.world, actor.account_id)
    assert await refused(hidden) is Code.NOT_FOUND


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR])
async def test_only_admins_can_decide(stage: Stage, role: Role) -> None:
    """Neither customers nor the vendor itself can decide."""
    vendor = await stage.vendor()

    command = vendors.decide(
        stage.world, Actor(vendor.account_id, role), vendor.account_id, "suspend", "because"
    )

    assert await refused(command) is Code.FORBIDDEN


async def test_an_unknown_category_is_named(stage: Stage) -> None:
    """An unknown category is refused in a profile and in a search."""
    vendor = await stage.vendor()

    change = vendors.update_profile(stage.world, vendor, {"categories": ["alchemy"]})
    assert await refused(change) is Code.VALIDATION_FAILED
    search = vendors.nearby_vendors(stage.world, a_place(), 1_000, "alchemy", PageRequest())
    assert await refused(search) is Code.VALIDATION_FAILED


async def test_a_suspended_vendor_gets_no_offers(stage: Stage) -> None:
    """A suspended vendor gets no offers until it is reinstated."""
    vendor = await stage.vendor()
    await vendors.decide(stage.world, ADMIN, vendor.account_id, "suspend", "complaints")
    customer = await stage.customer()
    assert await stage.offered(await stage.submitted(customer)) == {}

    await vendors.decide(stage.world, ADMIN, vendor.account_id, "reinstate", "cleared")

    assert set(await stage.offered(await stage.submitted(customer))) == {vendor.account_id}


async def test_verified_addresses_are_steps_of_the_onboarding(stage: Stage) -> None:
    """Of the vendor's own account, as it has them now: another phone is not verified."""
    stage.world = replace(
        stage.world, policy=Policy(required_steps=frozenset({Step.EMAIL, Step.PHONE}))
    )
    actor = await stage.vendor(state=VendorState.APPLIED)
    account = await stage.store.accounts.get(actor.account_id)
    assert account is not None
    await stage.store.accounts.save(replace(account, phone="+13035550123"))

    assert await refused(vendors.submit(stage.world, actor)) is Code.WRONG_STATE
    for kind, address in (
        (AddressKind.EMAIL, account.email),
        (AddressKind.PHONE, "+13035550123"),
    ):
        given = addresses.unknown(account.id, kind, address)
        await stage.store.addresses.save(addresses.verified(given, Source.CODE, NOW))
    applicant = await vendors.own_vendor(stage.world, actor)
    await stage.store.accounts.save(replace(account, phone="+13035550124"))

    assert applicant.verified == {Step.EMAIL, Step.PHONE}
    assert (await vendors.own_vendor(stage.world, actor)).verified == {Step.EMAIL}
    await stage.store.accounts.save(replace(account, phone="+13035550123"))
    assert (await vendors.submit(stage.world, actor)).state is VendorState.IN_REVIEW
