"""The AsyncAPI document: complete, served, and built from the tables that the gateway uses."""

from typing import Any

import jsonschema  # type: ignore[import-untyped] # it ships no types
import pytest

from marketplace.errors import Code
from marketplace.schemas.socket import CALLS, HANDSHAKE, PUSHES
from rest.documents.asyncapi import acknowledgement_name, document
from rest.documents.asyncapi_examples import EXAMPLES
from tests.rest.documents.references import resolved_references
from tests.rest.people import Rest

DOCUMENT = document("https://parley.example:8443")
SCHEMAS = DOCUMENT["components"]["schemas"]
MESSAGES = DOCUMENT["components"]["messages"]


def _is_valid(message: str, payload: object) -> bool:
    rooted = {**MESSAGES[message]["payload"], "components": DOCUMENT["components"]}
    return bool(jsonschema.Draft7Validator(rooted).is_valid(payload))


async def test_the_document_is_served(rest: Rest) -> None:
    """The document is served at the root, with our own address."""
    served = (await rest.client.get("/asyncapi.json")).json()

    assert served["asyncapi"] == "3.0.0"
    assert served["servers"]["gateway"]["host"] in rest.parts.settings.public_url
    assert served["operations"] == DOCUMENT["operations"]


def test_the_address_is_that_of_the_public_url() -> None:
    """It uses the public URL's port, and encryption where the site does."""
    server = DOCUMENT["servers"]["gateway"]
    assert (server["protocol"], server["host"]) == ("wss", "parley.example:8443")
    plain = document("http://127.0.0.1:8080")["servers"]["gateway"]
    assert (plain["protocol"], plain["host"]) == ("ws", "127.0.0.1:8080")


def test_every_call_and_push_is_documented() -> None:
    """Calls are received and have a reply, pushes are sent."""
    operations = DOCUMENT["operations"]

    assert operations.keys() == CALLS.keys() | PUSHES.keys()
    assert MESSAGES.keys() == operations.keys() | set(map(acknowledgement_name, CALLS))
    assert {name for name, operation in operations.items() if "reply" in operation} == set(CALLS)
    for name, operation in operations.items():
        assert operation["action"] == ("receive" if name in CALLS else "send")


def test_every_reference_resolves() -> None:
    """No reference is broken, and no schema is unused."""
    found = resolved_references(DOCUMENT)

    assert {f"#/components/schemas/{name}" for name in SCHEMAS} <= found


def test_requests_are_closed_and_answers_are_open() -> None:
    """Calls refuse unknown fields; acknowledgements and pushes can get new ones."""
    for call in CALLS.values():
        assert SCHEMAS[type(call.request).__name__]["additionalProperties"] is False
    for name in ("JoinedConversation", "Message", "MessageEntry", "Rfi", "Typing", "CallRefusal"):
        assert "additionalProperties" not in SCHEMAS[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_matches_its_schema(name: str) -> None:
    """Every example matches its message's schema."""
    for example in EXAMPLES[name]:
        assert _is_valid(name, example), example


def test_an_acknowledgement_is_a_result_or_a_refusal() -> None:
    """An acknowledgement is the call's result, or a refusal with a code of the call."""

    def refusal(code: str) -> dict[str, Any]:
        return {"ok": False, "error": {"code": code, "message": "No.", "temporary": False}}

    name = acknowledgement_name("leave_rfi")
    assert _is_valid(name, {"ok": True})
    assert _is_valid(name, refusal("validation_failed"))
    assert not _is_valid(name, refusal("client_message_id_reused"))
    assert _is_valid(acknowledgement_name("send_message"), refusal("client_message_id_reused"))
    assert not _is_valid(acknowledgement_name("send_message"), {"ok": True})
    assert not _is_valid(name, {})


def test_an_entry_matches_the_schema_of_its_kind() -> None:
    """An edit without its message, or an unknown kind, is not a valid entry."""
    edit = dict(EXAMPLES["message.edited"][0])
    answer = {"ok": True, "entry": edit}
    name = acknowledgement_name("edit_message")
    assert _is_valid(name, answer)
    assert not _is_valid(name, {"ok": True, "entry": {**edit, "kind": "deletion?"}})
    del edit["message_id"]
    assert not _is_valid(name, {"ok": True, "entry": edit})


def test_the_refusals_of_a_handshake_are_documented() -> None:
    """The document lists all codes that can refuse a handshake."""
    codes = SCHEMAS["ConnectRefusal"]["properties"]["code"]["enum"]
    assert codes == [code.value for code in Code if code in HANDSHAKE]
    handshake = DOCUMENT["channels"]["socket"]["x-handshake"]
    assert handshake["auth"] == {"$ref": "#/components/schemas/HandshakeAuth"}
