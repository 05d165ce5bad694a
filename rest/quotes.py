"""Quotes on an RFI."""

from marketplace.actions import quotes
from marketplace.errors import Code
from marketplace.schemas.quotes import QuoteView, SubmitQuote
from rest.calls import Answer, Call
from rest.operations import PER_ACCOUNT, Routes
from rest.queries import PageQuery, cut, page_request
from rest.responses import page_schema

ROUTES = Routes("Quotes")


@ROUTES.get(
    "/v1/rfis/{rfi_id}/quotes",
    query=PageQuery(),
    answer=page_schema(QuoteView),
    errors=[Code.FORBIDDEN],
)
async def list_quotes(call: Call) -> Answer:
    """List the RFI's quotes: all for its customer, a vendor's own for the vendor."""
    found = await quotes.visible_quotes(call.world, call.actor, call.path["rfi_id"])
    return Answer(cut(found, page_request(call.query), lambda quote: quote.id))


@ROUTES.post(
    "/v1/rfis/{rfi_id}/quotes",
    body=SubmitQuote(),
    answers={201: QuoteView(), 200: QuoteView()},
    once=PER_ACCOUNT,
    errors=[Code.FORBIDDEN, Code.WRONG_STATE, Code.STALE_REVISION, Code.BLOCKED],
)
async def submit_quote(call: Call) -> Answer:
    """Quote on an RFI whose match one has accepted.

    The quote is pinned to `rfi_revision`, the revision the vendor looked at. A second quote of the
    same vendor replaces the first one's figures and is answered with 200.
    """
    quote, is_new = await quotes.submit(call.world, call.actor, call.path["rfi_id"], call.body)
    return Answer(quote, 201 if is_new else 200)
