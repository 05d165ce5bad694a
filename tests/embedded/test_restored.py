"""`parley restored`, as the operator who restored MongoDB runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.settings import Settings
from marketplace.storage import MongoStore, epoch

MONGODB = {"MONGODB_URL", "MONGODB_DATABASE", "MONGODB_URL_FILE"}


def _run(data: Path, **named: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in MONGODB}
    return subprocess.run(
        [sys.executable, "-c", "from embedded.cli import main; main()", "restored"],
        env={**kept, "PARLEY_DATA_DIR": str(data), **named},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


async def test_every_run_starts_a_new_epoch(
    store: MongoStore, settings: Settings, tmp_path: Path
) -> None:
    """Every run starts a new epoch; it needs only MongoDB's address, and no running process."""
    (tmp_path / "url").write_text(settings.mongodb_url + "\n")
    seen = [store.epoch.current]
    for named in (
        {"MONGODB_URL": settings.mongodb_url},
        {"MONGODB_URL_FILE": str(tmp_path / "url")},
    ):
        done = _run(tmp_path, MONGODB_DATABASE=settings.mongodb_database, **named)
        assert done.returncode == 0, done.stderr
        await store.epoch.read()
        seen.append(store.epoch.current)
        assert store.epoch.current in done.stdout

    assert seen[0] == epoch.FIRST
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({}, "No stack is running in "),
        ({"MONGODB_URL": "postgres://elsewhere"}, "MONGODB_URL is not a MongoDB URL."),
        (
            {"MONGODB_URL_FILE": "/nowhere"},
            "MONGODB_URL_FILE: The file cannot be read (No such file or directory: /nowhere).",
        ),
        ({"MONGODB_URL": "mongodb://127.0.0.1:9/"}, "Run the command again; that is safe."),
    ],
    ids=["nothing", "another database", "no file", "nobody there"],
)
def test_a_failure_is_reported_in_one_sentence(
    tmp_path: Path, named: dict[str, str], sentence: str
) -> None:
    """An error is one sentence without a stack trace, and the exit code is 1."""
    done = _run(tmp_path, **named)

    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
