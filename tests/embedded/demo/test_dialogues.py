"""Scripts of conversations: the syntax, and that every script can be parsed."""

from datetime import timedelta
from pathlib import Path

import pytest

from embedded.demo import dialogues
from embedded.demo.dialogues import LineKind, script
from embedded.demo.stories import STORIES
from marketplace.domain.accounts import Role


def _written(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    (folder / "test.txt").write_text(text, encoding="utf-8")
    monkeypatch.setattr(dialogues, "files", lambda _: folder)


def test_every_kind_of_line_is_parsed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each line of a script has who does what, with which words and which amount."""
    _written(
        monkeypatch,
        tmp_path,
        "# a remark\n\ncustomer: Friday?\ncustomer edits: Saturday?\ncustomer deletes:\n"
        "vendor quotes 185.50: Parts: included.\ncustomer awards:\nvendor reads:\n",
    )

    lines = [(line.role, line.kind, line.text, line.amount_minor) for line in script("test")]

    assert lines == [
        (Role.CUSTOMER, LineKind.SAYS, "Friday?", 0),
        (Role.CUSTOMER, LineKind.EDITS, "Saturday?", 0),
        (Role.CUSTOMER, LineKind.DELETES, "", 0),
        (Role.VENDOR, LineKind.QUOTES, "Parts: included.", 18_550),
        (Role.CUSTOMER, LineKind.AWARDS, "", 0),
        (Role.VENDOR, LineKind.READS, "", 0),
    ]


def test_a_pause_delays_the_next_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pauses add up, and apply once, to the next line."""
    _written(monkeypatch, tmp_path, "later 2 h\nlater 5 min\nvendor: Hi\nvendor: Hi\n")

    first, second = script("test")

    assert first.after - second.after == timedelta(hours=2, minutes=5)
    assert second.after > timedelta()


def test_an_unreadable_line_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A typing error is reported with its line."""
    _written(monkeypatch, tmp_path, "vendor: Hi\ncustmer: Hi\n")

    with pytest.raises(ValueError, match=r"test\.txt, line 2"):
        script("test")


def test_every_script_is_used_and_long_enough() -> None:
    """Every script is used; each has 10 messages or more, the longest more than 50."""
    folder = Path(dialogues.__file__).parent
    played = [answer.script for story in STORIES for answer in story.answers if answer.script]

    assert sorted(played) == sorted(path.stem for path in folder.glob("*.txt"))
    messages = [sum(line.kind is LineKind.SAYS for line in script(name)) for name in played]
    assert min(messages) >= 10
    assert 50 < max(messages) <= 60


def test_every_story_ends_in_the_past() -> None:
    """A story's scripts take less time than has passed since it began."""
    for story in STORIES:
        scripts = [answer.script for answer in story.answers if answer.script]
        talks = [line for name in scripts for line in script(name)]
        took = sum((line.after for line in talks), timedelta(minutes=60))
        assert not scripts or took < timedelta(hours=story.began_h_ago), story.title
