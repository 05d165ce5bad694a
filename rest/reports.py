"""Report a message; review and close reports as an admin."""

from marshmallow import fields

from marketplace.actions import reports
from marketplace.domain.members import MemberRole
from marketplace.domain.reports import Report, ReportReason, ReportState
from marketplace.errors import Code
from marketplace.schemas.reports import CloseReport, FiledReport, ReportMessage, ReportView
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Reports")


class ReportsQuery(PageQuery):
    """Reports in `state`, or in any state."""

    state = fields.Enum(ReportState, by_value=True, load_default=None)


def _filed(result: tuple[Report, bool]) -> Answer:
    report, is_new = result
    return Answer(report, 201 if is_new else 200)


@ROUTES.post(
    "/v1/conversations/{conversation_id}/messages/{message_id}/report",
    team=MemberRole.AGENT,
    body=ReportMessage(),
    answers={201: FiledReport(), 200: FiledReport()},
    idempotency=Idempotency(_filed),
    errors=[Code.FORBIDDEN],
)
async def report_message(context: RequestContext) -> Answer:
    """Report a message from the other participant to the admins.

    An account can report a message once: a second report returns 200 and the first report. The
    sender is not notified.
    """
    result = await reports.report_message(
        context.world,
        context.actor,
        context.path["conversation_id"],
        context.path["message_id"],
        ReportReason(context.body["reason"]),
        context.body["details"],
    )
    return _filed(result)


@ROUTES.get(
    "/v1/admin/reports",
    query=ReportsQuery(),
    answer=page_schema(ReportView),
    errors=[Code.FORBIDDEN],
)
async def list_reports(context: RequestContext) -> Answer:
    """List all reports (admins only), newest first, each with the message as it was reported."""
    page = page_request(context.query)
    return Answer(
        await reports.reports_of_state(context.world, context.actor, context.query["state"], page)
    )


@ROUTES.post(
    "/v1/admin/reports/{report_id}/close",
    body=CloseReport(),
    answer=ReportView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE],
)
async def close_report(context: RequestContext) -> Answer:
    """Close a report with a resolution (admins only)."""
    report = await reports.close(
        context.world, context.actor, context.path["report_id"], context.body["resolution"]
    )
    return Answer(report)
