"""Admin operations: list vendors, suspend and reinstate them."""

from marshmallow import fields

from marketplace.actions import vendors
from marketplace.domain.vendors import DECISIONS, VendorState
from marketplace.errors import Code
from marketplace.schemas.reviews import Decision, ReviewedVendorView
from marketplace.schemas.vendor_profiles import WholeVendorView
from rest.context import Answer, RequestContext
from rest.operations import Handler, Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema
from rest.reviews import reviewed

ROUTES = Routes("Administration")


class VendorsQuery(PageQuery):
    """Vendors in `state`, or in any state."""

    state = fields.Enum(VendorState, by_value=True, load_default=None)


@ROUTES.get(
    "/v1/admin/vendors",
    query=VendorsQuery(),
    answer=page_schema(WholeVendorView),
    errors=[Code.FORBIDDEN],
)
async def list_vendors(context: RequestContext) -> Answer:
    """List vendors, newest first."""
    page = page_request(context.query)
    return Answer(
        await vendors.vendors_of_state(context.world, context.actor, context.query["state"], page)
    )


def _decide(decision: str) -> Handler:
    async def decide(context: RequestContext) -> Answer:
        vendor = await vendors.decide(
            context.world,
            context.actor,
            context.path["vendor_id"],
            decision,
            context.body["reason"],
        )
        return Answer(reviewed(vendor))

    before, after, _ = DECISIONS[decision]
    decide.__name__ = f"{decision}_vendor"
    decide.__doc__ = (
        f"{decision.capitalize()} a vendor.\n\n"
        f"From `{before}` to `{after}`. The vendor is told the reason."
    )
    return decide


for _decision in DECISIONS:
    ROUTES.add(
        "POST",
        f"/v1/admin/vendors/{{vendor_id}}/{_decision}",
        _decide(_decision),
        body=Decision(),
        answer=ReviewedVendorView(),
        errors=[Code.FORBIDDEN, Code.WRONG_STATE],
    )
