"""Strict JSON parsing; refused text is parsed again leniently to find the value at fault.

RFC 8259 leaves open what a lone surrogate or a duplicate name means, and has no NaN. Such a text is
`validation_failed` with the path of the value; a text that not even the lenient parser can read is
`malformed`.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from marketplace.errors import MAX_ERRORS, Code, FieldError, ParleyError

# A longer text that is not strict JSON is not parsed a second time: that would take 10 ms.
MAX_REPARSED_BYTES = 150_000
# Neither is a text with more objects, lists or values than any schema has: Python takes 75 ms for
# as many as fit into a frame.
MAX_REPARSED_OBJECTS, MAX_REPARSED_VALUES = 1_000, 5_000
MAX_NAME_CHARACTERS = 100
_SPACED_COLON = re.compile(rb"[ \t\r\n]:")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Path = tuple[str | int, ...]


class _NotANumber:
    """NaN, Infinity or -Infinity, which JSON does not have."""

    def __init__(self, name: str) -> None:
        """Called by the parser."""


def _no_constant(name: str) -> None:
    raise ValueError(name)


class _DuplicateName(dict[str, Any]):
    """An object with a duplicate name."""

    name = ""


def read_json(text: bytes | bytearray) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ParleyError: `validation_failed` with the paths of strings that are not valid Unicode and of
            duplicate names; `malformed` for text that is not JSON.
    """
    return _read(text, 0, is_call=False)


def read_call(text: bytes) -> Any:
    """The list of a call; paths start in its payload.

    A socket client sends whatever its program produced: NaN and bytes that are not UTF-8 are values
    at fault, too.

    Raises:
        ParleyError: as `read_json`.
    """
    return _read(text, 1, is_call=True)


def _read(text: bytes | bytearray, root: int, *, is_call: bool) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        faults = _invalid_values_in(bytes(text), is_call=is_call)
        if faults:
            raise _refusal(faults, root) from error
        raise ParleyError(Code.MALFORMED, f"This is not JSON: {error.msg}.") from error
    require_each_name_once(text, value, root)
    return value


def require_each_name_once(text: bytes | bytearray, value: Any, root: int = 0) -> None:
    """Check a text that was parsed strictly; costs one count unless its strings contain colons.

    Raises:
        ParleyError: `validation_failed` with the path of a duplicate name.
    """
    if is_intricate(text) or text.count(b":") == (names := _names(value)):
        return
    # The colon after a name follows its quotation mark, or white space after that.
    if text.count(b'":') != names or _SPACED_COLON.search(text):
        faults = _invalid_values_in(bytes(text), is_call=False)
        if faults:
            raise _refusal(faults, root)


def _refusal(faults: list[tuple[Path, str]], root: int) -> ParleyError:
    errors = [FieldError(".".join(map(str, path[root:])) or "$", why) for path, why in faults]
    paths = ", ".join(sorted({error.path for error in errors})[:5])
    return ParleyError(Code.VALIDATION_FAILED, f"Some values are invalid: {paths}.", errors=errors)


def _invalid_values_in(text: bytes, *, is_call: bool) -> list[tuple[Path, str]]:
    """Up to 20 values that JSON does not allow; none if a lenient parser finds no JSON either."""
    if len(text) > MAX_REPARSED_BYTES or is_intricate(text):
        return []
    try:
        # Bytes that are not UTF-8 become surrogates, and are reported as such.
        value = json.loads(
            text.decode(errors="surrogateescape" if is_call else "strict"),
            parse_constant=_NotANumber if is_call else _no_constant,
            object_pairs_hook=_object,
        )
        return list(islice(_invalid_values(value, ()), MAX_ERRORS))
    except (ValueError, RecursionError):
        return []


def is_intricate(text: bytes | bytearray) -> bool:
    """Whether parsing it in Python takes too long; counted in 0.1 ms."""
    return (
        text.count(b"{") + text.count(b"[") > MAX_REPARSED_OBJECTS
        or text.count(b",") > MAX_REPARSED_VALUES
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) == len(pairs):
        return parsed
    duplicate = _DuplicateName(parsed)
    seen = set[str]()
    duplicate.name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return duplicate


def _invalid_values(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            yield path, "Not valid Unicode text."
    elif isinstance(value, dict):
        if isinstance(value, _DuplicateName):
            yield (*path, value.name[:MAX_NAME_CHARACTERS]), "Duplicate name."
        for name, inner in value.items():
            inner_path = (*path, name[:MAX_NAME_CHARACTERS])
            if _SURROGATE.search(name):
                yield inner_path, "The name is not valid Unicode text."
            yield from _invalid_values(inner, inner_path)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _invalid_values(inner, (*path, position))
    elif isinstance(value, _NotANumber) or (isinstance(value, float) and not math.isfinite(value)):
        yield path, "Must be a finite number."


def _names(value: Any) -> int:
    """How many names the objects in a value have."""
    if isinstance(value, dict):
        return len(value) + sum(map(_names, value.values()))
    if isinstance(value, list):
        return sum(map(_names, value))
    return 0
