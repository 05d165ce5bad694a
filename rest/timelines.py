"""Everything that happened to an RFI, in one list."""

from marketplace.actions import timelines
from marketplace.domain.members import MemberRole
from marketplace.domain.pages import Page
from marketplace.errors import Code
from marketplace.schemas.timelines import TimelineItemView, timeline_item_view
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("RFIs")


@ROUTES.get(
    "/v1/rfis/{rfi_id}/timeline",
    team=MemberRole.AGENT,
    query=PageQuery(),
    answer=page_schema(TimelineItemView),
    errors=[Code.FORBIDDEN],
)
async def list_rfi_timeline(context: RequestContext) -> Answer:
    """List what happened to an RFI, newest first: revisions, matches, quotes, notices, decisions.

    The customer and admins see everything. A vendor sees the RFI's revisions since its submission,
    and otherwise only what concerns its own match.
    """
    page = await timelines.visible_timeline(
        context.world, context.actor, context.path["rfi_id"], page_request(context.query)
    )
    return Answer(Page(tuple(map(timeline_item_view, page.items)), page.next_cursor))
