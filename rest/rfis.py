"""Draft, revise, submit, extend, withdraw, close and copy an RFI; the feed of its changes."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from marketplace.actions import feeds, lifetimes, rfis
from marketplace.domain.members import MemberRole
from marketplace.domain.rfis import CloseReason, Rfi
from marketplace.errors import Code
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.rfis import (
    CloseRfi,
    DraftRfi,
    ExtendRfi,
    ReviseRfi,
    RevisionView,
    RfiView,
)
from marketplace.schemas.strict import Strict
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Routes
from rest.queries import Number, PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("RFIs")


class ChangesQuery(PageQuery):
    """Changes after `after_revision`, or after the previous page's cursor."""

    after_revision = Number(load_default=None)
    epoch = Identifier(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _has_one_start(self, data: dict[str, Any], **_: Any) -> None:
        if data["cursor"] is not None and data["after_revision"] is not None:
            raise ValidationError("Send next_cursor without after_revision.", "cursor")


class ChangesView(Strict):
    """A page of revisions, oldest first; `next_cursor` leads to the next page and is null on the last.

    `head` is the RFI's current revision.  If `is_snapshot` is true, the items are the newest revisions
    and do not continue from the requested number: it was above the head, or belonged to a different
    `epoch` than the one in this response.
    """

    items = fields.List(fields.Nested(RevisionView), required=True)
    next_cursor = fields.String(allow_none=True, required=True)
    head = Whole(required=True)
    epoch = Identifier(required=True)
    is_snapshot = Flag(required=True)


def _drafted(rfi: Rfi) -> Answer:
    return Answer(rfi, 201)


@ROUTES.post(
    "/v1/rfis",
    body=DraftRfi(),
    answers={201: RfiView()},
    gives_revision=True,
    location="/v1/rfis/{id}",
    idempotency=Idempotency(_drafted),
    errors=[Code.FORBIDDEN],
)
async def draft_rfi(context: RequestContext) -> Answer:
    """Draft an RFI; only its customer sees it until it is submitted."""
    return _drafted(await rfis.draft(context.world, context.actor, context.body))


@ROUTES.get("/v1/rfis", query=PageQuery(), answer=page_schema(RfiView), errors=[Code.FORBIDDEN])
async def list_rfis(context: RequestContext) -> Answer:
    """List the calling customer's RFIs, newest first; vendors list their matches instead."""
    return Answer(await rfis.own_rfis(context.world, context.actor, page_request(context.query)))


@ROUTES.get(
    "/v1/rfis/{rfi_id}",
    team=MemberRole.AGENT,
    answer=RfiView(),
    gives_revision=True,
    errors=[Code.FORBIDDEN],
)
async def get_rfi(context: RequestContext) -> Answer:
    """Get an RFI; available to its customer, to admins, and to the vendors on it.

    A vendor can no longer see the RFI after declining it, or after the RFI moved out of its reach.
    """
    return Answer(await rfis.visible_rfi(context.world, context.actor, context.path["rfi_id"]))


@ROUTES.patch(
    "/v1/rfis/{rfi_id}",
    body=ReviseRfi(),
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    errors=[Code.WRONG_STATE, Code.AT_CAPACITY],
)
async def revise_rfi(context: RequestContext) -> Answer:
    """Change fields of a draft or open RFI; omitted fields stay unchanged.

    Each change creates a revision. A request that changes no value creates none.
    """
    rfi = await rfis.revise(
        context.world,
        context.actor,
        context.path["rfi_id"],
        context.expected_revisions,
        context.body,
    )
    return Answer(rfi)


@ROUTES.post(
    "/v1/rfis/{rfi_id}/submit",
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    errors=[Code.WRONG_STATE, Code.AT_CAPACITY, Code.EMAIL_UNVERIFIED],
)
async def submit_rfi(context: RequestContext) -> Answer:
    """Submit a draft: open it for matching with the closest vendors.

    Limits apply to an account's open RFIs, to the vendors they ask for in total, and to its
    submissions in 24 hours. A deployment may require a verified email address.
    """
    rfi_id = context.path["rfi_id"]
    return Answer(
        await rfis.submit(context.world, context.actor, rfi_id, context.expected_revisions)
    )


@ROUTES.post(
    "/v1/rfis/{rfi_id}/withdraw",
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    errors=[Code.WRONG_STATE],
)
async def withdraw_rfi(context: RequestContext) -> Answer:
    """Withdraw an RFI; this also closes its matches and quotes."""
    rfi_id = context.path["rfi_id"]
    return Answer(
        await rfis.withdraw(context.world, context.actor, rfi_id, context.expected_revisions)
    )


@ROUTES.post(
    "/v1/rfis/{rfi_id}/close",
    body=CloseRfi(),
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    errors=[Code.WRONG_STATE],
)
async def close_rfi(context: RequestContext) -> Answer:
    """Close an RFI without an award, and say why; this also closes its matches and quotes.

    The RFI is then `withdrawn`, with the reason in `ended_reason`.
    """
    rfi = await rfis.close(
        context.world,
        context.actor,
        context.path["rfi_id"],
        context.expected_revisions,
        CloseReason(context.body["reason"]),
    )
    return Answer(rfi)


@ROUTES.post(
    "/v1/rfis/{rfi_id}/extend",
    body=ExtendRfi(),
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    errors=[Code.WRONG_STATE],
)
async def extend_rfi(context: RequestContext) -> Answer:
    """Let a draft or open RFI expire later than its `expires_at`, at most 90 days from now."""
    rfi = await lifetimes.extend(
        context.world,
        context.actor,
        context.path["rfi_id"],
        context.expected_revisions,
        context.body["until"],
    )
    return Answer(rfi)


@ROUTES.post(
    "/v1/rfis/{rfi_id}/copy",
    answers={201: RfiView()},
    gives_revision=True,
    location="/v1/rfis/{id}",
    idempotency=Idempotency(_drafted),
)
async def copy_rfi(context: RequestContext) -> Answer:
    """Create a draft with the content of an own RFI in any state.

    A past `needed_by` is left out, and so are the attachments, each of which belongs to one RFI.
    """
    return _drafted(await rfis.copy(context.world, context.actor, context.path["rfi_id"]))


@ROUTES.get(
    "/v1/rfis/{rfi_id}/changes",
    team=MemberRole.AGENT,
    query=ChangesQuery(),
    answer=ChangesView(),
    errors=[Code.FORBIDDEN],
)
async def list_rfi_changes(context: RequestContext) -> Answer:
    """List the RFI's changes after a revision, oldest first and without gaps.

    Each revision has the old and new value of every changed field, who changed them, and why.
    """
    request = page_request(context.query)
    page = await feeds.read_revisions(
        context.world,
        context.actor,
        context.path["rfi_id"],
        after=context.query["after_revision"] or int(request.before_id or 0),
        epoch=context.query["epoch"],
        limit=request.limit,
    )
    last = page.revisions[-1].revision if page.revisions else page.head
    body = {
        "items": page.revisions,
        "next_cursor": str(last) if last < page.head else None,
        "head": page.head,
        "epoch": page.epoch,
        "is_snapshot": page.is_snapshot,
    }
    return Answer(body)
