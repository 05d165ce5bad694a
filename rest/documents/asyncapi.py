"""The AsyncAPI 3.0 document of the socket, built from the tables and schemas that validate it."""

from typing import Any
from urllib.parse import urlsplit

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from marketplace.schemas.answers import HandshakeAuth
from marketplace.schemas.socket import (
    CALLS,
    EVERY_CALL,
    PUSHES,
    SocketCall,
    SocketPush,
)
from marketplace.schemas.strict import Strict
from rest.documents.asyncapi_examples import EXAMPLES
from rest.documents.asyncapi_schemas import (
    CALL_REFUSAL,
    add_ok,
    as_draft_07,
    connect_refusal,
    in_order,
)
from rest.documents.schemas import (
    allow_unknown_fields,
    component_name,
    describe_schemas,
    register_field_types,
    without_none,
)

_ABOUT = """The socket of Parley, a messaging-first marketplace of customers and vendors: Socket.IO 5
on Engine.IO 4, over websocket, over long polling, or over polling with an upgrade; namespace `/`. Any
Socket.IO client of version 3 or later can connect.

**Handshake.** Send the access token from `POST /v1/tokens` in `auth`: `{"token": "…"}`. A refused
handshake gets `connect_error` with `data.code`; the client libraries do not retry it on their own. If
`data.temporary` is true, reconnect with a growing backoff. For `draining`, reconnect at once: another
process takes the connection. For `token_expired`, get a new token first.

**Calls** are events with one object. Each call is acknowledged with `{"ok": true, …}`, or with
`{"ok": false, "error": {…}}`, whose `code` is for programs and whose `message` is for developers. If
`temporary` is true, the same call may succeed later, but not before `retry_after_ms` if that is
given. If an acknowledgement is lost, repeat the call. A message is stored once for each
`client_message_id`. A repeated join, position or typing call changes nothing. An edit to the
current body and a repeated deletion return the entry that is already stored.

**Pushes** are events to the members of a room. A connection joins the rooms of conversations and RFIs;
it is in the room of its own account without joining, and follows the account's feed by number once it
has called `join_account`. A push is a hint; the number is the truth. Entries have a `sequence`, RFIs a
`revision` and the account's feed a `position`, all without gaps from 1. A client that has N and
receives N + 2 reads the missing ones (`fetch_entries`, or `join_rfi` or `join_account` again). After
every reconnect, join again with the last number received; there is no time limit, except that an
account's feed keeps its newest 1,000 items for 90 days.

**Limits.** A packet has at most 100,000 bytes and a body at most 8,000 characters; binary data is not
accepted. A connection can be in at most 200 rooms. A client that reads too slowly first misses typing
pushes and is then disconnected; it reconnects and resumes by number. Calls above the rate limit get
`rate_limited`. Before the gateway closes a connection, it pushes `connection.closing` with the reason.
Acknowledgements and pushes may gain new fields: ignore the fields you do not know.
"""


def document(public_url: str) -> dict[str, Any]:
    """The document as JSON values."""
    plugin = MarshmallowPlugin(schema_name_resolver=component_name)
    spec = APISpec("Parley", "1", openapi_version="3.1.0", plugins=[plugin])
    converter = register_field_types(plugin.converter)
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
    allow_unknown_fields(written, [auth, *requests])
    schemas = as_draft_07(written["components"]["schemas"])
    add_ok(schemas)
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
                    "description": "Sent in `auth` of the Socket.IO handshake, not in the URL.",
                }
            },
        },
    }


def acknowledgement_name(call: str) -> str:
    """The name of the message that acknowledges a call."""
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
        "description": "The gateways, behind nginx; long polling uses HTTP at the same path.",
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
        answer,
        f"The acknowledgement of `{name}`.",
        _answered(converter, call),
        kind="acknowledgement",
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
        "summary": f"{push.about} Pushed to the members of {push.room}."
        if "<" in push.room
        else f"{push.about} Pushed to {push.room}.",
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{name}"}],
    }


def _message(name: str, about: str, payload: dict[str, Any], kind: str = "call") -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": name,
        "title": name,
        "summary": about,
        "x-kind": kind,
        "payload": payload,
    }
    if name in EXAMPLES:
        message["examples"] = [{"payload": payload} for payload in EXAMPLES[name]]
    return message


def _answered(converter: OpenAPIConverter, call: SocketCall) -> dict[str, Any]:
    """Either the call's own answer, or a refusal with one of the call's codes."""
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
