"""Schemas of the AsyncAPI document that do not come from marshmallow, and its schema dialect."""

from collections.abc import Iterable
from typing import Any

from marketplace.errors import Code
from marketplace.schemas.socket import CALLS, HANDSHAKE
from rest.documents.schemas import component_name

CALL_REFUSAL = {
    "type": "object",
    "description": "Why a call was refused.",
    "properties": {
        "code": {"type": "string", "description": "The error code, for programs."},
        "message": {"type": "string", "description": "A sentence for developers."},
        "temporary": {"type": "boolean", "description": "Whether the same call may succeed later."},
        "retry_after_ms": {"type": "integer", "minimum": 0},
        "errors": {
            "type": "array",
            "description": "The invalid values.",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["path", "message"],
            },
        },
    },
    "required": ["code", "message", "temporary"],
}


def connect_refusal() -> dict[str, Any]:
    """The data of a refused handshake."""
    return {
        "type": "object",
        "description": "The `data` of the `connect_error` that refuses a handshake.",
        "properties": {
            "code": {"type": "string", "enum": in_order(HANDSHAKE)},
            "temporary": {"type": "boolean"},
            "retry_after_ms": {"type": "integer", "minimum": 0},
        },
        "required": ["code", "temporary"],
    }


def add_ok(schemas: dict[str, Any]) -> None:
    """Add `ok` to the acknowledgements: the gateway adds it to every handler's result."""
    for name in {component_name(call.acknowledgement) for call in CALLS.values()}:
        schema = schemas[name]
        schema["properties"] = {"ok": {"const": True}, **schema.get("properties", {})}
        schema["required"] = ["ok", *schema.get("required", [])]


def as_draft_07(value: Any) -> Any:
    """Convert a schema to AsyncAPI's dialect, which is older than that of OpenAPI 3.1."""
    if isinstance(value, list):
        return [as_draft_07(item) for item in value]
    if not isinstance(value, dict):
        return value
    converted = {key: as_draft_07(inner) for key, inner in value.items()}
    if "prefixItems" in converted:
        converted["items"] = converted.pop("prefixItems")
    if "example" in converted:
        converted["examples"] = [converted.pop("example")]
    return converted


def in_order(codes: Iterable[Code]) -> list[str]:
    """The codes in the order of their enumeration."""
    wanted = set(codes)
    return [code.value for code in Code if code in wanted]
