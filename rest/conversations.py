"""Conversations for apps without a socket: list, read, send."""

import re
from dataclasses import asdict
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from marketplace.actions import conversations, feeds, memberships
from marketplace.actions.conversations import ConversationSummary
from marketplace.domain.feeds import EntryPage
from marketplace.domain.pages import Page
from marketplace.errors import Code
from marketplace.schemas.conversations import (
    ListedConversation,
    MessageView,
    SendMessage,
)
from marketplace.schemas.entries import AnyEntry
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.strict import Strict
from marketplace.schemas.views import block_state, entry_page_view, message_view
from rest.context import Answer, RequestContext
from rest.idempotency import REPLAYED
from rest.operations import IN_MESSAGE, Routes
from rest.queries import Number, PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("Conversations")
_CURSOR = re.compile(r"(after|before)([0-9]{1,16})")


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


@ROUTES.get("/v1/conversations", query=PageQuery(), answer=page_schema(ListedConversation))
async def list_conversations(context: RequestContext) -> Answer:
    """List the caller's conversations, newest first.

    `unread` counts the other side's messages after the caller's read position, except deleted ones.
    It stops at 100; show that as "99+". Sending a message moves the read position to that message.
    """
    page = await conversations.own_conversations(
        context.world, context.actor, page_request(context.query)
    )
    listed = tuple(_listed(summary, context.actor.account_id) for summary in page.items)
    return Answer(Page(listed, page.next_cursor))


@ROUTES.get("/v1/conversations/{conversation_id}", answer=ListedConversation())
async def get_conversation(context: RequestContext) -> Answer:
    """Get one of the caller's conversations.

    While either side blocks it, `is_open` is false; `blocked_by_me` says whether the caller blocks it.
    """
    conversation = await conversations.own_conversation(
        context.world, context.actor, context.path["conversation_id"]
    )
    (summary,) = await conversations.summaries(context.world, context.actor, [conversation])
    return Answer(_listed(summary, context.actor.account_id))


@ROUTES.get(
    "/v1/conversations/{conversation_id}/entries", query=EntriesQuery(), answer=EntriesView()
)
async def list_entries(context: RequestContext) -> Answer:
    """Read entries after or before a sequence, or the last ones if neither is given."""
    conversation = await conversations.own_conversation(
        context.world, context.actor, context.path["conversation_id"]
    )
    after, before = _ends(context.query)
    page = await feeds.read_entries(
        context.world,
        conversation,
        after=after,
        before=before,
        epoch=context.query["epoch"],
        limit=context.query["limit"],
    )
    view = entry_page_view(page)
    items = view.pop("entries")
    next_cursor = _next_cursor(page, is_forward=after is not None)
    return Answer({"items": items, "next_cursor": next_cursor, **view}, is_written=True)


@ROUTES.post(
    "/v1/conversations/{conversation_id}/messages",
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


def _listed(summary: ConversationSummary, account_id: str) -> dict[str, Any]:
    return {
        **asdict(summary.conversation),
        **block_state(summary.conversation, account_id),
        "head": summary.head,
        "read_sequence": summary.read_sequence,
        "unread": summary.unread,
    }


def _ends(query: dict[str, Any]) -> tuple[int | None, int | None]:
    """The sequence to read after, or the one to read before."""
    cursor = _CURSOR.fullmatch(query["cursor"] or "")
    if cursor is None:
        return query["after_sequence"], query["before_sequence"]
    sequence = int(cursor[2])
    return (sequence, None) if cursor[1] == "after" else (None, sequence)


def _next_cursor(page: EntryPage, *, is_forward: bool) -> str | None:
    if not page.has_more:
        return None
    if is_forward and not page.is_snapshot:
        return f"after{page.entries[-1].sequence}"
    return f"before{page.entries[0].sequence}"
