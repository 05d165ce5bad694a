"""Quotes on an RFI."""

from marketplace.actions import quote_reading, quotes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.conversations import Entry
from marketplace.domain.members import MemberRole
from marketplace.domain.quotes import Quote
from marketplace.errors import Code
from marketplace.schemas.quotes import (
    ConfirmQuote,
    DeclineQuote,
    QuoteRevisionView,
    QuoteView,
    SubmitQuote,
    WithdrawQuote,
)
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Routes
from rest.queries import PageQuery, numbered_page, page_request, slice_page
from rest.responses import page_schema

ROUTES = Routes("Quotes")


@ROUTES.get(
    "/v1/rfis/{rfi_id}/quotes",
    team=MemberRole.AGENT,
    query=PageQuery(),
    answer=page_schema(QuoteView),
    errors=[Code.FORBIDDEN],
)
async def list_quotes(context: RequestContext) -> Answer:
    """List an RFI's quotes: all for its customer, a vendor's own for that vendor.

    A quote is marked with `outdated_by_revision` if the RFI has changed since in a way that can change
    its price.
    """
    visible = await quote_reading.visible_quotes(
        context.world, context.actor, context.path["rfi_id"]
    )
    return Answer(slice_page(visible, page_request(context.query), lambda quote: quote.id))


def _quoted(quote: Quote) -> Answer:
    return Answer(quote, 201 if quote.revision == 1 else 200)


def _stored(result: tuple[Quote, Entry, list[FeedItem]]) -> Answer:
    quote, _, _ = result
    return _quoted(quote)


@ROUTES.post(
    "/v1/rfis/{rfi_id}/quotes",
    team=MemberRole.AGENT,
    body=SubmitQuote(),
    answers={201: QuoteView(), 200: QuoteView()},
    idempotency=Idempotency(_stored),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE, Code.STALE_REVISION, Code.BLOCKED],
)
async def submit_quote(context: RequestContext) -> Answer:
    """Quote on an RFI whose match the vendor has accepted.

    The quote is pinned to `rfi_revision`, the revision that the vendor read. A second quote from the
    same vendor becomes the quote's next revision and returns 200; so does a quote after one that was
    withdrawn, declined, or has expired.
    """
    quote, _ = await quotes.submit(
        context.world, context.actor, context.path["rfi_id"], context.body
    )
    return _quoted(quote)


@ROUTES.post(
    "/v1/quotes/{quote_id}/confirm",
    team=MemberRole.AGENT,
    body=ConfirmQuote(),
    is_body_optional=True,
    answer=QuoteView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE, Code.STALE_REVISION, Code.BLOCKED],
)
async def confirm_quote(context: RequestContext) -> Answer:
    """Confirm the calling vendor's quote, unchanged, for the RFI's current revision.

    The quote keeps its revision. If `rfi_revision` is sent and is not the current one, the
    confirmation is refused with `stale_revision`. Confirming a quote that is not outdated changes
    nothing.
    """
    quote = await quotes.confirm(
        context.world, context.actor, context.path["quote_id"], context.body["rfi_revision"]
    )
    return Answer(quote)


@ROUTES.post(
    "/v1/quotes/{quote_id}/withdraw",
    team=MemberRole.AGENT,
    body=WithdrawQuote(),
    is_body_optional=True,
    answer=QuoteView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE, Code.BLOCKED],
)
async def withdraw_quote(context: RequestContext) -> Answer:
    """Withdraw the calling vendor's quote, optionally with a reason; the vendor may quote again.

    Withdrawing twice changes nothing. An awarded quote cannot be withdrawn.
    """
    quote = await quotes.withdraw(
        context.world, context.actor, context.path["quote_id"], context.body["reason"]
    )
    return Answer(quote)


@ROUTES.post(
    "/v1/quotes/{quote_id}/decline",
    body=DeclineQuote(),
    is_body_optional=True,
    answer=QuoteView(),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE, Code.STALE_REVISION, Code.BLOCKED],
)
async def decline_quote(context: RequestContext) -> Answer:
    """Decline a quote on the calling customer's RFI, optionally with a reason; it may be revised.

    If `quote_revision` is sent and is not the current one, the refusal `stale_revision` states the
    current figures. Declining twice changes nothing.
    """
    quote = await quotes.decline(
        context.world,
        context.actor,
        context.path["quote_id"],
        context.body["quote_revision"],
        context.body["reason"],
    )
    return Answer(quote)


@ROUTES.get(
    "/v1/quotes/{quote_id}/revisions",
    team=MemberRole.AGENT,
    query=PageQuery(),
    answer=page_schema(QuoteRevisionView),
    errors=[Code.FORBIDDEN],
)
async def list_quote_revisions(context: RequestContext) -> Answer:
    """List the figures of each revision of a quote, oldest first, with what changed in each.

    Available to the customer, to admins, and to the vendor who submitted the quote.
    """
    page = page_request(context.query)
    after = int(page.before_id or 0)
    revisions = await quote_reading.visible_revisions(
        context.world, context.actor, context.path["quote_id"], after, page.limit + 1
    )
    return Answer(numbered_page(revisions, page, lambda revision: revision.revision))
