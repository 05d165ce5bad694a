"""The OpenAPI document matches exactly what is served."""

import re

import pytest

from marketplace.errors import Code
from rest.app import OPERATIONS
from rest.documents.openapi import document
from tests.rest.documents.references import resolved_references
from tests.rest.people import Rest

DOCUMENT = document(OPERATIONS, "https://parley.example")
SCHEMAS = DOCUMENT["components"]["schemas"]
EVERY_OPERATION = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


async def test_every_route_is_documented_and_every_operation_is_served(rest: Rest) -> None:
    """The routes of the running app are exactly the document's operations."""
    served = {
        (method, "/" + re.sub(r"<(\w+):str>", r"{\1}", route.path))
        for route in rest.app.router.routes
        for method in route.methods
        if method != "HEAD"
    }

    documented = {(method, path) for method, path, _ in EVERY_OPERATION}

    assert served == documented


async def test_the_document_is_served(rest: Rest) -> None:
    """The served document is built from the operations, with our own address."""
    served = (await rest.client.get("/openapi.json")).json()

    assert served["openapi"].startswith("3.1")
    assert served["servers"] == [{"url": rest.parts.settings.public_url}]
    assert served["paths"] == DOCUMENT["paths"]


@pytest.mark.parametrize(
    "path",
    [
        "POST /v1/accounts",
        "POST /v1/tokens",
        "POST /v1/tokens/refresh",
        "DELETE /v1/tokens",
        "GET /v1/me",
        "GET /v1/vendors/me",
        "PATCH /v1/vendors/me",
        "POST /v1/vendors/me/submit",
        "GET /v1/categories",
        "GET /v1/vendors",
        "GET /v1/vendors/{vendor_id}",
        "GET /v1/admin/vendors",
        "POST /v1/admin/vendors/{vendor_id}/approve",
        "GET /v1/vendors/me/documents",
        "POST /v1/vendors/me/documents",
        "GET /v1/vendors/me/documents/{document_id}",
        "DELETE /v1/vendors/me/documents/{document_id}",
        "GET /v1/vendors/me/members",
        "POST /v1/vendors/me/members",
        "DELETE /v1/vendors/me/members/{account_id}",
        "GET /v1/vendors/me/assignments",
        "POST /v1/conversations/{conversation_id}/assign",
        "GET /v1/admin/reviews",
        "GET /v1/admin/vendors/{vendor_id}",
        "POST /v1/admin/vendors/{vendor_id}/claim",
        "POST /v1/admin/vendors/{vendor_id}/reject",
        "POST /v1/admin/vendors/{vendor_id}/request-changes",
        "GET /v1/admin/audit",
        "GET /v1/admin/decisions",
        "POST /v1/rfis",
        "GET /v1/rfis",
        "GET /v1/rfis/{rfi_id}",
        "PATCH /v1/rfis/{rfi_id}",
        "POST /v1/rfis/{rfi_id}/submit",
        "POST /v1/rfis/{rfi_id}/withdraw",
        "POST /v1/rfis/{rfi_id}/close",
        "POST /v1/rfis/{rfi_id}/extend",
        "POST /v1/rfis/{rfi_id}/copy",
        "GET /v1/rfis/{rfi_id}/changes",
        "GET /v1/rfis/{rfi_id}/timeline",
        "GET /v1/rfis/{rfi_id}/matches",
        "GET /v1/rfis/{rfi_id}/quotes",
        "POST /v1/rfis/{rfi_id}/quotes",
        "POST /v1/rfis/{rfi_id}/award",
        "POST /v1/rfis/{rfi_id}/cancel-award",
        "GET /v1/quotes/{quote_id}/revisions",
        "POST /v1/quotes/{quote_id}/confirm",
        "POST /v1/quotes/{quote_id}/withdraw",
        "POST /v1/quotes/{quote_id}/decline",
        "GET /v1/matches",
        "POST /v1/matches/{match_id}/accept",
        "POST /v1/matches/{match_id}/decline",
        "GET /v1/conversations",
        "GET /v1/conversations/{conversation_id}",
        "GET /v1/conversations/{conversation_id}/entries",
        "POST /v1/conversations/{conversation_id}/messages",
        "POST /v1/attachments",
        "GET /v1/attachments/{attachment_id}",
        "GET /v1/me/notifications",
        "GET /health/live",
        "GET /health/ready",
        "GET /openapi.json",
        "GET /docs",
        "GET /asyncapi.json",
        "GET /docs/socket",
    ],
)
def test_every_operation_of_the_contract_is_documented(path: str) -> None:
    """The document has every operation that third-party clients use."""
    assert path in {f"{method} {template}" for method, template, _ in EVERY_OPERATION}


