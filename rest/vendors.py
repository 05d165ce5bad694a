"""A vendor's own profile and its onboarding; vendors as everybody sees them."""

from dataclasses import asdict
from typing import Any

from marshmallow import fields

from marketplace.actions import vendors
from marketplace.domain import vendors as rules
from marketplace.domain.vendors import MAX_RADIUS_M, MIN_RADIUS_M, Vendor
from marketplace.errors import Code
from marketplace.schemas.vendors import (
    NearbyVendorView,
    OwnVendorView,
    PublicVendor,
    UpdateProfile,
)
from marketplace.schemas.views import listed_vendor_view
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import Near, Number, PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Vendors")


class NearbyQuery(PageQuery):
    """Vendors within `radius_m` metres of `near`, optionally of one category."""

    near = Near(required=True)
    radius_m = Number(load_default=25_000, least=MIN_RADIUS_M, most=MAX_RADIUS_M)
    category = fields.String(load_default=None)


@ROUTES.get("/v1/vendors/me", answer=OwnVendorView(), errors=[Code.FORBIDDEN])
async def get_own_vendor(context: RequestContext) -> Answer:
    """Get the caller's profile with its completed and remaining onboarding steps."""
    return Answer(_with_steps(await vendors.own_vendor(context.world, context.actor)))


@ROUTES.patch(
    "/v1/vendors/me",
    body=UpdateProfile(),
    answer=OwnVendorView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE],
)
async def update_own_vendor(context: RequestContext) -> Answer:
    """Change fields of the caller's profile; omitted fields stay unchanged."""
    return Answer(
        _with_steps(await vendors.update_profile(context.world, context.actor, context.body))
    )


@ROUTES.post(
    "/v1/vendors/me/submit", answer=OwnVendorView(), errors=[Code.FORBIDDEN, Code.WRONG_STATE]
)
async def submit_own_vendor(context: RequestContext) -> Answer:
    """Submit the caller's profile for review; every onboarding step must be complete."""
    return Answer(_with_steps(await vendors.submit(context.world, context.actor)))


@ROUTES.get(
    "/v1/vendors",
    is_public=True,
    cost=4,
    query=NearbyQuery(),
    answer=page_schema(NearbyVendorView),
)
async def list_nearby_vendors(context: RequestContext) -> Answer:
    """Find active vendors near a place, closest first.

    Places are rounded to about 1 km, and distances are measured to the rounded places.
    """
    query = context.query
    page = await vendors.nearby_vendors(
        context.world, query["near"], query["radius_m"], query["category"], page_request(query)
    )
    items = [listed_vendor_view(vendor) for vendor in page.items]
    return Answer({"items": items, "next_cursor": page.next_cursor}, is_written=True)


@ROUTES.get("/v1/vendors/{vendor_id}", is_public=True, answer=PublicVendor())
async def get_vendor(context: RequestContext) -> Answer:
    """Get an active vendor's public profile, which has no personal data."""
    return Answer(await vendors.public_vendor(context.world, context.path["vendor_id"]))


def _with_steps(vendor: Vendor) -> dict[str, Any]:
    return {**asdict(vendor), "steps": rules.steps(vendor)}
