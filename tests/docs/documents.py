"""The documents' content, parsed: code spans, links and table rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
PAGES = [
    *(CHECKOUT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    *sorted(DOCS.glob("*.md")),
    *DECISIONS,
]
# A code span that names a file of the checkout: a path below one of its folders, or a root file.
_FILE = re.compile(
    r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.{}-]+)+/?|[A-Za-z_.-]+\.(md|yml|cfg|toml)|Makefile"
)
_LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")
_SPAN = re.compile(r"`([^`\n]+)`")
_TABLE_LINE = re.compile(r"\|[ :|-]+\|")


@dataclass(frozen=True, slots=True)
class Row:
    """A table row; `cells` is keyed by the names in the table's header."""

    section: str
    cells: dict[str, str]


def read(page: Path) -> str:
    """The text of a page."""
    return page.read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A page without its fenced code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def spans(text: str) -> list[str]:
    """The texts in backticks."""
    return _SPAN.findall(prose(text))


def files_named(text: str) -> list[str]:
    """Code spans that are paths of the checkout."""
    roots = {path.name for path in CHECKOUT.iterdir()}
    found = [span for span in spans(text) if _FILE.fullmatch(span)]
    return [span for span in found if "/" not in span or span.partition("/")[0] in roots]


def links(text: str) -> list[str]:
    """Link targets within the checkout."""
    return [found[1] for found in _LINK.finditer(prose(text)) if "://" not in found[1]]


def rows(text: str) -> Iterator[Row]:
    """Every row of every table, with its section."""
    section, head = "", list[str]()
    lines = prose(text).splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("#"):
            section, head = line.lstrip("# "), []
        elif not line.startswith("|"):
            head = []
        elif _TABLE_LINE.fullmatch(following) and following.startswith("|"):
            head = _cells(line)
        elif head and not _TABLE_LINE.fullmatch(line):
            yield Row(section, dict(zip(head, _cells(line), strict=True)))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def only_span(cell: str) -> str:
    """The single code span that makes up a cell."""
    found = re.fullmatch(r"`([^`]+)`", cell)
    assert found is not None, f"{cell!r} is not one code span"
    return found[1]
