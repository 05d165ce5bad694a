"""Payloads larger than their schema allows are refused before they are loaded, in a few words."""

import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from marshmallow import fields, validate

from marketplace.errors import MOST_CHARACTERS, MOST_ERRORS, Code, ParleyError
from marketplace.schemas.bounds import Bounds
from marketplace.schemas.conversations import SendMessage
from marketplace.schemas.fields import Attributes, Identifier, Strict
from marketplace.schemas.rfis import DraftRfi
from marketplace.schemas.socket import CALLS
from marketplace.schemas.vendors import UpdateProfile
from rest.app import OPERATIONS

REQUESTS = {
    **{call: CALLS[call].request for call in CALLS},
    **{each.id: each.body for each in OPERATIONS if each.body is not None},
    **{f"{each.id}?": each.query for each in OPERATIONS if each.query is not None},
}
BOUND_BY_THEMSELVES = (fields.Nested, fields.Integer, fields.Boolean, fields.AwareDateTime)
# What no answer may need, however hostile its question.
ANSWER_BYTES = 20_000
HELD_AT_MOST_S = 0.020


@pytest.fixture(autouse=True, scope="module")
def frozen() -> Iterator[None]:
    """What is there already is left out of the collector's walks, as in a process of ours."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


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
def test_whatever_came_its_refusal_is_small_and_quick(schema: Strict, payload: Any) -> None:
    """A hostile payload has at most 20 errors of bounded length, and takes less than 20 ms."""
    with pytest.raises(ParleyError):
        schema.read({"unknown": 0})  # so that what is made once for a schema is there

    began_at = time.thread_time()
    with pytest.raises(ParleyError) as refused:
        schema.read(payload)
    took_s = time.thread_time() - began_at

    errors = [{"path": e.path, "message": e.message} for e in refused.value.errors]
    assert refused.value.code is Code.VALIDATION_FAILED
    assert 1 <= len(errors) <= MOST_ERRORS
    assert len(orjson.dumps([refused.value.message, errors])) <= ANSWER_BYTES
    assert took_s < HELD_AT_MOST_S


def test_unknown_names_are_told_as_before() -> None:
    """A slip of the pen is named, also where there are more names than the schema has."""
    payload = {"client_message_id": "c-1", "body": "Hello", "colour": "red", "size": 1}

    with pytest.raises(ParleyError) as refused:
        SendMessage().read(payload)

    assert {(e.path, e.message) for e in refused.value.errors} == {
        ("colour", "Unknown field."),
        ("size", "Unknown field."),
    }


def test_where_it_is_too_long_is_told_with_the_bound() -> None:
    """Lists and texts inside others are found, each with its path."""
    payload = {"categories": ["plumbing", "x" * 1_000], "languages": ["en"] * 21}

    with pytest.raises(ParleyError) as refused:
        UpdateProfile().read(payload)

    assert [(e.path, e.message) for e in refused.value.errors] == [
        ("categories.1", "Longer than maximum length 50."),
        ("languages", "Longer than maximum length 20."),
    ]


def test_an_error_quotes_no_more_than_it_may() -> None:
    """Codes, sentences and paths have a length, and nothing in them that JSON cannot write."""
    error = ParleyError(Code.MALFORMED, "\ud83d" + "x" * 10_000)

    assert len(error.message) == MOST_CHARACTERS
    assert orjson.dumps(error.message)


@pytest.mark.parametrize("name", REQUESTS)
def test_every_list_and_text_of_a_request_has_a_bound(name: str) -> None:
    """No request has a list or a text whose length nobody thought about."""
    for path, field in _fields_of(REQUESTS[name]):
        is_bounded = (
            isinstance(field, (*BOUND_BY_THEMSELVES, Identifier, Attributes))
            or hasattr(field, "size")
            or any(isinstance(v, validate.Length) and v.max for v in field.validators)
            or any(isinstance(v, validate.OneOf | validate.Regexp) for v in field.validators)
            or not isinstance(field, fields.String | fields.List)
            or name.endswith("?")  # an address has 8 kB at most
        )
        assert is_bounded, path


def test_the_largest_payload_fits() -> None:
    """What the schema allows is let in also where every character is escaped and indented."""
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
def test_more_brackets_than_its_schema_needs_are_not_parsed(sign: str) -> None:
    """A body of nothing but structure is refused by counting: parsing it takes 20 ms and more."""
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
