"""The OpenAPI 3.1 document, made from the operations and the schemas that do the checking."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from marketplace.errors import MEANINGS, Code
from marketplace.schemas.fields import (
    MAX_ATTRIBUTE_CHARACTERS,
    MAX_ATTRIBUTE_COUNT,
    Attributes,
    Place,
    Strict,
)
from marketplace.schemas.rfis import ActorView, AnyValue
from rest.operations import Operation
from rest.problems import MEDIA_TYPE, ProblemView
from rest.queries import Cursor, Near

_ABOUT = """The REST interface of Parley, a messaging-first marketplace of customers and vendors.

Times are RFC 3339 in UTC; ids are opaque; money is `amount_minor` with `currency` (ISO 4217); places
are GeoJSON points, longitude first; distances are in metres (`_m`). Errors are
`application/problem+json` (RFC 9457): programs compare `code`. Lists come in pages: send
`next_cursor` back as `cursor`. A POST that creates takes an `Idempotency-Key`. RFIs carry their
revision as `ETag` and want it back as `If-Match`."""

_POINT = {
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
    Attributes: _ATTRIBUTES,
    AnyValue: {"type": ["string", "number", "boolean", "object", "array"]},
    Near: {"type": "string", "example": "-104.9903,39.7392"},
    Cursor: {"type": "string", "maxLength": 100},
}
_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "IfMatch": {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "description": "The ETag of the revision that was decided on.",
        "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
        "example": '"7"',
    },
    "IdempotencyKey": {
        "in": "header",
        "name": "Idempotency-Key",
        "description": "Names this request, so that it can be sent again without a second effect.",
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
    },
}
_HEADERS = {
    "X-Request-Id": "The request's id: the one that was sent, or a new one.",
    "ETag": "The RFI's revision.",
    "Location": "Where the new thing is.",
    "Idempotent-Replayed": "`true` when this is the answer that an earlier request got.",
    "Retry-After": "Seconds after which trying again can help.",
    "WWW-Authenticate": "How to authenticate (RFC 6750).",
    "Allow": "The methods that this address takes.",
}


def document(operations: Iterable[Operation], public_url: str) -> dict[str, Any]:
    """The document as JSON values."""
    plugin = MarshmallowPlugin(schema_name_resolver=_component_name)
    spec = APISpec(
        title="Parley",
        version="1",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": _ABOUT},
        servers=[{"url": public_url}],
    )
    converter = _taught(plugin.converter)
    _add_components(spec)
    for operation in operations:
        spec.path(
            operation.path,
            operations={operation.method.lower(): _operation(converter, operation)},
        )
    written: dict[str, Any] = _without_none(spec.to_dict())
    for key, name in converter.refs.items():
        told = _one_line(key[0].__doc__ or "")
        written["components"]["schemas"][name]["description"] = told
    _loosen_answers(written)
    return written


def to_json(written: dict[str, Any]) -> bytes:
    """The document as it is served."""
    return orjson.dumps(written)


def _component_name(schema: Schema | type[Schema] | str) -> str:
    kind = type(schema) if isinstance(schema, Schema) else schema
    name = kind if isinstance(kind, str) else kind.__name__
    return name.removesuffix("View").removesuffix("Schema")


def _taught(converter: OpenAPIConverter | None) -> OpenAPIConverter:
    """The converter with the field types of ours that apispec cannot know."""
    if converter is None:
        raise RuntimeError("the plugin was not given to a document")

    def describe(field: fields.Field[Any], **_: Any) -> dict[str, Any]:
        if isinstance(field, fields.Function):  # the one there is: who made a revision
            reference: dict[str, Any] = converter.resolve_nested_schema(ActorView)  # type: ignore[no-untyped-call] # apispec leaves it so
            return reference
        for kind, described in _OWN_TYPES.items():
            if isinstance(field, kind):
                return described
        return {}

    # Second, behind the plain type, so that what follows (null allowed, for one) builds on it.
    converter.attribute_functions.insert(1, describe)
    return converter


def _add_components(spec: APISpec) -> None:
    spec.components.schema(_component_name(ProblemView), schema=ProblemView)
    for name, parameter in _PARAMETERS.items():
        spec.components.parameter(name, parameter["in"], parameter)
    for name, description in _HEADERS.items():
        spec.components.header(name, {"description": description, "schema": {"type": "string"}})
    spec.components.security_scheme(
        "access_token",
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` of `POST /v1/tokens`, good for 15 minutes.",
        },
    )


def _operation(converter: OpenAPIConverter, operation: Operation) -> dict[str, Any]:
    summary, _, description = inspect.cleandoc(operation.handler.__doc__ or "").partition("\n\n")
    told: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": _one_line(summary).removesuffix("."),
        "description": "\n\n".join(map(_one_line, description.split("\n\n"))),
        "security": [] if operation.is_public else [{"access_token": []}],
        "parameters": _parameters(converter, operation),
        "responses": {**_answers(operation), **_refusals(operation.codes())},
    }
    if operation.body is not None:
        told["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": {"application/json": {"schema": operation.body}},
        }
    return {key: value for key, value in told.items() if value not in ("", None)}


def _parameters(converter: OpenAPIConverter, operation: Operation) -> list[Any]:
    found: list[Any] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        }
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    if operation.query is not None:
        declared = converter.schema2parameters(operation.query, location="query")
        found += [{**each, "schema": _as_text(each["schema"])} for each in declared]
    if operation.needs_revision:
        found.append("IfMatch")
    if operation.once is not None:
        found.append("IdempotencyKey")
    return found


def _answers(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, content in operation.answers.items():
        names = ["X-Request-Id"]
        if operation.gives_revision:
            names.append("ETag")
        if operation.location is not None and status == 201:
            names.append("Location")
        if operation.once is not None:
            names.append("Idempotent-Replayed")
        answer: dict[str, Any] = {"description": _OF_STATUS[status], "headers": _headers(names)}
        if isinstance(content, Strict):
            answer["content"] = {"application/json": {"schema": content}}
        elif content is not None:
            media_type = content.partition(";")[0]
            kind = "object" if media_type == "application/json" else "string"
            answer["content"] = {media_type: {"schema": {"type": kind}}}
        answers[str(status)] = answer
    return answers


def _as_text(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: what may be left out is None to us, but nobody can send null."""
    kept = {key: value for key, value in schema.items() if key != "default" or value is not None}
    if isinstance(kept.get("type"), list):
        kept["type"] = next(each for each in kept["type"] if each != "null")
    if "enum" in kept:
        kept["enum"] = [each for each in kept["enum"] if each is not None]
    return kept


