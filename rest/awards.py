"""Award an RFI to a quote, and cancel the award."""

from marketplace.actions import awards
from marketplace.actions.closing import Closing
from marketplace.domain.rfis import Rfi
from marketplace.errors import Code
from marketplace.schemas.rfis import Award, CancelAward, RfiView
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Routes

ROUTES = Routes("RFIs")


def _awarded(rfi: Rfi) -> Answer:
    return Answer(rfi)


def _stored(closing: Closing) -> Answer:
    return _awarded(closing.rfi)


@ROUTES.post(
    "/v1/rfis/{rfi_id}/award",
    body=Award(),
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    idempotency=Idempotency(_stored),
    errors=[Code.WRONG_STATE],
)
async def award_rfi(context: RequestContext) -> Answer:
    """Award an RFI to the vendor of one quote; this also closes the other matches and quotes.

    `quote_revision` is the revision of the quote that the customer decided on. If the vendor has
    revised the quote since, the award is refused with `stale_revision`, which states the current
    figures. If the RFI has changed since the quote in a way that can change its price, and the vendor
    has not confirmed it (`outdated_by_revision` of the quote), the answer has `is_award_outdated`.
    The award can be cancelled until `award_cancellable_until`.
    """
    rfi = await awards.award(
        context.world,
        context.actor,
        context.path["rfi_id"],
        context.expected_revisions,
        context.body["quote_id"],
        context.body["quote_revision"],
    )
    return _awarded(rfi)


@ROUTES.post(
    "/v1/rfis/{rfi_id}/cancel-award",
    body=CancelAward(),
    is_body_optional=True,
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    errors=[Code.WRONG_STATE, Code.AT_CAPACITY, Code.BLOCKED],
)
async def cancel_award(context: RequestContext) -> Answer:
    """Cancel an award until `award_cancellable_until`: the RFI is open again.

    The matches and quotes that the award closed are as they were before it, and so is the quote that
    had won; decline it if it is not to win again. A vendor that has no free place any more, or was
    suspended, does not return, and other vendors are asked for its place. Quotes that have expired
    since stay closed. Offers get their whole time again, and the RFI at least three days. Every
    vendor whose conversation this concerns gets a notice, and the vendor that had won an email and
    an SMS.
    """
    rfi = await awards.cancel(
        context.world,
        context.actor,
        context.path["rfi_id"],
        context.expected_revisions,
        context.body["reason"],
    )
    return _awarded(rfi)
