"""The AsyncAPI document: whole, served, and of the tables that the gateway is held to."""

from typing import Any

import jsonschema  # type: ignore[import-untyped] # it ships no types
import pytest

from marketplace.errors import Code
from marketplace.schemas.socket import CALLS, HANDSHAKE, PUSHES
from rest.asyncapi import acknowledgement_name, document
from rest.asyncapi_examples import EXAMPLES
from tests.rest.people import Rest

DOCUMENT = document("https://parley.example:8443")
SCHEMAS = DOCUMENT["components"]["schemas"]
MESSAGES = DOCUMENT["components"]["messages"]


def _is_valid(message: str, payload: object) -> bool:
    rooted = {**MESSAGES[message]["payload"], "components": DOCUMENT["components"]}
    return bool(jsonschema.Draft7Validator(rooted).is_valid(payload))


async def test_the_document_is_served(rest: Rest) -> None:
    """At the root, with our own address."""
    served = (await rest.client.get("/asyncapi.json")).json()

    assert served["asyncapi"] == "3.0.0"
    assert served["servers"]["gateway"]["host"] in rest.parts.settings.public_url
    assert served["operations"] == DOCUMENT["operations"]


def test_the_address_is_that_of_the_public_url() -> None:
    """Encrypted where the site is, and on its port."""
    server = DOCUMENT["servers"]["gateway"]
    assert (server["protocol"], server["host"]) == ("wss", "parley.example:8443")
    plain = document("http://127.0.0.1:8080")["servers"]["gateway"]
    assert (plain["protocol"], plain["host"]) == ("ws", "127.0.0.1:8080")


def test_every_call_and_push_is_there() -> None:
    """Calls are received and replied to, pushes are sent."""
    operations = DOCUMENT["operations"]

    assert operations.keys() == CALLS.keys() | PUSHES.keys()
    assert MESSAGES.keys() == operations.keys() | set(map(acknowledgement_name, CALLS))
    assert {name for name, each in operations.items() if "reply" in each} == set(CALLS)
    for name, operation in operations.items():
        assert operation["action"] == ("receive" if name in CALLS else "send")


def test_every_reference_leads_somewhere() -> None:
    """No reference hangs in the air, and no schema is left over."""

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            here = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return here.union(*(references(each) for each in value.values()))
        if isinstance(value, list):
            return set().union(*(references(each) for each in value))
        return set()

    found = references(DOCUMENT)
    for reference in found:
        part: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    assert {f"#/components/schemas/{name}" for name in SCHEMAS} <= found


def test_what_is_sent_is_closed_and_what_is_answered_may_grow() -> None:
    """Calls refuse unknown fields; answers and pushes can get new ones without breaking a client."""
    for call in CALLS.values():
        assert SCHEMAS[type(call.request).__name__]["additionalProperties"] is False
    for name in ("JoinedConversation", "Message", "MessageEntry", "Rfi", "Typing", "CallRefusal"):
        assert "additionalProperties" not in SCHEMAS[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_what_it_is_an_example_of(name: str) -> None:
    """It has the form that its message's schema asks for."""
    for example in EXAMPLES[name]:
        assert _is_valid(name, example), example


def test_an_acknowledgement_is_one_of_two() -> None:
    """Done with what the call gives, or refused with a code that the call knows."""

    def refusal(code: str) -> dict[str, Any]:
        return {"ok": False, "error": {"code": code, "message": "No.", "temporary": False}}

    name = acknowledgement_name("leave_rfi")
    assert _is_valid(name, {"ok": True})
    assert _is_valid(name, refusal("validation_failed"))
    assert not _is_valid(name, refusal("client_message_id_reused"))
    assert _is_valid(acknowledgement_name("send_message"), refusal("client_message_id_reused"))
    assert not _is_valid(acknowledgement_name("send_message"), {"ok": True})
    assert not _is_valid(name, {})


def test_an_entry_has_the_form_of_its_kind() -> None:
    """An edit without its message, or a kind nobody knows, is no entry."""
    edit = dict(EXAMPLES["message.edited"][0])
    answer = {"ok": True, "entry": edit}
    name = acknowledgement_name("edit_message")
    assert _is_valid(name, answer)
    assert not _is_valid(name, {"ok": True, "entry": {**edit, "kind": "deletion?"}})
    del edit["message_id"]
    assert not _is_valid(name, {"ok": True, "entry": edit})


def test_the_refusals_of_a_handshake_are_told() -> None:
    """With all their codes."""
    told = SCHEMAS["ConnectRefusal"]["properties"]["code"]["enum"]
    assert told == [code.value for code in Code if code in HANDSHAKE]
    handshake = DOCUMENT["channels"]["socket"]["x-handshake"]
    assert handshake["auth"] == {"$ref": "#/components/schemas/HandshakeAuth"}
