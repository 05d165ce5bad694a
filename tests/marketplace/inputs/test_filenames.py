"""The names of files."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.inputs.filenames import LONGEST, filename, with_extension


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("sink.jpg", "sink.jpg"),
        ("  Küche, links.jpg ", "Küche, links.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\carla\\sink.jpg", "sink.jpg"),
        ("/", "file"),
        ("", "file"),
        ("...", "file"),
        (".htaccess", "htaccess"),
        ("a\r\nSet-Cookie: b.jpg", "a Set-Cookie_ b.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("in\u200bvisible\u2066.pdf", "invisible.pdf"),
        ('a"b<c>.png', "a_b_c_.png"),
        ("nul\x00.png", "nul.png"),
        ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
    ],
)
def test_a_name_is_one_safe_line(sent: str, name: str) -> None:
    """No path, no line break, nothing that hides the extension."""
    assert filename(sent) == name


@given(st.text(max_size=2_000))
def test_whatever_is_sent_has_a_name(sent: str) -> None:
    """It is short and visible, and cleaning it again changes nothing."""
    name = filename(sent)

    assert 1 <= len(name) <= LONGEST
    assert not {unicodedata.category(character) for character in name} & {"Cc", "Cf", "Zl", "Zp"}
    assert not set(name) & set('/\\"<>:|?*')
    assert filename(name) == name


@pytest.mark.parametrize(
    ("name", "extension", "expected"),
    [
        ("sink.jpg", ".jpg", "sink.jpg"),
        ("sink.JPEG", ".jpg", "sink.JPEG"),
        ("IMG_1.heic", ".jpg", "IMG_1.jpg"),
        ("invoice.exe", ".pdf", "invoice.pdf"),
        ("no extension", ".pdf", "no extension.pdf"),
        ("voice.mp4", ".m4a", "voice.mp4"),
        ("x" * 100, ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_the_extension_says_what_it_is(name: str, extension: str, expected: str) -> None:
    """A name cannot claim another type."""
    assert with_extension(name, extension) == expected
