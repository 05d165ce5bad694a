"""The audit trail."""

from marketplace.actions import audit
from marketplace.errors import Code
from marketplace.schemas.audit import AuditRecordView
from marketplace.schemas.fields.words import Identifier
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Administration")


class AuditQuery(PageQuery):
    """Records about `subject`, of what `actor` did, or all."""

    subject = Identifier(load_default=None)
    actor = Identifier(load_default=None)


@ROUTES.get(
    "/v1/admin/audit",
    query=AuditQuery(),
    answer=page_schema(AuditRecordView),
    errors=[Code.FORBIDDEN],
)
async def list_audit_records(context: RequestContext) -> Answer:
    """List what was changed (admins only), newest first.

    `subject` is the id of a vendor, `actor` that of an account.
    """
    query = context.query
    return Answer(
        await audit.find(
            context.world, context.actor, query["subject"], query["actor"], page_request(query)
        )
    )
