"""Report a message; list and close reports."""

from marketplace.actions.events import event
from marketplace.domain import conversations, reports
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.reports import Report, ReportReason, ReportState
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Repositories, World
from marketplace.schemas.reports import ReportView

_REPORT = ReportView()


async def report_message(
    world: World,
    actor: Actor,
    conversation_id: str,
    message_id: str,
    reason: ReportReason,
    details: str | None,
) -> tuple[Report, bool]:
    """Report a message of the other side, once; another report of it returns the first one.

    Returns the report, and whether it is new.

    Raises:
        ParleyError: `not_found`; `forbidden` for the actor's own message.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Report, bool]:
        found = await tx.conversations.get(conversation_id)
        conversation = conversations.require_participant(found, actor)
        message = reports.require_reportable(await tx.entries.get(message_id), conversation, actor)
        first = await tx.reports.of_reporter(message_id, actor.account_id)
        if first is not None:
            return first, False
        report = Report(
            id=new_id(),
            state=ReportState.OPEN,
            reason=reason,
            details=details,
            conversation_id=conversation.id,
            rfi_id=conversation.rfi_id,
            message_id=message.id,
            sequence=message.sequence,
            sender_id=message.sender_id or "",
            body=reports.body_of(message, await tx.entries.edits(message.id)),
            reporter_id=actor.account_id,
            created_at=now,
        )
        await tx.reports.add(report)
        data = {"report": _REPORT.write(report)}
        await tx.outbox.add(event("message.reported", conversation.id, now, actor, data))
        return report, True

    return await world.store.transact(work)


async def reports_of_state(
    world: World, actor: Actor, state: ReportState | None, request: PageRequest
) -> Page[Report]:
    """Reports in a state, or in any, newest first.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin.
    """
    actor.require(Role.ADMIN)
    return await world.store.reports.of_state(state, request)


async def close(world: World, actor: Actor, report_id: str, resolution: str) -> Report:
    """Close a report with the admin's decision.

    Raises:
        ParleyError: `forbidden` unless the actor is an admin, `not_found`, `wrong_state`.
    """
    actor.require(Role.ADMIN)
    now = world.clock.now()

    async def work(tx: Repositories) -> Report:
        found = await tx.reports.get(report_id)
        if found is None:
            raise ParleyError(Code.NOT_FOUND, "There is no report with this id.")
        closed = reports.close(found, resolution, actor, now)
        await tx.reports.save(closed, ReportState.OPEN)
        data = {"report": _REPORT.write(closed)}
        await tx.outbox.add(event("report.closed", closed.conversation_id, now, actor, data))
        return closed

    return await world.store.transact(work)
