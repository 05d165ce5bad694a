"""Counting the segments of an SMS."""

import pytest

from marketplace.domain.sms_text import count_segments


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("é" * 160, 1),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 69 + "ж" * 65 + "b", 3),
    ],
)
def test_segments_are_counted(text: str, segments: int) -> None:
    """A segment holds 160 or 153 GSM 7-bit characters, or 70 or 67 UTF-16 units."""
    assert count_segments(text) == segments
