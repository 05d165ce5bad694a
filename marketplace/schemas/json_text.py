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
MOST_NAME_CHARACTERS = 100
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Path = tuple[str | int, ...]


class _NotANumber:
    """NaN, Infinity or -Infinity, which JSON does not have."""


class _NamedTwice(dict[str, Any]):
    """An object with a name given twice."""

    name = ""


def read_json(text: bytes | bytearray, root: int = 0) -> Any:
    """The value of a JSON text in UTF-8; paths of errors leave their first `root` parts out.

    Raises:
        ParleyError: `validation_failed` with the paths of values that JSON does not have,
            `malformed` for what is no JSON.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _refusal(bytes(text), root, error.msg) from error
    require_each_name_once(text, value, root)
    return value


def require_each_name_once(text: bytes | bytearray, value: Any, root: int = 0) -> None:
    """Check a text that was read strictly; costs a count unless there are colons in its strings.

    Raises:
        ParleyError: `validation_failed` with the path of a name that was given twice.
    """
    if text.count(b":") > _names(value):
        found = _faults_in(bytes(text))
        if found:
            raise _told(found, root)


def _refusal(text: bytes, root: int, why: str) -> ParleyError:
    found = _faults_in(text)
    if found:
        return _told(found, root)
    return ParleyError(Code.MALFORMED, f"This is not JSON: {why}.")


def _told(found: list[tuple[Path, str]], root: int) -> ParleyError:
    errors = [FieldError(".".join(map(str, path[root:])), message) for path, message in found]
    where = ", ".join(sorted({error.path for error in errors if error.path})[:5])
    told = f"Some values are not valid: {where}." if where else errors[0].message
    return ParleyError(Code.VALIDATION_FAILED, told, errors=errors)


def _faults_in(text: bytes) -> list[tuple[Path, str]]:
    """Up to 20 values that JSON does not have; none when a lenient reading finds no JSON either."""
    if len(text) > MOST_READ_AGAIN_BYTES:
        return []
    try:
        # What is no UTF-8 becomes a surrogate, and is told as one.
        value = json.loads(
            text.decode(errors="surrogateescape"),
            parse_constant=lambda _: _NotANumber(),
            object_pairs_hook=_object,
        )
        return list(islice(_faults(value, ()), MOST_ERRORS))
    except (ValueError, RecursionError):
        return []


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
            yield path, "Not a valid Unicode text."
    elif isinstance(value, dict):
        if isinstance(value, _NamedTwice):
            yield (*path, value.name[:MOST_NAME_CHARACTERS]), "Given twice."
        for name, inner in value.items():
            inner_path = (*path, name[:MOST_NAME_CHARACTERS])
            if _SURROGATE.search(name):
                yield inner_path, "The name is not a valid Unicode text."
            yield from _faults(inner, inner_path)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _faults(inner, (*path, position))
    elif isinstance(value, _NotANumber) or (isinstance(value, float) and not math.isfinite(value)):
        yield path, "Not a number."


def _names(value: Any) -> int:
    """How many names the objects in a value have."""
    if isinstance(value, dict):
        return len(value) + sum(map(_names, value.values()))
    if isinstance(value, list):
        return sum(map(_names, value))
    return 0
