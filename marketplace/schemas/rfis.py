"""RFIs: what a customer writes, how an RFI looks, and how a change is described."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from marketplace.domain.rfis import MAX_VENDORS, BudgetVisibility, CloseReason, RfiState
from marketplace.domain.visibility import Visibility
from marketplace.schemas.fields.attributes import Attributes
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.places import Place
from marketplace.schemas.fields.texts import Line, Text, Unicode
from marketplace.schemas.fields.times import Moment, written
from marketplace.schemas.fields.words import Identifier, currency, one_of
from marketplace.schemas.strict import Strict


def budget_visibility(**named: Any) -> fields.String:
    """Whether vendors see the budget before they accept."""
    return one_of(BudgetVisibility, **named)


class BudgetSchema(Strict):
    """A minimum and a maximum in minor units of one currency."""

    min_minor = Whole(required=True)
    max_minor = Whole(required=True)
    currency = currency(required=True)

    @validates_schema(skip_on_field_errors=True)
    def _is_ordered(self, data: dict[str, Any], **_: Any) -> None:
        if data["min_minor"] > data["max_minor"]:
            raise ValidationError("Must not be less than min_minor.", "max_minor")


class DraftRfi(Strict):
    """The body of POST /v1/rfis."""

    category = Unicode(required=True, validate=validate.Length(max=50))
    title = Line(required=True, longest=160)
    description = Text(required=True, longest=8_000)
    location = Place(required=True)
    area = Line(longest=100, load_default=None, allow_none=True)
    address = Text(longest=300, load_default=None, allow_none=True)
    needed_by = Moment(load_default=None, allow_none=True)
    budget = fields.Nested(BudgetSchema, load_default=None, allow_none=True)
    budget_visibility = budget_visibility(load_default=BudgetVisibility.HIDDEN.value)
    max_vendors = Whole(load_default=5, least=1, most=MAX_VENDORS)
    attributes = Attributes(load_default=dict)
    attachment_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=20))


class ReviseRfi(Strict):
    """The body of PATCH /v1/rfis/{id}: all fields are optional; omitted fields stay unchanged."""

    category = Unicode(validate=validate.Length(max=50))
    title = Line(longest=160)
    description = Text(longest=8_000)
    location = Place()
    area = Line(longest=100, allow_none=True)
    address = Text(longest=300, allow_none=True)
    needed_by = Moment(allow_none=True)
    budget = fields.Nested(BudgetSchema, allow_none=True)
    budget_visibility = budget_visibility()
    max_vendors = Whole(least=1, most=MAX_VENDORS)
    attributes = Attributes()
    attachment_ids = fields.List(Identifier(), validate=validate.Length(max=20))


class RfiView(Strict):
    """An RFI at `revision`.

    If `visibility` is `limited`, the values that a vendor sees only after accepting are withheld:
    `address` is null, `location` is rounded to about 1 km, and `budget` is null unless the customer
    shows it. `expires_at` is null once the RFI has ended. `ended_reason` says why a `withdrawn` RFI
    ended: `expired`, or the reason for which the customer closed it; null if it was withdrawn.
    `is_award_outdated` says that the RFI had changed since the awarded quote in a way that can change
    a price, and that the vendor had not confirmed it.
    """

    id = Identifier(required=True)
    customer_id = Identifier(required=True)
    state = one_of(RfiState, required=True)
    revision = Whole(required=True)
    category = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    location = Place(required=True)
    area = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    needed_by = Moment(allow_none=True)
    budget = fields.Nested(BudgetSchema, allow_none=True)
    budget_visibility = budget_visibility()
    max_vendors = Whole(required=True)
    attributes = fields.Dict(required=True)
    attachment_ids = fields.List(Identifier(), required=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)
    submitted_at = Moment(allow_none=True)
    awarded_quote_id = fields.String(allow_none=True)
    awarded_vendor_id = fields.String(allow_none=True)
    awarded_quote_revision = Whole(allow_none=True)
    is_award_outdated = Flag()
    award_cancellable_until = Moment(allow_none=True)
    expires_at = Moment(allow_none=True)
    ended_reason = fields.String(allow_none=True)
    visibility = one_of(Visibility, dump_default=Visibility.FULL.value)


class AnyValue(fields.Raw):
    """A value before or after a change; moments are written in the usual format."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return written(value) if hasattr(value, "astimezone") else value


class ChangeView(Strict):
    """One field's old and new value; `path` has a dot where it enters a nested object."""

    path = fields.String(required=True)
    old = AnyValue(required=True, allow_none=True)
    new = AnyValue(required=True, allow_none=True)


class ActorView(Strict):
    """Who made the change."""

    account_id = fields.String(required=True)
    role = fields.String(required=True)


class RevisionView(Strict):
    """One revision of an RFI: what changed, who changed it and why."""

    rfi_id = Identifier(required=True)
    revision = Whole(required=True)
    at = Moment(required=True)
    actor = fields.Function(
        lambda revision: {"account_id": revision.actor_id, "role": revision.actor_role},
        lambda value: value,
        required=True,
    )
    cause = fields.String(required=True)
    changes = fields.List(fields.Nested(ChangeView), required=True)
    budget_visibility = budget_visibility()


class CloseRfi(Strict):
    """The body of POST /v1/rfis/{id}/close."""

    reason = one_of(CloseReason, required=True)


class ExtendRfi(Strict):
    """The body of POST /v1/rfis/{id}/extend: when the RFI is to expire."""

    until = Moment(required=True)


class Award(Strict):
    """The body of POST /v1/rfis/{id}/award.

    It names the quote and the revision of it that the customer decided on.
    """

    quote_id = Identifier(required=True)
    quote_revision = Whole(required=True, least=1)


class CancelAward(Strict):
    """The body of POST /v1/rfis/{id}/cancel-award: what the vendor that had won is told."""

    reason = Text(longest=500, load_default=None, allow_none=True)
