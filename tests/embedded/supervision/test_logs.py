"""Logs are bounded, and the previous run's log is kept."""

from pathlib import Path

import pytest

from embedded.supervision import logs


def test_a_new_run_keeps_the_previous_log(tmp_path: Path) -> None:
    """The log starts empty, and the previous run's log is next to it."""
    path = tmp_path / "rest.log"
    path.write_text("before\n")

    logs.begin(path)

    assert path.read_text() == ""
    assert (tmp_path / "rest.1.log").read_text() == "before\n"


def test_an_oversized_log_is_rotated_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer continues at the start of the emptied file, and nothing written is lost."""
    monkeypatch.setattr(logs, "LARGEST_BYTES", 5)
    path = tmp_path / "rest.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"long enough\n")
        logs.bound(path)
        writer.write(b"on\n")

    assert path.read_bytes() == b"on\n"
    assert (tmp_path / "rest.1.log").read_bytes() == b"long enough\n"


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    """The tail has only as many lines as requested, and is empty without a log."""
    path = tmp_path / "rest.log"
    path.write_text("".join(f"line {number}\n" for number in range(5000)))

    assert logs.tail(path, lines=2) == "line 4998\nline 4999"
    assert logs.tail(tmp_path / "nothing.log") == ""
