"""Checks what a gateway sends against the AsyncAPI document."""

from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped] # it ships no types

from marketplace.errors import Code
from marketplace.schemas.socket import CALLS
from rest.documents.asyncapi import acknowledgement_name, document

DOCUMENT = document("https://parley.example")
_MESSAGES = DOCUMENT["components"]["messages"]


@cache
def _validator(message: str) -> Any:
    schema = {**_MESSAGES[message]["payload"], "components": DOCUMENT["components"]}
    return jsonschema.Draft7Validator(
        schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    )


@cache
def _of_schema(name: str) -> Any:
    reference = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return jsonschema.Draft7Validator(reference)


def fault_of_answer(call: str, answer: Any) -> str | None:
    """Describe how an acknowledgement departs from the contract, or return None."""
    if call not in CALLS:
        is_told = answer["error"]["code"] in {Code.UNKNOWN_EVENT, Code.RATE_LIMITED}
        return None if is_told else f"{call} is not in marketplace/schemas/socket.py"
    return _fault(_validator(acknowledgement_name(call)), f"the answer to {call}", answer)


def fault_of_push(name: str, data: Any) -> str | None:
    """Describe how a push departs from the contract, or return None."""
    if name not in _MESSAGES:
        return f"{name} is not in marketplace/schemas/socket.py"
    return _fault(_validator(name), name, data)


def fault_of_refusal(data: Any) -> str | None:
    """Describe how the `data` of a connect_error departs from the contract, or return None."""
    return _fault(_of_schema("ConnectRefusal"), "connect_error", data)


def _fault(validator: Any, what: str, data: Any) -> str | None:
    error = jsonschema.exceptions.best_match(validator.iter_errors(data))
    if error is None:
        return None
    return f"{what} is not as documented: {error.message} at {error.json_path}; it is {data!r:.500}"
