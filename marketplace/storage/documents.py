"""Domain values as MongoDB documents, and back."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar

from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.bson import make_converter

T = TypeVar("T")

_CONVERTER = make_converter(detailed_validation=False)


def _has_id(kind: Any) -> bool:
    return is_dataclass(kind) and "id" in getattr(kind, "__dataclass_fields__", {})


# `id` becomes MongoDB's `_id`; fields at their default are omitted, so that partial indexes skip
# them.
_CONVERTER.register_unstructure_hook_factory(
    _has_id,
    lambda kind: make_dict_unstructure_fn(
        kind, _CONVERTER, _cattrs_omit_if_default=True, id=override(rename="_id")
    ),
)
_CONVERTER.register_structure_hook_factory(
    _has_id,
    lambda kind: make_dict_structure_fn(
        kind, _CONVERTER, _cattrs_detailed_validation=False, id=override(rename="_id")
    ),
)


def to_document(value: Any) -> dict[str, Any]:
    """A frozen value as a document."""
    document: dict[str, Any] = _CONVERTER.unstructure(value)
    return document


def from_document(document: Mapping[str, Any], kind: type[T]) -> T:
    """The value in a document; unknown fields are ignored."""
    return _CONVERTER.structure(document, kind)