_OF_STATUS = {
    200: "Done.",
    201: "Made.",
    204: "Done; there is nothing to say.",
    503: "Not now.",
}


def _refusals(codes: Sequence[Code]) -> dict[str, Any]:
    """Refusals by status; several codes can share one."""
    refusals: dict[str, Any] = {}
    for code in codes:
        meaning = MEANINGS[code]
        text = f"`{code}`: {meaning.title}."
        known = refusals.setdefault(str(meaning.status), {"description": ""})
        known["description"] = f"{known['description']} {text}".strip()
        names = ["X-Request-Id"]
        if meaning.status == 401:
            names.append("WWW-Authenticate")
        if meaning.is_temporary and code is not Code.INTERNAL:
            names.append("Retry-After")
        known["headers"] = {**known.get("headers", {}), **_headers(names)}
        known["content"] = {MEDIA_TYPE: {"schema": ProblemView}}
    return dict(sorted(refusals.items()))


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _without_none(value: Any) -> Any:
    """Drop what schemas unset with None; a default or an example may be null."""
    if isinstance(value, dict):
        return {
            key: _without_none(inner)
            for key, inner in value.items()
            if inner is not None or key in {"default", "example"}
        }
    if isinstance(value, list | tuple):
        return [_without_none(inner) for inner in value]
    return value


def _loosen_answers(written: dict[str, Any]) -> None:
    """Let answers grow: only what is sent to us refuses unknown fields."""
    schemas = written["components"]["schemas"]
    sent: set[str] = set()
    waiting = [
        name
        for path in written["paths"].values()
        for operation in path.values()
        for name in _references(operation.get("requestBody", {}))
    ]
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
        here = str(value.get("$ref", ""))
        found = [here.rpartition("/")[2]] if here.startswith("#/components/schemas/") else []
        return found + [name for inner in value.values() for name in _references(inner)]
    if isinstance(value, list):
        return [name for inner in value for name in _references(inner)]
    return []
