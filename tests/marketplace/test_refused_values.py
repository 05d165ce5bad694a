"""What every refusal of a value contains, and how patterns are written, in the whole product."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("marketplace", "rest", "realtime", "relay", "matching", "notify", "nginx", "embedded")
MODULES = sorted(path for package in PACKAGES for path in (CHECKOUT / package).rglob("*.py"))


def calls(path: Path) -> Iterator[ast.Call]:
    """The calls in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_refused_value_has_its_path(path: Path) -> None:
    """Every `validation_failed` names the invalid values, so a form can mark their fields."""
    for call in calls(path):
        refuses = any(ast.unparse(argument) == "Code.VALIDATION_FAILED" for argument in call.args)
        if refuses and isinstance(call.func, ast.Name) and call.func.id == "ParleyError":
            assert "errors" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_patterns_match_only_ascii_digits(path: Path) -> None:
    r"""Patterns use [0-9], because `\d` matches the digits of every script."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    assert not [text for text in texts if r"\d" in text]
