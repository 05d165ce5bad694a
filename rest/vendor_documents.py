"""A vendor's own documents."""

from marketplace.actions import uploads, vendor_documents
from marketplace.domain.members import MemberRole
from marketplace.domain.pages import Page
from marketplace.domain.vendor_documents import VendorDocument
from marketplace.errors import Code, ParleyError
from marketplace.schemas.vendor_documents import (
    NewVendorDocument,
    VendorDocumentForm,
    VendorDocumentView,
)
from rest.bodies import media_type_of
from rest.context import Answer, RequestContext
from rest.operations import Idempotency, Received, Receiver, Routes
from rest.responses import page_schema
from rest.uploading import receive_form, receive_json

ROUTES = Routes("Vendors")
_DOCUMENT = NewVendorDocument()
_TEXTS = ("type", "category", "number", "expires_on")


async def _receive(context: RequestContext) -> Received:
    """A document as JSON, or with its file in a form."""
    await vendor_documents.require_may_add(context.world, context.actor)
    media_type = media_type_of(context.request)
    if media_type == "multipart/form-data":
        return await receive_form(context, _DOCUMENT, _TEXTS)
    if media_type == "application/json":
        return await receive_json(context, _DOCUMENT)
    raise ParleyError(
        Code.UNSUPPORTED_MEDIA_TYPE,
        "Send multipart/form-data with the file, or application/json without one.",
    )


def _created(document: VendorDocument) -> Answer:
    return Answer(document, 201)


@ROUTES.post(
    "/v1/vendors/me/documents",
    receiver=Receiver(
        {"multipart/form-data": VendorDocumentForm(), "application/json": _DOCUMENT}, _receive
    ),
    answers={201: VendorDocumentView()},
    location="/v1/vendors/me/documents/{id}",
    idempotency=Idempotency(_created),
    team=MemberRole.OWNER,
    errors=[Code.FORBIDDEN, Code.NOT_FOUND, Code.WRONG_STATE, Code.AT_CAPACITY],
)
async def add_vendor_document(context: RequestContext) -> Answer:
    """Add a document, such as a licence or an insurance, with its file.

    Send the file as the last field, `file`, of a form: an image or a PDF. Or upload it before, and
    send its `attachment_id` as JSON.

    A document is checked with the application. One of an approved vendor is checked by itself, and
    the profile stays in force meanwhile. `expires_on` is its last day.
    """
    details = dict(context.body)
    upload_id = details.pop("upload_id", None)
    if upload_id is not None:
        # Not under the request's key: the stored answer is the document's.
        world = context.service.parts.world
        upload = await uploads.own_upload(world, context.actor, upload_id)
        details["attachment_id"] = (await uploads.finish(world, upload)).id
    return _created(await vendor_documents.add(context.world, context.actor, details))


@ROUTES.get(
    "/v1/vendors/me/documents",
    team=MemberRole.OWNER,
    answer=page_schema(VendorDocumentView),
    errors=[Code.FORBIDDEN],
)
async def list_vendor_documents(context: RequestContext) -> Answer:
    """List the caller's documents, oldest first; there is one page."""
    found = await vendor_documents.own_documents(context.world, context.actor)
    return Answer(Page(tuple(found), None))


@ROUTES.get(
    "/v1/vendors/me/documents/{document_id}",
    team=MemberRole.OWNER,
    answer=VendorDocumentView(),
    errors=[Code.FORBIDDEN],
)
async def get_vendor_document(context: RequestContext) -> Answer:
    """Get one of the caller's documents."""
    document_id = context.path["document_id"]
    return Answer(await vendor_documents.own_document(context.world, context.actor, document_id))


@ROUTES.delete(
    "/v1/vendors/me/documents/{document_id}",
    team=MemberRole.OWNER,
    answers={204: None},
    errors=[Code.FORBIDDEN, Code.WRONG_STATE],
)
async def delete_vendor_document(context: RequestContext) -> Answer:
    """Delete one of the caller's documents, unless the approved profile needs it."""
    await vendor_documents.remove(context.world, context.actor, context.path["document_id"])
    return Answer(status=204)
