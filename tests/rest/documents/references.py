"""References inside an API document."""

from collections.abc import Mapping
from typing import Any


def resolved_references(document: Mapping[str, Any]) -> set[str]:
    """Every `$ref` of a document; raises KeyError for one that leads nowhere."""
    found = _references(document)
    for reference in found:
        part: Any = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    return found


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(part) for part in value))
    return set()
