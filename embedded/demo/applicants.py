"""Vendors in onboarding: what an admin has to review, and what was decided."""

from dataclasses import dataclass
from typing import Any

from embedded.demo.addresses import verified_addresses
from embedded.demo.people import DENVER_CIVIC_CENTER, PASSWORD
from marketplace.actions import accounts, reviews, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.reviews import DECISIONS
from marketplace.domain.vendors import VendorState
from marketplace.ports import World
from marketplace.schemas.accounts import Register
from marketplace.schemas.vendor_profiles import UpdateProfile


@dataclass(frozen=True, slots=True)
class Applicant:
    """A vendor and how far it has come; decisions are the admin's, with a reason."""

    company: str
    person: str
    category: str
    is_submitted: bool = True
    decisions: tuple[tuple[str, str], ...] = ()


APPLICANTS = (
    Applicant("Sloan's Lake Electric", "Hannah Osei", "electrical"),
    Applicant("Two Ladders Painting", "Marco Bianchi", "painting"),
    Applicant("Platte River Movers", "Dana Cloud", "moving"),
    Applicant("Five Points Kitchen", "Jerome Banks", "catering", is_submitted=False),
    Applicant(
        "Quick Roof Today",
        "Rick Dalton",
        "roofing",
        decisions=(("reject", "The license number belongs to another company."),),
    ),
    Applicant(
        "Baker District Cleaning",
        "Ines Duarte",
        "cleaning",
        decisions=(
            ("approve", "License and insurance are in order."),
            ("suspend", "The insurance has run out; we asked for the new policy."),
        ),
    ),
)


async def present(world: World, number: int, applicant: Applicant, admin: Actor) -> None:
    """Register the applicant and take it through its steps, skipping those already done.

    Raises:
        ParleyError, TemporaryError: as the actions do.
    """
    email = f"applicant{number}@vendors.demo.parley.example"
    account = await world.store.accounts.by_email(email)
    if account is None:
        details = {"role": "vendor", "email": email, "password": PASSWORD, "name": applicant.person}
        account = await accounts.register(world, Register().read(details))
    for address in verified_addresses([account]):
        await world.store.addresses.save(address)
    actor = Actor(account.id, Role.VENDOR)
    vendor = (await vendors.own_vendor(world, actor)).vendor
    if vendor.state is VendorState.APPLIED:
        await vendors.update_profile(world, actor, UpdateProfile().read(_profile(applicant)))
        if applicant.is_submitted:
            vendor = await vendors.submit(world, actor)
    for decision, reason in applicant.decisions:
        if _is_due(decision, vendor.state):
            if decision in DECISIONS:
                outcome = DECISIONS[decision]
                vendor = await reviews.decide(world, admin, vendor.id, outcome, reason)
            else:
                vendor = await vendors.decide(world, admin, vendor.id, decision, reason)


def _is_due(decision: str, state: VendorState) -> bool:
    wanted = VendorState.ACTIVE if decision == "suspend" else VendorState.IN_REVIEW
    return state is wanted


def _profile(applicant: Applicant) -> dict[str, Any]:
    profile: dict[str, Any] = {"company": applicant.company, "categories": [applicant.category]}
    if applicant.is_submitted:
        place = {"type": "Point", "coordinates": list(DENVER_CIVIC_CENTER)}
        profile |= {
            "service_area": {"location": place, "radius_m": 25_000},
            "capacity": 4,
            "languages": ["en"],
        }
    return profile
