"""Conversations for apps without a socket: read and send."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from marketplace.actions import conversations, feeds, memberships
from marketplace.domain.members import MemberRole
from marketplace.errors import Code
from marketplace.schemas.conversations import MessageView, SendMessage
from marketplace.schemas.entries import AnyEntry
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.strict import Strict
from marketplace.schemas.views import entry_page_view, message_view
from rest.context import Answer, RequestContext
from rest.idempotency import REPLAYED
from rest.operations import IN_MESSAGE, Routes
from rest.queries import Number, PageQuery, next_direction, read_direction

ROUTES = Routes("Conversations")


class EntriesQuery(PageQuery):
    """Entries after `after_sequence`, the last ones before `before_sequence`, or the last ones of all.

    `epoch` is the epoch of the response that the number was taken from.
    """

    after_sequence = Number(load_default=None)
    before_sequence = Number(load_default=None, least=1)
    epoch = Identifier(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _has_one_end(self, data: dict[str, Any], **_: Any) -> None:
        ends = [data["after_sequence"], data["before_sequence"], data["cursor"]]
        if sum(end is not None for end in ends) > 1:
            raise ValidationError("Send at most one of after_sequence, before_sequence and cursor.")


class EntriesView(Strict):
    """A page of entries, oldest first, and the conversation's `head`.

    `next_cursor` continues in the requested direction.  If `is_snapshot` is true, the items are the
    newest entries and `next_cursor` leads to older ones: the request had no number, or its number was
    above the head or belonged to a different `epoch` than the one in this response.
    """

    items = fields.List(AnyEntry(), required=True)
    next_cursor = fields.String(allow_none=True, required=True)
    head = Whole(required=True)
    has_more = Flag(required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


@ROUTES.get(
    "/v1/conversations/{conversation_id}/entries",
    team=MemberRole.AGENT,
    query=EntriesQuery(),
    answer=EntriesView(),
)
async def list_entries(context: RequestContext) -> Answer:
    """Read entries after or before a sequence, or the last ones if neither is given."""
    conversation = await conversations.own_conversation(
        context.world, context.actor, context.path["conversation_id"]
    )
    query = context.query
    after, before = read_direction(query["cursor"])
    if query["cursor"] is None:
        after, before = query["after_sequence"], query["before_sequence"]
    page = await feeds.read_entries(
        context.world,
        conversation,
        after=after,
        before=before,
        epoch=query["epoch"],
        limit=query["limit"],
    )
    view = entry_page_view(page)
    items = view.pop("entries")
    is_forward = after is not None and not page.is_snapshot
    numbers = [entry.sequence for entry in page.entries]
    next_cursor = next_direction(numbers, has_more=page.has_more, is_forward=is_forward)
    return Answer({"items": items, "next_cursor": next_cursor, **view}, is_written=True)


@ROUTES.post(
    "/v1/conversations/{conversation_id}/messages",
    team=MemberRole.AGENT,
    body=SendMessage(),
    answers={201: MessageView(), 200: MessageView()},
    idempotency=IN_MESSAGE,
    errors=[Code.CLIENT_MESSAGE_ID_REUSED, Code.FORBIDDEN, Code.BLOCKED],
)
async def send_message(context: RequestContext) -> Answer:
    """Send a message; the response is sent once the message is durable.

    A resend with the same `client_message_id` returns 200 and the first message, at any later time. A
    resend over the socket gets the first message too.
    """
    conversation = await conversations.own_conversation(
        context.world, context.actor, context.path["conversation_id"]
    )
    await memberships.require_may_write(context.world, context.actor)
    appended = await conversations.send_message(
        context.world, context.actor, conversation, **context.body, request=context.key
    )
    message = message_view(appended.entry)
    if not appended.is_new and context.key is not None and appended.entry.request == context.key:
        return Answer(message, 201, is_written=True, headers=REPLAYED)
    return Answer(message, 201 if appended.is_new else 200, is_written=True)
