"""The timeline of an RFI."""

from typing import Any

from marshmallow import fields

from marketplace.domain.matches import MatchState
from marketplace.domain.quotes import QuoteState
from marketplace.domain.timelines import Source, TimelineItem
from marketplace.schemas.decisions import DecisionSummary
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.rfis import RevisionView
from marketplace.schemas.strict import Strict


class MatchStepView(Strict):
    """A vendor was offered the RFI, accepted, declined, or was closed; `reason` says why."""

    match_id = Identifier(required=True)
    vendor_id = Identifier(required=True)
    vendor_name = fields.String(required=True)
    state = one_of(MatchState, required=True)
    reason = fields.String(allow_none=True)


class QuoteStepView(Strict):
    """A quote was submitted or revised (`submitted`), awarded, or closed; `reason` says why."""

    quote_id = Identifier(required=True)
    vendor_id = Identifier(required=True)
    vendor_name = fields.String(required=True)
    state = one_of(QuoteState, required=True)
    revision = Whole(required=True)
    amount_minor = Whole(required=True)
    currency = fields.String(required=True)
    reason = fields.String(allow_none=True)


class NoticeStepView(Strict):
    """A notice in one of the RFI's conversations."""

    conversation_id = Identifier(required=True)
    sequence = Whole(required=True)
    code = fields.String(required=True)
    data = fields.Dict(allow_none=True)


class TimelineItemView(Strict):
    """One thing that happened; the field that `kind` names is set, and the others are null."""

    id = fields.String(required=True)
    at = Moment(required=True)
    kind = one_of(Source, required=True)
    revision = fields.Nested(RevisionView, allow_none=True)
    match = fields.Nested(MatchStepView, allow_none=True)
    quote = fields.Nested(QuoteStepView, allow_none=True)
    notice = fields.Nested(NoticeStepView, allow_none=True)
    decision = fields.Nested(DecisionSummary, allow_none=True)


def timeline_item_view(item: TimelineItem) -> dict[str, Any]:
    """What `TimelineItemView` dumps."""
    position = item.position
    return {
        "id": f"{position.source}:{position.key}",
        "at": position.at,
        "kind": position.source,
        **dict.fromkeys(Source),
        position.source: item.happening,
    }
