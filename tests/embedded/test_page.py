"""The page is rebuilt only when one of its sources has changed."""

import os
from pathlib import Path

import pytest

from embedded.page import is_fresh


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """Return a folder like web/, built after its last change."""
    for name, changed_at in {
        "src/deep/app.ts": 100,
        "package.json": 100,
        "node_modules/react/index.js": 900,
        "dist/index.html": 200,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (changed_at, changed_at))
    return tmp_path


def test_a_page_newer_than_its_sources_is_fresh(web: Path) -> None:
    """Packages that npm installed later do not count as sources."""
    assert is_fresh(web)


@pytest.mark.parametrize("changed", ["src/deep/app.ts", "package.json"])
def test_a_changed_source_makes_it_stale(web: Path, changed: str) -> None:
    """Any change, however deep, rebuilds the page."""
    os.utime(web / changed, (300, 300))

    assert not is_fresh(web)


def test_a_page_that_was_never_built_is_stale(web: Path) -> None:
    """Without index.html there is nothing to serve."""
    (web / "dist" / "index.html").unlink()

    assert not is_fresh(web)
