"""Payloads above their schema's limits are refused before they are loaded, with a small answer."""

import json
import time
from typing import Any

import orjson
import pytest
from marshmallow import fields, validate

from marketplace.errors import MAX_ERROR_CHARACTERS, MAX_ERRORS, Code, ParleyError
from marketplace.schemas.bounds import Bounds
from marketplace.schemas.conversations import SendMessage
from marketplace.schemas.fields.attributes import Attributes
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.rfis import DraftRfi
from marketplace.schemas.socket import CALLS
from marketplace.schemas.strict import Strict
from marketplace.schemas.vendor_profiles import UpdateProfile
from rest.app import OPERATIONS

REQUESTS = {
    **{call: CALLS[call].request for call in CALLS},
    **{operation.id: operation.body for operation in OPERATIONS if operation.body is not None},
    **{
        f"{operation.id}?": operation.query
        for operation in OPERATIONS
        if operation.query is not None
    },
}
BOUND_BY_THEMSELVES = (fields.Nested, fields.Integer, fields.Boolean, fields.AwareDateTime)
# The limits of any answer, however hostile the payload.
ANSWER_BYTES = 20_000
HELD_AT_MOST_S = 0.020


pytestmark = pytest.mark.usefixtures("frozen")


HOSTILE: dict[str, Any] = {
    "100,000 unknown names": {f"{n:x}": 0 for n in range(100_000)},
    "unknown names beside known ones": {"title": "Sink", **{f"n{n}": 0 for n in range(100_000)}},
    "a name of a megabyte": {"x" * 1_000_000: 0},
    "names that cannot be sent": {f"\ud83d{n}": 0 for n in range(100)},
    "50,000 ids that are none": {"attachment_ids": ["not an id"] * 50_000},
    "50,000 good ids": {"attachment_ids": ["0192f3c2e0b07b8a"] * 50_000},
    "a body of a megabyte": {"body": "x" * 1_000_000},
    "100,000 unknown names inside": {"budget": {f"{n:x}": 0 for n in range(100_000)}},
    "a place of 100,000 names": {"location": {f"{n:x}": 0 for n in range(100_000)}},
    "100,000 attributes": {"attributes": {f"a{n:x}": 0 for n in range(100_000)}},
    "nested lists for an id": {"attachment_ids": [[[["x"] * 1_000] * 20] * 20]},
    "a list for the title": {"title": ["x"] * 100_000},
    "an object for the title": {"title": {f"{n:x}": 0 for n in range(100_000)}},
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("schema", [DraftRfi(), SendMessage(), UpdateProfile()], ids=repr)
def test_the_refusal_of_any_payload_is_small_and_quick(schema: Strict, payload: Any) -> None:
    """A hostile payload gets at most 20 short errors in less than 20 ms."""
    with pytest.raises(ParleyError):
        schema.read({"unknown": 0})  # builds what is built once per schema

    began_at = time.thread_time()
    with pytest.raises(ParleyError) as refused:
        schema.read(payload)
    took_s = time.thread_time() - began_at

    errors = [{"path": e.path, "message": e.message} for e in refused.value.errors]
    assert refused.value.code is Code.VALIDATION_FAILED
    assert 1 <= len(errors) <= MAX_ERRORS
    assert len(orjson.dumps([refused.value.message, errors])) <= ANSWER_BYTES
    assert took_s < HELD_AT_MOST_S


def test_a_mistyped_name_is_named_among_many_unknown_ones() -> None:
    """A typing error is named, even when there are more names than fields."""
    payload = {"client_message_id": "c-1", "body": "Hello", "colour": "red", "size": 1}

    with pytest.raises(ParleyError) as refused:
        SendMessage().read(payload)

    assert {(e.path, e.message) for e in refused.value.errors} == {
        ("colour", "Unknown field."),
        ("size", "Unknown field."),
    }


def test_a_value_that_is_too_long_is_named_with_its_bound() -> None:
    """Nested lists and texts that are too long are named with path and limit."""
    payload = {"categories": ["plumbing", "x" * 1_000], "languages": ["en"] * 21}

    with pytest.raises(ParleyError) as refused:
        UpdateProfile().read(payload)

    assert [(e.path, e.message) for e in refused.value.errors] == [
        ("categories.1", "Longer than maximum length 50."),
        ("languages", "Longer than maximum length 20."),
    ]


def test_an_error_quotes_a_bounded_part_of_the_payload() -> None:
    """Codes, messages and paths are bounded, and can always be encoded as JSON."""
    error = ParleyError(Code.MALFORMED, "\ud83d" + "x" * 10_000)

    assert len(error.message) == MAX_ERROR_CHARACTERS
    assert orjson.dumps(error.message)


@pytest.mark.parametrize("name", REQUESTS)
def test_every_list_and_text_of_a_request_is_bounded(name: str) -> None:
    """Every list and text in every request has a maximum length."""
    for path, field in _fields_of(REQUESTS[name]):
        is_bounded = (
            isinstance(field, (*BOUND_BY_THEMSELVES, Identifier, Attributes))
            or hasattr(field, "size")
            or any(isinstance(v, validate.Length) and v.max for v in field.validators)
            or any(isinstance(v, validate.OneOf | validate.Regexp) for v in field.validators)
            or not isinstance(field, fields.String | fields.List)
            or name.endswith("?")  # a URL has at most 8 kB
        )
        assert is_bounded, path


def test_the_largest_payload_fits() -> None:
    """The largest valid payload is accepted even with every character escaped and indented."""
    largest = {
        "category": "\U0001f6b0" * 50,
        "title": "\U0001f6b0" * 160,
        "description": "\U0001f6b0" * 8_000,
        "location": {"type": "Point", "coordinates": [-104.987654321, 39.123456789]},
        "address": "\U0001f6b0" * 300,
        "needed_by": "2030-12-24T18:00:00.000+00:00",
        "budget": {"min_minor": 2**53 - 2, "max_minor": 2**53 - 1, "currency": "USD"},
        "max_vendors": 50,
        "attributes": {f"{'a' * 47}{n:03}": "\U0001f6b0" * 500 for n in range(50)},
        "attachment_ids": ["a" * 64] * 20,
    }
    body = json.dumps(largest, indent=8).encode()

    assert not list(Bounds(DraftRfi()).excess(largest))
    assert DraftRfi().size.admits(body)
    assert DraftRfi().size.admits(orjson.dumps({**largest, "description": "[,{" * 2_666}))


@pytest.mark.parametrize("sign", ["[]", "{}", '{"a":[]}', "0"])
def test_a_body_with_too_many_brackets_is_not_parsed(sign: str) -> None:
    """A body with too many brackets is refused by counting them: parsing takes 20 ms or more."""
    body = f"[{','.join([sign] * (400_000 // (len(sign) + 1)))}]".encode()

    began_at = time.thread_time()
    is_admitted = DraftRfi().size.admits(body)
    took_s = time.thread_time() - began_at

    assert len(body) < DraftRfi().size.json_bytes
    assert not is_admitted
    assert took_s < 0.005


def _fields_of(schema: Any, prefix: str = "") -> Any:
    for name, field in schema.load_fields.items():
        yield f"{prefix}{name}", field
        if isinstance(field, fields.Nested):
            yield from _fields_of(field.schema, f"{prefix}{name}.")
        elif isinstance(field, fields.List):
            yield f"{prefix}{name}.0", field.inner