def test_every_operation_has_an_id_a_summary_and_its_problems() -> None:
    """Each operation has a unique id, a summary, and the problems that its checks can cause."""
    ids = [operation["operationId"] for _, _, operation in EVERY_OPERATION]

    assert len(set(ids)) == len(ids)
    for method, path, operation in EVERY_OPERATION:
        assert operation["summary"], path
        refusals = operation["responses"].keys()
        assert {"500", "503"} <= refusals, path
        assert ("401" in refusals) or not operation["security"], path
        if method in {"POST", "PUT", "PATCH"}:
            assert {"400", "413", "415", "422"} <= refusals, path


def test_preconditions_and_keys_are_documented() -> None:
    """Operations that read If-Match or Idempotency-Key document it, with its refusals."""
    parameters = {
        (method, path): {
            parameter.get("$ref", "").rpartition("/")[2] for parameter in op["parameters"]
        }
        for method, path, op in EVERY_OPERATION
    }

    with_revision = {key for key, names in parameters.items() if "IfMatch" in names}
    with_key = {key for key, names in parameters.items() if "IdempotencyKey" in names}
    assert with_revision == {
        ("PATCH", "/v1/rfis/{rfi_id}"),
        ("POST", "/v1/rfis/{rfi_id}/submit"),
        ("POST", "/v1/rfis/{rfi_id}/withdraw"),
        ("POST", "/v1/rfis/{rfi_id}/close"),
        ("POST", "/v1/rfis/{rfi_id}/extend"),
        ("POST", "/v1/rfis/{rfi_id}/award"),
        ("POST", "/v1/rfis/{rfi_id}/cancel-award"),
    }
    assert with_key == {
        ("POST", "/v1/accounts"),
        ("POST", "/v1/vendors/me/documents"),
        ("POST", "/v1/vendors/me/members"),
        ("POST", "/v1/rfis"),
        ("POST", "/v1/rfis/{rfi_id}/copy"),
        ("POST", "/v1/rfis/{rfi_id}/quotes"),
        ("POST", "/v1/rfis/{rfi_id}/award"),
        ("POST", "/v1/matches/{match_id}/accept"),
        ("POST", "/v1/attachments"),
        ("POST", "/v1/conversations/{conversation_id}/messages"),
        ("POST", "/v1/conversations/{conversation_id}/messages/{message_id}/report"),
    }


def test_every_reference_resolves() -> None:
    """No reference is broken, and no schema is unused."""
    found = resolved_references(DOCUMENT)

    assert {f"#/components/schemas/{name}" for name in SCHEMAS} <= found


def test_requests_are_closed_and_answers_are_open() -> None:
    """Requests refuse unknown fields; responses can get new ones without breaking a client."""
    assert SCHEMAS["DraftRfi"]["additionalProperties"] is False
    assert SCHEMAS["Budget"]["additionalProperties"] is False
    assert "additionalProperties" not in SCHEMAS["Rfi"]
    assert "additionalProperties" not in SCHEMAS["Problem"]


def test_our_own_field_types_are_documented() -> None:
    """Places, attributes, times, flags and whole numbers are documented as what they accept."""
    draft = SCHEMAS["DraftRfi"]["properties"]

    assert draft["location"]["properties"]["coordinates"]["minItems"] == 2
    assert draft["attributes"]["maxProperties"] == 50
    assert draft["needed_by"]["type"] == ["string", "null"]
    assert draft["needed_by"]["format"] == "date-time"
    assert draft["max_vendors"] == {
        "type": "integer",
        "default": 5,
        "minimum": 1,
        "maximum": 50,
    }
    assert SCHEMAS["Entries"]["properties"]["has_more"] == {"type": "boolean"}
    assert SCHEMAS["Revision"]["properties"]["actor"] == {"$ref": "#/components/schemas/Actor"}
    assert SCHEMAS["Problem"]["properties"]["code"]["enum"] == [code.value for code in Code]
