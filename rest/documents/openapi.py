"""The OpenAPI 3.1 document, built from the operations and the schemas that validate them."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from marketplace.domain.attachments import EXTENSIONS
from marketplace.errors import MEANINGS, Code
from marketplace.schemas.strict import Strict
from rest.documents.schemas import (
    allow_unknown_fields,
    as_parameter_schema,
    component_name,
    describe_schemas,
    one_line,
    register_field_types,
    without_none,
)
from rest.operations import Operation
from rest.problems import MEDIA_TYPE, ProblemView

_ABOUT = """The REST interface of Parley, a messaging-first marketplace of customers and vendors.

Times are RFC 3339 in UTC; ids are opaque; money is `amount_minor` with `currency` (ISO 4217); places
are GeoJSON points, longitude first; distances are in metres (`_m`). Errors are
`application/problem+json` (RFC 9457); programs compare `code`. Lists are paged: send `next_cursor`
as `cursor` to get the next page. A POST that creates a resource accepts an `Idempotency-Key`. An RFI's
revision is returned as `ETag`, and every change of the RFI requires it as `If-Match`."""

_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "IfMatch": {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "description": "The ETag of the revision the caller decided on; weak and strong forms are equivalent. A "
        "list of ETags matches any of them, and `*` matches every revision.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "IfNoneMatch": {
        "in": "header",
        "name": "If-None-Match",
        "description": "The ETag of the copy the client already has. The response is 304 if that copy is "
        "still current.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "Range": {
        "in": "header",
        "name": "Range",
        "description": "One range of bytes (RFC 9110). Several ranges get the whole file.",
        "schema": {"type": "string"},
        "example": "bytes=0-65535",
    },
    "IdempotencyKey": {
        "in": "header",
        "name": "Idempotency-Key",
        "description": "Identifies this request so that it can be retried safely: for a day, and for a "
        "message without a time limit. Whatever happened to the first request, a retry with the same "
        "key gets the first response or takes effect exactly once.",
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
    },
}
_BINARY = {"type": "string", "format": "binary"}
# Bodies that are received in a stream.
_FILES: Mapping[str, dict[str, Any]] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": _BINARY},
        "required": ["file"],
        "additionalProperties": False,
    },
    "application/octet-stream": _BINARY,
}
_HEADERS = {
    "X-Request-Id": "The request's id: the one the client sent, or a new one.",
    "ETag": "The RFI's revision; for a file, what its content is.",
    "Content-Disposition": "The file's name, and whether a browser shows it or saves it.",
    "Content-Range": "Which bytes of the file these are, or how many it has.",
    "Location": "The URL of the new resource.",
    "Idempotent-Replayed": "`true` if this is the stored response of an earlier request.",
    "Retry-After": "The number of seconds to wait before a retry.",
    "WWW-Authenticate": "How to authenticate (RFC 6750).",
}


def document(operations: Iterable[Operation], public_url: str) -> dict[str, Any]:
    """The document as JSON values."""
    plugin = MarshmallowPlugin(schema_name_resolver=component_name)
    spec = APISpec(
        title="Parley",
        version="1",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": _ABOUT},
        servers=[{"url": public_url}],
    )
    converter = register_field_types(plugin.converter)
    _add_components(spec)
    for operation in operations:
        spec.path(
            operation.path,
            operations={operation.method.lower(): _operation(converter, operation)},
        )
    written: dict[str, Any] = without_none(spec.to_dict())
    describe_schemas(converter, written)
    paths = written["paths"].values()
    allow_unknown_fields(
        written, [operation.get("requestBody", {}) for path in paths for operation in path.values()]
    )
    return written


def to_json(written: dict[str, Any]) -> bytes:
    """The document as served."""
    return orjson.dumps(written)


def _add_components(spec: APISpec) -> None:
    spec.components.schema(component_name(ProblemView), schema=ProblemView)
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
            "description": "The `access_token` from `POST /v1/tokens`, valid for 15 minutes.",
        },
    )


def _operation(converter: OpenAPIConverter, operation: Operation) -> dict[str, Any]:
    summary, _, description = inspect.cleandoc(operation.handler.__doc__ or "").partition("\n\n")
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": one_line(summary).removesuffix("."),
        "description": "\n\n".join(map(one_line, description.split("\n\n"))),
        "security": [] if operation.is_public else [{"access_token": []}],
        "parameters": _parameters(converter, operation),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": {"application/json": {"schema": operation.body}},
        }
    if operation.receiver is not None:
        content = {
            media_type: {"schema": schema or _FILES[media_type]}
            for media_type, schema in operation.receiver.media_types.items()
        }
        described["requestBody"] = {"required": True, "content": content}
    return {key: value for key, value in described.items() if value not in ("", None)}


def _parameters(converter: OpenAPIConverter, operation: Operation) -> list[Any]:
    parameters: list[Any] = [
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
        parameters += [
            {**parameter, "schema": as_parameter_schema(parameter["schema"])}
            for parameter in declared
        ]
    if operation.needs_revision:
        parameters.append("IfMatch")
    if operation.supports_not_modified:
        parameters.append("IfNoneMatch")
    if operation.is_file:
        parameters.append("Range")
    if operation.idempotency is not None:
        parameters.append("IdempotencyKey")
    return parameters


def _responses(operation: Operation) -> dict[str, Any]:
    """Answers and refusals by status; 503 can be both."""
    responses = _answers(operation)
    for status, refusal in _refusals(operation.codes()).items():
        answer = responses.get(status, {"description": "", "headers": {}, "content": {}})
        responses[status] = {
            "description": f"{answer['description']} {refusal['description']}".strip(),
            "headers": {**answer["headers"], **refusal["headers"]},
            "content": {**answer.get("content", {}), **refusal["content"]},
        }
    if operation.is_file:
        responses["416"] = {
            "description": "The requested range is outside the file.",
            "headers": _headers(["X-Request-Id", "Content-Range"]),
            "content": {MEDIA_TYPE: {"schema": ProblemView}},
        }
    return responses


def _answers(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, content in operation.answers.items():
        names = ["X-Request-Id"]
        if operation.gives_revision:
            names.append("ETag")
        if operation.location is not None and status == 201:
            names.append("Location")
        if operation.idempotency is not None:
            names.append("Idempotent-Replayed")
        answer: dict[str, Any] = {
            "description": _STATUS_DESCRIPTIONS[status],
            "headers": _headers(names),
        }
        if operation.is_file:
            answer["headers"] = _headers([*names, "ETag", "Content-Disposition"])
            answer["content"] = {kind: {"schema": _BINARY} for kind in EXTENSIONS}
        elif isinstance(content, Strict):
            answer["content"] = {"application/json": {"schema": content}}
        elif content is not None:
            media_type = content.partition(";")[0]
            kind = "object" if media_type == "application/json" else "string"
            answer["content"] = {media_type: {"schema": {"type": kind}}}
        answers[str(status)] = answer
    if operation.supports_not_modified:
        headers = _headers(["X-Request-Id", "ETag"])
        answers["304"] = {"description": _STATUS_DESCRIPTIONS[304], "headers": headers}
    return answers


_STATUS_DESCRIPTIONS = {
    200: "OK.",
    201: "Created.",
    202: "Accepted.",
    204: "No content.",
    206: "A part of the file.",
    304: "Not modified: the client's copy is still current. There is no body.",
    503: "Not ready.",
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
