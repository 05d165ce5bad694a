"""JSON strictly read; what is refused is read again leniently, to say which value is at fault.

RFC 8259 leaves it open what a lone half of a surrogate pair or a name given twice means, and has no
NaN.  Such a text is `validation_failed` with the path of the value; a text that no reading makes
sense of is `malformed`.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from marketplace.errors import MOST_ERRORS, Code, FieldError, ParleyError

# A longer text that is not strict JSON is not read a second time: reading again takes 10 ms for it.
MOST_READ_AGAIN_BYTES = 150_000
# Nor is one with more objects, lists or values than any schema has: Python takes 75 ms for as many as
# a frame has room for.
MOST_OBJECTS_READ_AGAIN, MOST_VALUES_READ_AGAIN = 1_000, 5_000
MOST_NAME_CHARACTERS = 100
_SPACED_COLON = re.compile(rb"[ \t\r\n]:")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Path = tuple[str | int, ...]


class _NotANumber:
    """NaN, Infinity or -Infinity, which JSON does not have."""

    def __init__(self, name: str) -> None:
        """Made by the parser."""


def _no_constant(name: str) -> None:
    raise ValueError(name)


class _NamedTwice(dict[str, Any]):
    """An object with a name given twice."""

    name = ""


def read_json(text: bytes | bytearray) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ParleyError: `validation_failed` with the paths of strings that are no Unicode and of names
            that are given twice, `malformed` for what is no JSON.
    """
    return _read(text, 0, is_call=False)


def read_call(text: bytes) -> Any:
    """The list of a call; paths begin in its payload.

    A socket sends whatever a program put in: NaN and bytes that are no UTF-8 are values at fault, too.

    Raises:
        ParleyError: as `read_json`.
    """
    return _read(text, 1, is_call=True)


def _read(text: bytes | bytearray, root: int, *, is_call: bool) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        found = _faults_in(bytes(text), is_call=is_call)
        if found:
            raise _told(found, root) from error
        raise ParleyError(Code.MALFORMED, f"This is not JSON: {error.msg}.") from error
    require_each_name_once(text, value, root)
    return value


def require_each_name_once(text: bytes | bytearray, value: Any, root: int = 0) -> None:
    """Check a text that was read strictly; costs a count unless there are colons in its strings.

    Raises:
        ParleyError: `validation_failed` with the path of a name that was given twice.
    """
    if is_intricate(text) or text.count(b":") == (names := _names(value)):
        return
    # A colon behind a name follows its quotation mark, or white space behind that.
    if text.count(b'":') != names or _SPACED_COLON.search(text):
        found = _faults_in(bytes(text), is_call=False)
        if found:
            raise _told(found, root)


def _told(found: list[tuple[Path, str]], root: int) -> ParleyError:
    errors = [FieldError(".".join(map(str, path[root:])) or "$", why) for path, why in found]
    where = ", ".join(sorted({error.path for error in errors})[:5])
    return ParleyError(Code.VALIDATION_FAILED, f"Some values are invalid: {where}.", errors=errors)


def _faults_in(text: bytes, *, is_call: bool) -> list[tuple[Path, str]]:
    """Up to 20 values that JSON does not have; none when a lenient reading finds no JSON either."""
    if len(text) > MOST_READ_AGAIN_BYTES or is_intricate(text):
        return []
    try:
        # What is no UTF-8 becomes a surrogate, and is told as one.
        value = json.loads(
            text.decode(errors="surrogateescape" if is_call else "strict"),
            parse_constant=_NotANumber if is_call else _no_constant,
            object_pairs_hook=_object,
        )
        return list(islice(_faults(value, ()), MOST_ERRORS))
    except (ValueError, RecursionError):
        return []


def is_intricate(text: bytes | bytearray) -> bool:
    """Whether reading it in Python takes too long; counted in 0.1 ms."""
    return (
        text.count(b"{") + text.count(b"[") > MOST_OBJECTS_READ_AGAIN
        or text.count(b",") > MOST_VALUES_READ_AGAIN
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice = _NamedTwice(made)
    seen = set[str]()
    twice.name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return twice


def _faults(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            yield path, "Not valid Unicode text."
    elif isinstance(value, dict):
        if isinstance(value, _NamedTwice):
            yield (*path, value.name[:MOST_NAME_CHARACTERS]), "Duplicate name."
        for name, inner in value.items():
            inner_path = (*path, name[:MOST_NAME_CHARACTERS])
            if _SURROGATE.search(name):
                yield inner_path, "The name is not valid Unicode text."
            yield from _faults(inner, inner_path)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _faults(inner, (*path, position))
    elif isinstance(value, _NotANumber) or (isinstance(value, float) and not math.isfinite(value)):
        yield path, "Must be a finite number."


def _names(value: Any) -> int:
    """How many names the objects in a value have."""
    if isinstance(value, dict):
        return len(value) + sum(map(_names, value.values()))
    if isinstance(value, list):
        return sum(map(_names, value))
    return 0
