"""A vendor's own profile and its onboarding; vendors as everybody sees them."""

from dataclasses import asdict
from typing import Any

from marshmallow import fields

from marketplace.actions import vendors
from marketplace.actions.vendor_changes import applicant_of
from marketplace.domain import onboarding
from marketplace.domain.members import MemberRole
from marketplace.domain.onboarding import Applicant
from marketplace.domain.vendors import MAX_RADIUS_M, MIN_RADIUS_M
from marketplace.errors import Code
from marketplace.ports import World
from marketplace.schemas.vendor_profiles import OwnVendorView, PublicProfile, UpdateProfile
from marketplace.schemas.vendors import NearbyVendorView
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


@ROUTES.get(
    "/v1/vendors/me",
    team=MemberRole.AGENT,
    answer=OwnVendorView(),
    errors=[Code.FORBIDDEN, Code.NOT_FOUND],
)
async def get_own_vendor(context: RequestContext) -> Answer:
    """Get the caller's profile with its completed and remaining onboarding steps."""
    applicant = await vendors.own_vendor(context.world, context.actor)
    return _own_profile(context, applicant)


@ROUTES.patch(
    "/v1/vendors/me",
    team=MemberRole.OWNER,
    body=UpdateProfile(),
    answer=OwnVendorView(),
    errors=[Code.FORBIDDEN, Code.NOT_FOUND, Code.WRONG_STATE],
)
async def update_own_vendor(context: RequestContext) -> Answer:
    """Change fields of the caller's profile; omitted fields stay unchanged.

    An active vendor's `categories` and `service_area` stay in force until an admin has approved the
    new ones, which are in `proposal` meanwhile. The present ones withdraw the proposal.
    """
    vendor = await vendors.update_profile(context.world, context.actor, context.body)
    return _own_profile(context, await applicant_of(context.world.store, vendor))


@ROUTES.post(
    "/v1/vendors/me/submit",
    team=MemberRole.OWNER,
    answer=OwnVendorView(),
    errors=[Code.FORBIDDEN, Code.NOT_FOUND, Code.WRONG_STATE],
)
async def submit_own_vendor(context: RequestContext) -> Answer:
    """Submit the caller's profile for review; every required step must be complete.

    Where the operator allows it, a rule approves it at once.
    """
    vendor = await vendors.submit(context.world, context.actor)
    return _own_profile(context, await applicant_of(context.world.store, vendor))


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


@ROUTES.get("/v1/vendors/{vendor_id}", is_public=True, answer=PublicProfile())
async def get_vendor(context: RequestContext) -> Answer:
    """Get an active vendor's public profile, which has no personal data."""
    return Answer(await vendors.public_vendor(context.world, context.path["vendor_id"]))


def _own_profile(context: RequestContext, applicant: Applicant) -> Answer:
    return Answer({**asdict(applicant.vendor), **with_steps(applicant, context.world)})


def with_steps(applicant: Applicant, world: World) -> dict[str, Any]:
    """The required and the optional steps, as `Steps` shows them."""
    progress = onboarding.progress(applicant, world.policy, world.clock.now())
    return {
        "steps": {"done": progress.done, "to_do": progress.to_do},
        "optional_steps": {"done": progress.optional_done, "to_do": progress.optional_to_do},
    }
