"""The queue of reviews: claim one, look at it, decide it."""

from dataclasses import asdict
from typing import Any

from marketplace.actions import reviews
from marketplace.domain import reviews as rules
from marketplace.domain.pages import Page
from marketplace.domain.vendors import Vendor
from marketplace.errors import Code
from marketplace.schemas.reviews import (
    ClaimReview,
    Decision,
    RequestChanges,
    ReviewedVendorView,
    VendorFileView,
)
from rest.context import Answer, RequestContext
from rest.operations import Handler, Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema
from rest.vendors import with_steps

ROUTES = Routes("Administration")
_ABOUT = {
    "approve": "Approve a vendor's application, or the changes of an approved profile.",
    "reject": "Reject a vendor's application, or the changes of an approved profile.",
    "request-changes": "Send a vendor's application or changes back, naming the steps to change.",
}


@ROUTES.get(
    "/v1/admin/reviews",
    query=PageQuery(),
    answer=page_schema(ReviewedVendorView),
    errors=[Code.FORBIDDEN],
)
async def list_reviews(context: RequestContext) -> Answer:
    """List the vendors that wait for a review, longest first.

    A vendor `in_review` has applied; any other proposes changes of its approved profile.
    """
    found = await reviews.queue(context.world, context.actor, page_request(context.query))
    return Answer(Page(tuple(map(reviewed, found.items)), found.next_cursor))


@ROUTES.get("/v1/admin/vendors/{vendor_id}", answer=VendorFileView(), errors=[Code.FORBIDDEN])
async def get_vendor_file(context: RequestContext) -> Answer:
    """Get a vendor with its documents and everything else that its review needs."""
    applicant = await reviews.reviewed_vendor(
        context.world, context.actor, context.path["vendor_id"]
    )
    return Answer(
        {
            **reviewed(applicant.vendor),
            **with_steps(applicant, context.world),
            "documents": applicant.documents,
        }
    )


@ROUTES.post(
    "/v1/admin/vendors/{vendor_id}/claim",
    body=ClaimReview(),
    is_body_optional=True,
    answer=ReviewedVendorView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE],
)
async def claim_vendor(context: RequestContext) -> Answer:
    """Claim a review for half an hour, or renew one's claim.

    Meanwhile no other admin can decide it, and the vendor cannot change what is reviewed.
    """
    vendor_id, reason = context.path["vendor_id"], context.body["reason"]
    return Answer(reviewed(await reviews.claim(context.world, context.actor, vendor_id, reason)))


def reviewed(vendor: Vendor) -> dict[str, Any]:
    """A vendor as `ReviewedVendorView` shows it."""
    return {**asdict(vendor), "waiting_since": rules.waiting_since(vendor)}


def _decide(decision: str) -> Handler:
    async def decide(context: RequestContext) -> Answer:
        vendor = await reviews.decide(
            context.world,
            context.actor,
            context.path["vendor_id"],
            rules.DECISIONS[decision],
            context.body["reason"],
            context.body.get("steps", ()),
        )
        return Answer(reviewed(vendor))

    decide.__name__ = f"{decision.replace('-', '_')}_vendor"
    if decision == "request-changes":
        decide.__name__ = "request_vendor_changes"
    decide.__doc__ = (
        f"{_ABOUT[decision]}\n\n"
        "Changes of an approved profile have to be claimed first. The vendor is told the reason."
    )
    return decide


for _decision in rules.DECISIONS:
    ROUTES.add(
        "POST",
        f"/v1/admin/vendors/{{vendor_id}}/{_decision}",
        _decide(_decision),
        body=RequestChanges() if _decision == "request-changes" else Decision(),
        answer=ReviewedVendorView(),
        errors=[Code.FORBIDDEN, Code.WRONG_STATE],
    )
