"""Quotes on an RFI."""

from marketplace.actions import quotes
from marketplace.domain.conversations import Entry
from marketplace.domain.quotes import Quote
from marketplace.errors import Code
from marketplace.schemas.quotes import QuoteRevisionView, QuoteView, SubmitQuote
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Routes
from rest.queries import PageQuery, numbered_page, page_request, slice_page
from rest.responses import page_schema

ROUTES = Routes("Quotes")


@ROUTES.get(
    "/v1/rfis/{rfi_id}/quotes",
    query=PageQuery(),
    answer=page_schema(QuoteView),
    errors=[Code.FORBIDDEN],
)
async def list_quotes(context: RequestContext) -> Answer:
    """List an RFI's quotes: all for its customer, a vendor's own for that vendor."""
    visible = await quotes.visible_quotes(context.world, context.actor, context.path["rfi_id"])
    return Answer(slice_page(visible, page_request(context.query), lambda quote: quote.id))


def _quoted(quote: Quote, *, is_new: bool) -> Answer:
    return Answer(quote, 201 if is_new else 200)


def _stored(result: tuple[Quote, Entry, bool]) -> Answer:
    quote, _, is_new = result
    return _quoted(quote, is_new=is_new)


@ROUTES.post(
    "/v1/rfis/{rfi_id}/quotes",
    body=SubmitQuote(),
    answers={201: QuoteView(), 200: QuoteView()},
    idempotency=Idempotency(_stored),
    errors=[Code.FORBIDDEN, Code.WRONG_STATE, Code.STALE_REVISION, Code.BLOCKED],
)
async def submit_quote(context: RequestContext) -> Answer:
    """Quote on an RFI whose match the vendor has accepted.

    The quote is pinned to `rfi_revision`, the revision that the vendor read. A second quote from the
    same vendor becomes the quote's next revision and returns 200.
    """
    quote, is_new = await quotes.submit(
        context.world, context.actor, context.path["rfi_id"], context.body
    )
    return _quoted(quote, is_new=is_new)


@ROUTES.get(
    "/v1/quotes/{quote_id}/revisions",
    query=PageQuery(),
    answer=page_schema(QuoteRevisionView),
    errors=[Code.FORBIDDEN],
)
async def list_quote_revisions(context: RequestContext) -> Answer:
    """List the figures of each revision of a quote, oldest first.

    Available to the customer, to admins, and to the vendor who submitted the quote.
    """
    page = page_request(context.query)
    after = int(page.before_id or 0)
    revisions = await quotes.visible_revisions(
        context.world, context.actor, context.path["quote_id"], after, page.limit + 1
    )
    return Answer(numbered_page(revisions, page, lambda revision: revision.revision))
