"""Admin operations: list vendors, and decide about them."""

from marshmallow import fields

from marketplace.actions import vendors
from marketplace.domain.vendors import DECISIONS, VendorState
from marketplace.errors import Code
from marketplace.schemas.vendors import Decision, WholeVendorView
from rest.context import Answer, RequestContext
from rest.operations import Handler, Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

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
        return Answer(vendor)

    allowed, after, _ = DECISIONS[decision]
    decide.__name__ = f"{decision}_vendor"
    decide.__doc__ = (
        f"{decision.capitalize()} a vendor.\n\n"
        f"From `{'`, `'.join(sorted(allowed))}` to `{after}`. The vendor can see the reason."
    )
    return decide


for _decision in DECISIONS:
    ROUTES.add(
        "POST",
        f"/v1/admin/vendors/{{vendor_id}}/{_decision}",
        _decide(_decision),
        body=Decision(),
        answer=WholeVendorView(),
        errors=[Code.FORBIDDEN, Code.WRONG_STATE],
    )
