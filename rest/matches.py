"""Matches: an RFI offered to a vendor, who accepts or declines."""

from dataclasses import asdict

from marshmallow import fields

from marketplace.actions import matches
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.conversations import Entry
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.members import MemberRole
from marketplace.domain.pages import Page
from marketplace.errors import Code
from marketplace.schemas.matches import DeclineMatch, MatchView, MatchWithRfi
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Routes
from rest.queries import PageQuery, page_request, slice_page
from rest.responses import page_schema

ROUTES = Routes("Matches")


class MatchesQuery(PageQuery):
    """Matches in `state`, or in any state."""

    state = fields.Enum(MatchState, by_value=True, load_default=None)


@ROUTES.get(
    "/v1/rfis/{rfi_id}/matches",
    team=MemberRole.AGENT,
    query=PageQuery(),
    answer=page_schema(MatchView),
    errors=[Code.FORBIDDEN],
)
async def list_rfi_matches(context: RequestContext) -> Answer:
    """List an RFI's matches, closest first: all for its customer, a vendor's own for that vendor."""
    visible = await matches.visible_matches(context.world, context.actor, context.path["rfi_id"])
    return Answer(slice_page(visible, page_request(context.query), lambda match: match.id))


@ROUTES.get(
    "/v1/matches",
    team=MemberRole.AGENT,
    query=MatchesQuery(),
    answer=page_schema(MatchWithRfi),
    errors=[Code.FORBIDDEN],
)
async def list_matches(context: RequestContext) -> Answer:
    """List the calling vendor's matches with their RFIs, newest first."""
    page = await matches.own_matches(
        context.world, context.actor, context.query["state"], page_request(context.query)
    )
    items = tuple({**asdict(match), "rfi": rfi} for match, rfi in page.items)
    return Answer(Page(items, page.next_cursor))


def _accepted(match: Match) -> Answer:
    return Answer(match)


def _stored(result: tuple[Match, Entry, list[FeedItem]]) -> Answer:
    match, _, _ = result
    return _accepted(match)


@ROUTES.post(
    "/v1/matches/{match_id}/accept",
    team=MemberRole.AGENT,
    answer=MatchView(),
    idempotency=Idempotency(_stored),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE],
)
async def accept_match(context: RequestContext) -> Answer:
    """Accept an offer; `conversation_id` is the new conversation with the customer."""
    return _accepted(await matches.accept(context.world, context.actor, context.path["match_id"]))


@ROUTES.post(
    "/v1/matches/{match_id}/decline",
    team=MemberRole.AGENT,
    body=DeclineMatch(),
    is_body_optional=True,
    answer=MatchView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE],
)
async def decline_match(context: RequestContext) -> Answer:
    """Decline an offer, optionally with a reason."""
    match = await matches.decline(
        context.world, context.actor, context.path["match_id"], context.body["reason"]
    )
    return Answer(match)
