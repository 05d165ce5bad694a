"""A vendor's team, and the conversations assigned within it."""

from collections.abc import Sequence
from typing import Any

from marketplace.actions import members, sessions
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.members import Assignment, Member, MemberRole
from marketplace.domain.pages import Page
from marketplace.errors import Code
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.invitations import InviteMember
from marketplace.schemas.members import AssignConversation, AssignmentView, ChangeRole, MemberView
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Routes
from rest.queries import PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Vendors")


class AssignmentsQuery(PageQuery):
    """Conversations assigned to `member`, or to anybody."""

    member = Identifier(load_default=None)


def _invited(stored: tuple[Member, Sequence[FeedItem]]) -> Answer:
    member, _ = stored
    return Answer(member, 201)


@ROUTES.post(
    "/v1/vendors/me/members",
    body=InviteMember(),
    answers={201: MemberView()},
    idempotency=Idempotency(_invited),
    team=MemberRole.OWNER,
    errors=[
        Code.FORBIDDEN,
        Code.NOT_FOUND,
        Code.EMAIL_TAKEN,
        Code.AT_CAPACITY,
        Code.STEP_UP_REQUIRED,
    ],
)
async def invite_member(context: RequestContext) -> Answer:
    """Invite somebody to the vendor's team, by email.

    An `agent` talks to customers, answers offers and quotes as the vendor; an `owner` also changes
    the profile, the documents and the team. They get an account, and choose its password themselves.
    """
    await sessions.require_step_up(context.world, context.access.session_id)
    context.service.limits.register(context.request.client_address, context.body["email"])
    role = MemberRole(context.body["role"])
    member = await members.invite(context.world, context.actor, context.body["email"], role)
    return Answer(member, 201)


@ROUTES.get(
    "/v1/vendors/me/members",
    answer=page_schema(MemberView),
    team=MemberRole.AGENT,
    errors=[Code.FORBIDDEN],
)
async def list_members(context: RequestContext) -> Answer:
    """List the vendor's team, without the vendor's own account; there is one page."""
    found = await members.team(context.world, context.actor)
    return Answer(Page(tuple(found), None))


@ROUTES.patch(
    "/v1/vendors/me/members/{account_id}",
    body=ChangeRole(),
    answer=MemberView(),
    team=MemberRole.OWNER,
    errors=[Code.FORBIDDEN, Code.STEP_UP_REQUIRED],
)
async def change_member(context: RequestContext) -> Answer:
    """Change a member's role; their next request is judged by it."""
    await sessions.require_step_up(context.world, context.access.session_id)
    role = MemberRole(context.body["role"])
    account_id = context.path["account_id"]
    return Answer(await members.change_role(context.world, context.actor, account_id, role))


@ROUTES.delete(
    "/v1/vendors/me/members/{account_id}",
    answers={204: None},
    team=MemberRole.OWNER,
    errors=[Code.FORBIDDEN],
)
async def remove_member(context: RequestContext) -> Answer:
    """Remove a member from the team: their log-ins and connections end at once."""
    ended = await members.remove(context.world, context.actor, context.path["account_id"])
    for session_id in ended:
        context.service.sessions.forget(session_id)
    return Answer(status=204)


@ROUTES.post(
    "/v1/conversations/{conversation_id}/assign",
    body=AssignConversation(),
    answer=AssignmentView(),
    team=MemberRole.AGENT,
    errors=[Code.FORBIDDEN],
)
async def assign_conversation(context: RequestContext) -> Answer:
    """Assign a conversation to a member of the team, to the vendor's own account, or to nobody.

    Only the team sees it.
    """
    conversation_id = context.path["conversation_id"]
    assigned = await members.assign(
        context.world, context.actor, conversation_id, context.body["account_id"]
    )
    if assigned is not None:
        return Answer(_view(assigned))
    now, by = context.world.clock.now(), context.actor.person_id
    return Answer(
        {"conversation_id": conversation_id, "account_id": None, "assigned_by": by, "at": now}
    )


@ROUTES.get(
    "/v1/vendors/me/assignments",
    query=AssignmentsQuery(),
    answer=page_schema(AssignmentView),
    team=MemberRole.AGENT,
    errors=[Code.FORBIDDEN],
)
async def list_assignments(context: RequestContext) -> Answer:
    """List the team's assigned conversations, the newest conversation first."""
    query = context.query
    found = await members.assignments(
        context.world, context.actor, query["member"], page_request(query)
    )
    return Answer(Page(tuple(map(_view, found.items)), found.next_cursor))


def _view(assignment: Assignment) -> dict[str, Any]:
    return {
        "conversation_id": assignment.id,
        "account_id": assignment.account_id,
        "assigned_by": assignment.assigned_by,
        "at": assignment.at,
    }
