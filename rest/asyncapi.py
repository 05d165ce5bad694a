"""The AsyncAPI 3.0 document of the socket, made from the tables and schemas that do the checking."""

from typing import Any
from urllib.parse import urlsplit

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from marketplace.schemas.answers import HandshakeAuth
from marketplace.schemas.fields import Strict
from marketplace.schemas.socket import (
    CALLS,
    EVERY_CALL,
    PUSHES,
    SocketCall,
    SocketPush,
)
from rest.asyncapi_examples import EXAMPLES
from rest.asyncapi_schemas import CALL_REFUSAL, as_draft_07, connect_refusal, in_order, say_ok
from rest.openapi_schemas import (
    component_name,
    describe_schemas,
    loosen_answers,
    taught,
    without_none,
)

_ABOUT = """The socket of Parley, a messaging-first marketplace of customers and vendors: Socket.IO 5
on Engine.IO 4, by websocket, by long polling, or by polling with an upgrade; namespace `/`. Any
Socket.IO client of version 3 or later speaks it.

**Handshake.** The access token of `POST /v1/tokens` goes into `auth`: `{"token": "…"}`. A refusal is
`connect_error` with `data.code`; the client libraries do not try again by themselves then. Connect
again after a growing wait when `data.temporary` is true, and at once for `draining`: another process
takes the connection. For `token_expired` take a new token first.

**Calls** are events with one object, and each is acknowledged: `{"ok": true, …}`, or `{"ok": false,
"error": {…}}` with a `code` to branch on and a `message` for the developer. Where `temporary` is true
the same call may succeed later, not before `retry_after_ms` where that is told. A call whose
acknowledgement was lost is made again: a message is known by its `client_message_id` and is stored
once; joining, marking and typing change nothing the second time; an edit or a deletion becomes one
more entry that says the same.

**Pushes** are events to the members of a room. Rooms of conversations and RFIs are joined; the
account's own needs no joining. A push is a hint and the number is the truth: entries have a
`sequence` and RFIs a `revision`, dense from 1. Who holds N and is pushed N + 2 asks for what is
between (`fetch_entries`, or `join_rfi` again). After every reconnect join again with the number one
has; there is no limit in time.

**Limits.** A packet has at most 100,000 bytes, a body 8,000 characters; there is no binary data. A
connection is in at most 200 rooms. A reader that falls far behind loses typing first and is closed
then; it comes back and resumes by number. Calls have a rate, `rate_limited` beyond it. Before the
gateway closes a connection it pushes `connection.closing` with the reason. New fields may come into answers and pushes: let them pass.
"""


def document(public_url: str) -> dict[str, Any]:
    """The document as JSON values."""
    plugin = MarshmallowPlugin(schema_name_resolver=component_name)
    spec = APISpec("Parley", "1", openapi_version="3.1.0", plugins=[plugin])
    converter = taught(plugin.converter)
    messages: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, call in CALLS.items():
        _add_call(converter, messages, operations, name, call)
    for name, push in PUSHES.items():
        _add_push(converter, messages, operations, name, push)
    auth = _reference(converter, HandshakeAuth())
    written: dict[str, Any] = without_none(spec.to_dict())
    describe_schemas(converter, written)
    requests = [_reference(converter, call.request) for call in CALLS.values()]
    loosen_answers(written, [auth, *requests])
    schemas = as_draft_07(written["components"]["schemas"])
    say_ok(schemas)
    schemas["CallRefusal"] = CALL_REFUSAL
    schemas["ConnectRefusal"] = connect_refusal()
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"gateway": _server(public_url)},
        "channels": {"socket": _channel(auth, messages)},
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "access_token": {
                    "type": "httpApiKey",
                    "name": "token",
                    "in": "query",
                    "description": "Not in the address but in `auth` of the Socket.IO handshake.",
                }
            },
        },
    }


def acknowledgement_name(call: str) -> str:
    """The message that acknowledges a call."""
    return f"{call}.acknowledgement"


def _info() -> dict[str, Any]:
    return {
        "title": "Parley",
        "version": "1",
        "description": _ABOUT,
    }


def _server(public_url: str) -> dict[str, Any]:
    url = urlsplit(public_url)
    return {
        "host": url.netloc,
        "pathname": "/socket.io/",
        "protocol": "wss" if url.scheme == "https" else "ws",
        "protocolVersion": "Engine.IO 4, Socket.IO 5",
        "description": "The gateways, through nginx; by long polling over HTTP at the same path.",
        "security": [{"$ref": "#/components/securitySchemes/access_token"}],
    }


def _channel(auth: dict[str, Any], messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": "/",
        "title": "The namespace",
        "description": "Every call, its acknowledgement, and every push.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "x-handshake": {
            "auth": auth,
            "connect_error": {"$ref": "#/components/schemas/ConnectRefusal"},
        },
    }


def _add_call(
    converter: OpenAPIConverter,
    messages: dict[str, Any],
    operations: dict[str, Any],
    name: str,
    call: SocketCall,
) -> None:
    answer = acknowledgement_name(name)
    messages[name] = _message(name, call.about, _reference(converter, call.request))
    messages[answer] = _message(
        answer, f"What `{name}` is answered.", _answered(converter, call), kind="acknowledgement"
    )
    operations[name] = {
        "action": "receive",
        "title": name,
        "summary": call.about,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{name}"}],
        "reply": {
            "channel": {"$ref": "#/channels/socket"},
            "messages": [{"$ref": f"#/channels/socket/messages/{answer}"}],
        },
    }


def _add_push(
    converter: OpenAPIConverter,
    messages: dict[str, Any],
    operations: dict[str, Any],
    name: str,
    push: SocketPush,
) -> None:
    messages[name] = _message(name, push.about, _reference(converter, push.payload), kind="push")
    messages[name]["x-room"] = push.room
    operations[name] = {
        "action": "send",
        "title": name,
        "summary": f"{push.about} To the members of {push.room}."
        if "<" in push.room
        else f"{push.about} To {push.room}.",
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{name}"}],
    }


def _message(name: str, about: str, payload: dict[str, Any], kind: str = "call") -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name,
        "title": name,
        "summary": about,
        "x-kind": kind,
        "payload": payload,
    }
    if name in EXAMPLES:
        told["examples"] = [{"payload": each} for each in EXAMPLES[name]]
    return told


def _answered(converter: OpenAPIConverter, call: SocketCall) -> dict[str, Any]:
    """Either it was done, or why not: with one of the codes that this call knows."""
    codes = in_order({*EVERY_CALL, *call.errors})
    refused = {
        "type": "object",
        "properties": {
            "ok": {"const": False},
            "error": {
                "allOf": [
                    {"$ref": "#/components/schemas/CallRefusal"},
                    {"properties": {"code": {"enum": codes}}},
                ]
            },
        },
        "required": ["ok", "error"],
    }
    return {"oneOf": [_reference(converter, call.acknowledgement), refused]}


def _reference(converter: OpenAPIConverter, schema: Strict) -> dict[str, Any]:
    reference: dict[str, Any] = converter.resolve_nested_schema(schema)  # type: ignore[no-untyped-call] # apispec leaves it so
    return reference
