"""Draft, revise, submit, withdraw and award an RFI; the feed of its changes."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from marketplace.actions import rfis
from marketplace.domain.rfis import Rfi
from marketplace.errors import Code
from marketplace.schemas.fields import Flag, Identifier, Strict, Whole
from marketplace.schemas.rfis import Award, DraftRfi, ReviseRfi, RevisionView, RfiView
from rest.context import Answer, RequestContext
from rest.operations import Once, Routes
from rest.queries import Number, PageQuery, page_request
from rest.responses import page_schema

ROUTES = Routes("RFIs")


class ChangesQuery(PageQuery):
    """Changes behind `after_revision`, or behind the last page's cursor."""

    after_revision = Number(load_default=None)
    epoch = Identifier(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _has_one_start(self, data: dict[str, Any], **_: Any) -> None:
        if data["cursor"] is not None and data["after_revision"] is not None:
            raise ValidationError("Send next_cursor without after_revision.", "cursor")


class ChangesView(Strict):
    """Some revisions, oldest first; `next_cursor` leads to the next ones, and is null at the end.

    `head` is the RFI's revision.  With `is_snapshot` they are the newest revisions, which do not follow
    on what was asked for: it was above the head, or of another `epoch` than the answer's.
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
    once=Once(_drafted),
    errors=[Code.FORBIDDEN],
)
async def draft_rfi(context: RequestContext) -> Answer:
    """Draft an RFI, seen by its customer alone until it is submitted."""
    return _drafted(await rfis.draft(context.world, context.actor, context.body))


@ROUTES.get("/v1/rfis", query=PageQuery(), answer=page_schema(RfiView), errors=[Code.FORBIDDEN])
async def list_rfis(context: RequestContext) -> Answer:
    """List one's own RFIs as a customer, newest first; vendors list their matches."""
    return Answer(await rfis.own_rfis(context.world, context.actor, page_request(context.query)))


@ROUTES.get("/v1/rfis/{rfi_id}", answer=RfiView(), gives_revision=True, errors=[Code.FORBIDDEN])
async def get_rfi(context: RequestContext) -> Answer:
    """See an RFI: its customer, admins, and the vendors on it.

    A vendor that declined, or whose reach the RFI left, sees it no more.
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
    """Change fields of a draft or an open RFI; what is left out stays.

    Each change makes a revision; nothing happens when nothing differs.
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
    errors=[Code.WRONG_STATE, Code.AT_CAPACITY],
)
async def submit_rfi(context: RequestContext) -> Answer:
    """Open a draft for matching with the closest vendors.

    An account has so many open RFIs, so many vendors on them together, and so many submissions in 24
    hours.
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
    """Take an RFI back; its matches and quotes are closed with it."""
    rfi_id = context.path["rfi_id"]
    return Answer(
        await rfis.withdraw(context.world, context.actor, rfi_id, context.expected_revisions)
    )


@ROUTES.post(
    "/v1/rfis/{rfi_id}/award",
    body=Award(),
    answer=RfiView(),
    gives_revision=True,
    needs_revision=True,
    errors=[Code.WRONG_STATE],
)
async def award_rfi(context: RequestContext) -> Answer:
    """Give the RFI to the vendor of one quote; the other matches and quotes are closed with it.

    `quote_revision` is the revision of the quote that the customer decided on. When the vendor has
    quoted again since, the award is refused with `stale_revision`, saying what the quote is now.
    """
    rfi = await rfis.award(
        context.world,
        context.actor,
        context.path["rfi_id"],
        context.expected_revisions,
        context.body["quote_id"],
        context.body["quote_revision"],
    )
    return Answer(rfi)


@ROUTES.get(
    "/v1/rfis/{rfi_id}/changes",
    query=ChangesQuery(),
    answer=ChangesView(),
    errors=[Code.FORBIDDEN],
)
async def list_rfi_changes(context: RequestContext) -> Answer:
    """Read the RFI's changes behind a revision, oldest first and without a hole.

    Each says which fields were what before and after, who did it and why.
    """
    page = page_request(context.query)
    after = context.query["after_revision"] or int(page.before_id or 0)
    found = await rfis.visible_revisions(
        context.world,
        context.actor,
        context.path["rfi_id"],
        after,
        page.limit,
        context.query["epoch"],
    )
    last = found.revisions[-1].revision if found.revisions else found.head
    body = {
        "items": found.revisions,
        "next_cursor": str(last) if last < found.head else None,
        "head": found.head,
        "epoch": found.epoch,
        "is_snapshot": found.is_snapshot,
    }
    return Answer(body)
