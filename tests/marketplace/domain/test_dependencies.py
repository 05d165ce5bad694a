"""What the rules of the marketplace depend on."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import marketplace
from marketplace import domain

DOMAIN = Path(domain.__file__).parent
# Modules with which a rule would read or change something outside its arguments.
IMPURE = {
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "socket",
    "sys",
    "threading",
    "time",
}
OWN = {"marketplace.domain", "marketplace.errors", "marketplace.places"}
MODULES = [
    *sorted(DOMAIN.glob("*.py")),
    DOMAIN.parent / "errors.py",
    DOMAIN.parent / "places.py",
]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_rules_depend_on_pure_parts_of_the_standard_library_only(module: Path) -> None:
    """A rule imports no library, and nothing that reads a clock, a file, chance or the network."""
    for name in _imports(module):
        top = name.partition(".")[0]
        if top == marketplace.__name__:
            assert any(name == own or name.startswith(f"{own}.") for own in OWN), name
        else:
            assert top in sys.stdlib_module_names - IMPURE, name


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            if node.module == marketplace.__name__:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module
