"""The inbox: the caller's conversations, the one with the newest entry first."""

from marshmallow import fields

from marketplace.actions import inbox
from marketplace.domain.accounts import Actor
from marketplace.domain.inbox import InboxQuery, InboxRow, InboxState
from marketplace.domain.members import MemberRole
from marketplace.ports import World
from marketplace.schemas.fields.texts import Line
from marketplace.schemas.inbox import ListedConversation
from marketplace.schemas.views import inbox_row_view
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import PageQuery, YesOrNo
from rest.responses import page_schema

ROUTES = Routes("Conversations")
LONGEST_SEARCH = 100


class ConversationsQuery(PageQuery):
    """Conversations in `state`; only unread or only read ones; those that `q` is found in.

    `q` is searched in the other side's name and in the RFI's title, whatever its case.
    """

    state = fields.Enum(InboxState, by_value=True, load_default=InboxState.ACTIVE)
    unread = YesOrNo(load_default=None)
    q = Line(longest=LONGEST_SEARCH, load_default=None)


@ROUTES.get(
    "/v1/conversations",
    team=MemberRole.AGENT,
    query=ConversationsQuery(),
    answer=page_schema(ListedConversation),
)
async def list_conversations(context: RequestContext) -> Answer:
    """List the caller's conversations, the one with the newest entry first.

    Archived conversations are listed only with `state=archived` or `state=any`. An entry that was
    added before the request is always taken into account. A page may have fewer items than `limit`,
    or none, and still have a `next_cursor`.

    `unread` counts the other side's messages after the caller's read position, except deleted ones.
    It stops at 100; show that as "99+". Sending a message moves the read position to that message.
    """
    query, cursor = context.query, context.query["cursor"]
    asked = InboxQuery(
        account_id=context.actor.account_id,
        limit=query["limit"],
        state=query["state"],
        is_unread=query["unread"],
        text=query["q"],
    )
    if cursor is not None:
        asked = asked.continued(cursor)
    page = await context.world.store.inbox.page(asked)
    items = [inbox_row_view(row) for row in page.items]
    return Answer({"items": items, "next_cursor": page.next_cursor}, is_written=True)


@ROUTES.get(
    "/v1/conversations/{conversation_id}", team=MemberRole.AGENT, answer=ListedConversation()
)
async def get_conversation(context: RequestContext) -> Answer:
    """Get one of the caller's conversations.

    While either side blocks it, `is_open` is false; `blocked_by_me` says whether the caller blocks it.
    """
    row = await inbox.own_row(context.world, context.actor, context.path["conversation_id"])
    return _answer(row)


@ROUTES.post(
    "/v1/conversations/{conversation_id}/mute", team=MemberRole.AGENT, answer=ListedConversation()
)
async def mute_conversation(context: RequestContext) -> Answer:
    """Mute a conversation for the caller, until `unmute`. The call is idempotent.

    It stays in the list and keeps counting; apps should not make a sound for it.
    """
    return _answer(await inbox.mute(*_about(context), is_muted=True))


@ROUTES.post(
    "/v1/conversations/{conversation_id}/unmute", team=MemberRole.AGENT, answer=ListedConversation()
)
async def unmute_conversation(context: RequestContext) -> Answer:
    """End the muting of a conversation. The call is idempotent."""
    return _answer(await inbox.mute(*_about(context), is_muted=False))


@ROUTES.post(
    "/v1/conversations/{conversation_id}/archive",
    team=MemberRole.AGENT,
    answer=ListedConversation(),
)
async def archive_conversation(context: RequestContext) -> Answer:
    """Archive a conversation for the caller. The call is idempotent.

    Its next entry, from either side, brings it back. The other side notices nothing.
    """
    return _answer(await inbox.archive(*_about(context)))


@ROUTES.post(
    "/v1/conversations/{conversation_id}/unarchive",
    team=MemberRole.AGENT,
    answer=ListedConversation(),
)
async def unarchive_conversation(context: RequestContext) -> Answer:
    """Return an archived conversation to the list. The call is idempotent."""
    return _answer(await inbox.unarchive(*_about(context)))


def _about(context: RequestContext) -> tuple[World, Actor, str]:
    return context.world, context.actor, context.path["conversation_id"]


def _answer(row: InboxRow) -> Answer:
    return Answer(inbox_row_view(row), is_written=True)
