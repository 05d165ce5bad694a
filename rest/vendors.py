"""A vendor's own profile and its onboarding; vendors as everybody sees them."""

from dataclasses import asdict
from typing import Any

from marshmallow import fields

from marketplace.actions import vendors
from marketplace.domain import vendors as rules
from marketplace.domain.pages import Page
from marketplace.domain.vendors import MAX_RADIUS_M, NearbyVendor, Vendor
from marketplace.errors import Code
from marketplace.schemas.vendors import (
    NearbyVendorView,
    OwnVendorView,
    PublicVendor,
    UpdateProfile,
)
from rest.calls import Answer, Call
from rest.operations import Routes
from rest.queries import Near, Number, PageQuery, cut, page_request
from rest.responses import page_schema

ROUTES = Routes("Vendors")
# Further pages are cut from this many: who looks further chooses a smaller radius or a category.
_MOST_NEARBY = 1_000


class NearbyQuery(PageQuery):
    """Vendors within `radius_m` metres around `near`, of a category if it is given."""

    near = Near(required=True)
    radius_m = Number(load_default=25_000, least=100, most=MAX_RADIUS_M)
    category = fields.String(load_default=None)


@ROUTES.get("/v1/vendors/me", answer=OwnVendorView(), errors=[Code.FORBIDDEN])
async def get_own_vendor(call: Call) -> Answer:
    """See one's own profile, with the steps of the onboarding done and to do."""
    return Answer(_with_steps(await vendors.own_vendor(call.world, call.actor)))


@ROUTES.patch(
    "/v1/vendors/me",
    body=UpdateProfile(),
    answer=OwnVendorView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE],
)
async def update_own_vendor(call: Call) -> Answer:
    """Change fields of one's own profile; what is left out stays."""
    return Answer(_with_steps(await vendors.update_profile(call.world, call.actor, call.body)))


@ROUTES.post(
    "/v1/vendors/me/submit", answer=OwnVendorView(), errors=[Code.FORBIDDEN, Code.WRONG_STATE]
)
async def submit_own_vendor(call: Call) -> Answer:
    """Hand one's profile in for review, once no step is left to do."""
    return Answer(_with_steps(await vendors.submit(call.world, call.actor)))


@ROUTES.get(
    "/v1/vendors", is_public=True, query=NearbyQuery(), answer=page_schema(NearbyVendorView)
)
async def list_nearby_vendors(call: Call) -> Answer:
    """Find active vendors around a place, closest first."""
    page, query = page_request(call.query), call.query
    limit = page.limit + 1 if page.before_id is None else _MOST_NEARBY
    found = await vendors.nearby_vendors(
        call.world, query["near"], query["radius_m"], query["category"], limit
    )
    shown = cut(found, page, lambda nearby: nearby.vendor.id)
    return Answer(Page(tuple(_with_distance(each) for each in shown.items), shown.next_cursor))


@ROUTES.get("/v1/vendors/{vendor_id}", is_public=True, answer=PublicVendor())
async def get_vendor(call: Call) -> Answer:
    """See an active vendor: nothing personal."""
    return Answer(await vendors.public_vendor(call.world, call.path["vendor_id"]))


def _with_steps(vendor: Vendor) -> dict[str, Any]:
    return {**asdict(vendor), "steps": rules.steps(vendor)}


def _with_distance(nearby: NearbyVendor) -> dict[str, Any]:
    return {**asdict(nearby.vendor), "distance_m": nearby.distance_m}
