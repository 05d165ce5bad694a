"""A vendor's documents."""

from marshmallow import fields, validate

from marketplace.domain.vendor_documents import DocumentState, DocumentType
from marketplace.schemas.fields.texts import Line, Unicode
from marketplace.schemas.fields.times import Day, Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict


class NewVendorDocument(Strict):
    """The body of POST /v1/vendors/me/documents; without a category it counts for all of them.

    `attachment_id` is that of an uploaded image or PDF.
    """

    type = one_of(DocumentType, required=True)
    category = Unicode(load_default=None, allow_none=True, validate=validate.Length(max=50))
    number = Line(load_default=None, allow_none=True, longest=100)
    expires_on = Day(load_default=None, allow_none=True)
    attachment_id = Identifier(load_default=None, allow_none=True)


class FileBytes(fields.Raw):
    """The file in a form, which is received in a stream."""


class VendorDocumentForm(Strict):
    """A document with its file, which comes last."""

    type = one_of(DocumentType, required=True)
    category = Unicode(validate=validate.Length(max=50))
    number = Line(longest=100)
    expires_on = Day()
    file = FileBytes(required=True)


class VendorDocumentView(Strict):
    """A document of a vendor; `reason` says why it was refused."""

    id = Identifier(required=True)
    type = one_of(DocumentType, required=True)
    category = fields.String(required=True, allow_none=True)
    number = fields.String(required=True, allow_none=True)
    expires_on = fields.String(required=True, allow_none=True)
    expires_at = Moment(required=True, allow_none=True)
    state = one_of(DocumentState, required=True)
    reason = fields.String(required=True, allow_none=True)
    attachment_id = Identifier(required=True, allow_none=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)
