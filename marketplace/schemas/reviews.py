"""Reviews of vendors: what admins send, and what they see."""

from marshmallow import fields, validate

from marketplace.domain.vendor_reviews import Step
from marketplace.schemas.fields.texts import Text
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict
from marketplace.schemas.vendor_documents import VendorDocumentView
from marketplace.schemas.vendor_profiles import Steps, WholeVendorView

LONGEST_REASON = 500


class ClaimReview(Strict):
    """The body of POST /v1/admin/vendors/{id}/claim, which may be omitted."""

    reason = Text(load_default=None, allow_none=True, longest=LONGEST_REASON)


class Decision(Strict):
    """The body of POST /v1/admin/vendors/{id}/{decision}."""

    reason = Text(required=True, longest=LONGEST_REASON)


class RequestChanges(Decision):
    """The body of POST /v1/admin/vendors/{id}/request-changes."""

    steps = fields.List(one_of(Step), required=True, validate=validate.Length(min=1, max=len(Step)))


class ClaimView(Strict):
    """The admin who reviews the vendor, and until when nobody else may."""

    admin_id = Identifier(required=True)
    until = Moment(required=True)


class ReviewedVendorView(WholeVendorView):
    """A vendor as its reviewers see it; `waiting_since` is null if nothing waits for a review."""

    waiting_since = Moment(required=True, allow_none=True)
    claim = fields.Nested(ClaimView, required=True, allow_none=True)


class VendorFileView(ReviewedVendorView):
    """A vendor with the steps of its onboarding and its documents, as its reviewers see it."""

    steps = fields.Nested(Steps, required=True)
    optional_steps = fields.Nested(Steps, required=True)
    documents = fields.List(fields.Nested(VendorDocumentView), required=True)
