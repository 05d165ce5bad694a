"""The caller's feed for apps without a socket: what Parley has told the account."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from marketplace.actions import feeds
from marketplace.domain.members import MemberRole
from marketplace.schemas.account_feed import FeedItemView, JoinedAccount
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.views import item_page_view
from rest.context import Answer, RequestContext
from rest.operations import Routes
from rest.queries import Number, PageQuery, next_direction, read_direction

ROUTES = Routes("Accounts")


class FeedQuery(PageQuery):
    """Items after `after_position`, or the newest ones.

    `epoch` is the epoch of the response that the number was taken from.
    """

    after_position = Number(load_default=None)
    epoch = Identifier(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _has_one_start(self, data: dict[str, Any], **_: Any) -> None:
        if data["cursor"] is not None and data["after_position"] is not None:
            raise ValidationError("Send next_cursor without after_position.", "cursor")


class FeedView(JoinedAccount):
    """A page of the account's feed, oldest first; `position` is the feed's highest.

    `next_cursor` continues in the requested direction.  If `is_snapshot` is true, the items are the
    newest ones and `next_cursor` leads to older ones: the request had no number, or its number was above
    the feed's position, too old, or of a different `epoch` than the one in this response.
    """

    items = fields.List(fields.Nested(FeedItemView), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


@ROUTES.get("/v1/me/feed", team=MemberRole.AGENT, query=FeedQuery(), answer=FeedView())
async def list_feed(context: RequestContext) -> Answer:
    """Read what Parley has told the account: matches, quotes, awards, decisions, notifications.

    Each item is a push that the account's apps got, with its name, data and number. At least the
    newest 1,000 items of the last 90 days are kept. Chat messages are not in the feed. A member of a
    vendor's team reads the vendor's feed.
    """
    query = context.query
    after, before = read_direction(query["cursor"])
    if query["cursor"] is None:
        after = query["after_position"]
    page = await feeds.read_items(
        context.world.store,
        context.actor.account_id,
        after=after,
        before=before,
        epoch=query["epoch"],
        limit=query["limit"],
    )
    next_cursor = next_direction(
        [item.position for item in page.items],
        has_more=page.has_more,
        is_forward=after is not None and not page.is_snapshot,
    )
    return Answer({**item_page_view(page), "next_cursor": next_cursor}, is_written=True)
