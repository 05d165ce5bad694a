"""The documents name only what exists: files, functions, tests, make targets and each other."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.documents import (
    CHECKOUT,
    DECISIONS,
    PAGES,
    files_named,
    links,
    prose,
    read,
    rows,
    spans,
)

SECTIONS = ["Context", "Decision", "Consequences", "Alternatives"]
_PAGE_NAMES = [str(page.relative_to(CHECKOUT)) for page in PAGES]
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_MAKE = re.compile(r"\bmake ([a-z][a-z-]+)")


def _defined(path: Path) -> set[str]:
    """Names of a module's classes, functions and assignments; methods also as `Class.method`."""
    names = set[str]()
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}.{member.name}"
                for member in node.body
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        if isinstance(node, ast.Name | ast.arg):
            names.add(node.id if isinstance(node, ast.Name) else node.arg)
    return names


@pytest.mark.parametrize("page", PAGES, ids=_PAGE_NAMES)
def test_every_named_file_exists(page: Path) -> None:
    """Every path in backticks is a file or folder of the checkout."""
    missing = [path for path in files_named(read(page)) if not (CHECKOUT / path).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=_PAGE_NAMES)
def test_every_link_has_a_target(page: Path) -> None:
    """Every relative link leads to a file or folder, seen from its page."""
    missing = [link for link in links(read(page)) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=_PAGE_NAMES)
def test_every_named_function_is_in_its_file(page: Path) -> None:
    """`path.py`, `name` on one line: the file defines a class, function or method `name`."""
    wrong = [
        f"{path}: {name}"
        for path, name in re.findall(r"`([\w/]+\.py)`, `([A-Za-z_][\w.]*)`", prose(read(page)))
        if name not in _defined(CHECKOUT / path)
    ]
    assert not wrong


def test_every_named_test_exists() -> None:
    """Lines of ARCHITECTURE.md that start with a test file name tests that exist in it."""
    wrong, count = [], 0
    for line in read(CHECKOUT / "ARCHITECTURE.md").splitlines():
        names = [span for span in spans(line) if span.startswith("test_")]
        if not names:
            continue
        path = spans(line)[0]
        defined = _defined(CHECKOUT / path)
        wrong += [f"{path}: {name}" for name in names if name not in defined]
        count += len(names)
    assert not wrong
    assert count > 0


def test_every_promise_appears_once() -> None:
    """ARCHITECTURE.md has P1 to P11, once each, in order."""
    numbers = re.findall(r"^\*\*P(\d+)\. ", read(CHECKOUT / "ARCHITECTURE.md"), re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, 12))


@pytest.mark.parametrize("page", PAGES, ids=_PAGE_NAMES)
def test_every_named_make_target_exists(page: Path) -> None:
    """Every `make target` in the documents is in the Makefile."""
    targets = set(_TARGET.findall(read(CHECKOUT / "Makefile")))
    code = [*spans(read(page)), *re.findall(r"^```\n(.*?)^```$", read(page), re.M | re.S)]
    named = {target for piece in code for target in _MAKE.findall(piece)}
    assert named <= targets


def test_the_readmes_commands_install_what_they_need() -> None:
    """The README has `make demo` and `make test`, and both create the virtual environment."""
    makefile, readme = read(CHECKOUT / "Makefile"), read(CHECKOUT / "README.md")
    for target in ("demo", "test"):
        assert f"```\nmake {target}\n```" in readme
        assert re.search(rf"^{target}:.*\$\(INSTALLED\)", makefile, re.MULTILINE)


def test_decisions_are_numbered_without_a_gap() -> None:
    """0001, 0002, …: the number is in the file's name and in its title."""
    numbers = [path.name.partition("-")[0] for path in DECISIONS]
    assert numbers == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    for path, number in zip(DECISIONS, numbers, strict=True):
        assert read(path).startswith(f"# {number}: ")


@pytest.mark.parametrize("path", DECISIONS, ids=[path.stem for path in DECISIONS])
def test_a_decision_has_its_sections(path: Path) -> None:
    """Context, decision, consequences and alternatives are all present and not empty."""
    parts = re.split(r"^## ", read(path), flags=re.MULTILINE)[1:]
    assert [part.partition("\n")[0] for part in parts] == SECTIONS
    assert all(part.partition("\n")[2].strip() for part in parts)


def test_exactly_the_existing_collections_are_described() -> None:
    """ARCHITECTURE.md lists exactly the collections that the migrations create."""
    versions = sorted((CHECKOUT / "marketplace/storage/migrations").glob("v*.py"))
    source = "\n".join(map(read, versions))
    found = re.search(r"_VALIDATORS.*?^}", source, re.DOTALL | re.MULTILINE)
    assert found is not None
    created = set(re.findall(r'^    "(\w+)":', found[0], re.MULTILINE))
    created |= set(re.findall(r'\bcreate\(database, "([\w.]+)"', source))
    described = {
        name
        for row in rows(read(CHECKOUT / "ARCHITECTURE.md"))
        if "Collection" in row.cells
        for name in spans(row.cells["Collection"])
    }
    assert described == created | {"migrations"}


def test_the_changelog_starts_with_the_packaged_version() -> None:
    """The newest entry in the changelog is the version in setup.cfg."""
    version = re.search(r"^version = (\S+)", read(CHECKOUT / "setup.cfg"), re.MULTILINE)
    newest = re.search(r"^## (\S+)", read(CHECKOUT / "CHANGELOG.md"), re.MULTILINE)
    assert version is not None
    assert newest is not None
    assert newest[1] == version[1]
