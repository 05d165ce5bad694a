"""Schemas in both documents: our field types, component names, unknown fields."""

from collections.abc import Iterable, Mapping
from typing import Any

from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from marketplace.domain.service_areas import MAX_POSITIONS, MIN_POSITIONS
from marketplace.schemas.entries import AnyEntry
from marketplace.schemas.fields.attributes import (
    MAX_ATTRIBUTE_CHARACTERS,
    MAX_ATTRIBUTE_COUNT,
    Attributes,
)
from marketplace.schemas.fields.numbers import ThreeDecimals
from marketplace.schemas.fields.places import Place, Polygon
from marketplace.schemas.rfis import ActorView, AnyValue
from marketplace.schemas.vendor_documents import FileBytes
from rest.cursors import MAX_CURSOR_CHARACTERS
from rest.queries import Cursor, Near

_POINT: dict[str, Any] = {
    "type": "object",
    "description": "A GeoJSON point (RFC 7946): longitude, then latitude.",
    "properties": {
        "type": {"const": "Point"},
        "coordinates": {
            "type": "array",
            "prefixItems": [
                {"type": "number", "minimum": -180, "maximum": 180},
                {"type": "number", "minimum": -90, "maximum": 90},
            ],
            "minItems": 2,
            "maxItems": 2,
        },
    },
    "required": ["type", "coordinates"],
    "additionalProperties": False,
    "example": {"type": "Point", "coordinates": [-104.9903, 39.7392]},
}
_RING = {
    "type": "array",
    "items": _POINT["properties"]["coordinates"],
    "minItems": MIN_POSITIONS,
    "maxItems": MAX_POSITIONS,
}
_POLYGON = {
    "type": "object",
    "description": "A GeoJSON polygon (RFC 7946) of one ring, which ends where it starts.",
    "properties": {
        "type": {"const": "Polygon"},
        "coordinates": {"type": "array", "items": _RING, "minItems": 1, "maxItems": 1},
    },
    "required": ["type", "coordinates"],
    "additionalProperties": False,
    "example": {
        "type": "Polygon",
        "coordinates": [[[-105.1, 39.6], [-104.8, 39.6], [-104.9, 39.9], [-105.1, 39.6]]],
    },
}
_ATTRIBUTES = {
    "type": "object",
    "maxProperties": MAX_ATTRIBUTE_COUNT,
    "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_]{0,49}$"},
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "maxLength": MAX_ATTRIBUTE_CHARACTERS},
            {"type": "number"},
            {"type": "boolean"},
        ]
    },
}
_OWN_TYPES: Mapping[type, dict[str, Any]] = {
    Place: _POINT,
    Polygon: _POLYGON,
    FileBytes: {"type": "string", "format": "binary"},
    Attributes: _ATTRIBUTES,
    AnyValue: {"type": ["string", "number", "boolean", "object", "array"]},
    Near: {"type": "string", "example": "-104.9903,39.7392"},
    Cursor: {"type": "string", "maxLength": MAX_CURSOR_CHARACTERS},
}


def component_name(schema: Schema | type[Schema] | str) -> str:
    """A schema's name in the document: its class name without View, Push or Schema."""
    kind = type(schema) if isinstance(schema, Schema) else schema
    name = kind if isinstance(kind, str) else kind.__name__
    return name.removesuffix("View").removesuffix("Push").removesuffix("Schema")


def register_field_types(converter: OpenAPIConverter | None) -> OpenAPIConverter:
    """Teach the converter our own field types, and return it."""
    if converter is None:
        raise RuntimeError("the plugin was not given to a document")

    def describe(field: fields.Field[Any], **_: Any) -> dict[str, Any]:
        if isinstance(field, fields.Function):  # the only one: a revision's actor
            reference: dict[str, Any] = converter.resolve_nested_schema(ActorView)  # type: ignore[no-untyped-call] # apispec leaves it so
            return reference
        if isinstance(field, AnyEntry):
            forms = map(converter.resolve_nested_schema, field.kinds.values())
            return {"oneOf": list(forms)}
        if isinstance(field, ThreeDecimals):
            return {"type": "number", "minimum": field.least, "maximum": field.most}
        for kind, described in _OWN_TYPES.items():
            if isinstance(field, kind):
                return described
        return {}

    # Second, after the plain type, so that later functions (nullability, for one) build on it.
    converter.attribute_functions.insert(1, describe)
    return converter


def describe_schemas(converter: OpenAPIConverter, written: dict[str, Any]) -> None:
    """Use the docstring of each schema's class as its description."""
    for key, name in converter.refs.items():
        description = one_line(key[0].__doc__ or "")
        written["components"]["schemas"][name]["description"] = description


def as_parameter_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without null: an omitted parameter is None, but null cannot be sent."""
    parameter = {
        key: value for key, value in schema.items() if key != "default" or value is not None
    }
    if isinstance(parameter.get("type"), list):
        parameter["type"] = next(name for name in parameter["type"] if name != "null")
    if "enum" in parameter:
        parameter["enum"] = [value for value in parameter["enum"] if value is not None]
    return parameter


def one_line(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


def without_none(value: Any) -> Any:
    """Remove the members that schemas unset with None; a default or an example may be null."""
    if isinstance(value, dict):
        return {
            key: without_none(inner)
            for key, inner in value.items()
            if inner is not None or key in {"default", "example"}
        }
    if isinstance(value, list | tuple):
        return [without_none(inner) for inner in value]
    return value


def allow_unknown_fields(written: dict[str, Any], requests: Iterable[Any]) -> None:
    """Let answers grow: only the schemas that `requests` refer to keep refusing unknown fields."""
    schemas = written["components"]["schemas"]
    sent: set[str] = set()
    waiting = [name for request in requests for name in _references(request)]
    while waiting:
        name = waiting.pop()
        if name not in sent:
            sent.add(name)
            waiting += _references(schemas[name])
    for name, schema in schemas.items():
        if name not in sent:
            schema.pop("additionalProperties", None)


def _references(value: Any) -> list[str]:
    """Names of the component schemas that a part of the document refers to."""
    if isinstance(value, dict):
        reference = str(value.get("$ref", ""))
        names = (
            [reference.rpartition("/")[2]] if reference.startswith("#/components/schemas/") else []
        )
        return names + [name for inner in value.values() for name in _references(inner)]
    if isinstance(value, list):
        return [name for inner in value for name in _references(inner)]
    return []
