"""The outgoing response: an answer serialized by its operation's schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import orjson
from marshmallow import fields
from sanic.response import HTTPResponse
from sanic.response.types import ResponseStream

from marketplace.schemas.strict import Strict
from rest.context import Answer
from rest.operations import Operation
from rest.responding import Response


@dataclass(frozen=True, slots=True)
class Written:
    """An answer as JSON values, or as bytes of the operation's media type."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def page_schema(item: type[Strict]) -> Strict:
    """The schema of a page of these items: `items` and `next_cursor`, null on the last page."""
    name = f"{item.__name__.removesuffix('View')}PageView"
    page: type[Strict] = type(
        name,
        (Strict,),
        {
            "__doc__": "One page of a list; `next_cursor` leads to the next page and is null on the last.",
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(allow_none=True, required=True),
        },
    )
    return page()


def write(operation: Operation, answer: Answer) -> Written:
    """Serialize the answer with the schema that its operation declares for the status."""
    content = operation.answers[answer.status]
    if isinstance(content, Strict) and not answer.is_written:
        is_value = is_dataclass(answer.body)  # the product's values are frozen
        written = content.write(answer.body) if is_value else content.dump(answer.body)
        return Written(answer.status, written, answer.headers)
    return Written(answer.status, answer.body, answer.headers)


def to_response(operation: Operation, written: Written) -> Response:
    """The HTTP response, with the ETag and the Location that the operation declares."""
    content, headers = operation.answers[written.status], dict(written.headers)
    if isinstance(written.body, ResponseStream):
        written.body.status = written.status
        written.body.headers.update(headers)
        return written.body
    if content is None:
        return HTTPResponse(status=written.status, headers=headers)
    if isinstance(content, str):
        return HTTPResponse(written.body, written.status, headers, content)
    if operation.gives_revision:
        headers["ETag"] = _etag(written.body)
    if operation.location is not None and written.status == 201:
        headers["Location"] = operation.location.format_map(written.body)
    return HTTPResponse(orjson.dumps(written.body), written.status, headers, "application/json")


def _etag(body: Mapping[str, Any]) -> str:
    """The revision; its limited view is another representation (RFC 9110, section 8.8)."""
    is_limited = body.get("visibility") == "limited"
    return f'"{body["revision"]}-limited"' if is_limited else f'"{body["revision"]}"'
