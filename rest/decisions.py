"""What the marketplace decided, by which rule, and from what."""

from marshmallow import fields

from marketplace.actions import decisions
from marketplace.domain.decisions import DecisionKind
from marketplace.errors import Code
from marketplace.schemas.decisions import DecisionRecordView
from marketplace.schemas.fields.words import Identifier
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Administration")


class DecisionsQuery(PageQuery):
    """Decisions about `subject` and of `kind`, or all."""

    subject = Identifier(load_default=None)
    kind = fields.Enum(DecisionKind, by_value=True, load_default=None)


@ROUTES.get(
    "/v1/admin/decisions",
    query=DecisionsQuery(),
    answer=page_schema(DecisionRecordView),
    errors=[Code.FORBIDDEN],
)
async def list_decisions(context: RequestContext) -> Answer:
    """List decisions (admins only), newest first.

    `subject` is the id of an RFI, a match, a vendor or a notification.
    """
    query = context.query
    found = await decisions.find(
        context.world, context.actor, query["subject"], query["kind"], page_request(query)
    )
    return Answer(found)
