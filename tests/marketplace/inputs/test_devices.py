"""User-Agent headers in plain words."""

import pytest

from marketplace.inputs.devices import device

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
HEADERS = [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
     "Firefox on Windows"),
    (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36",
     "Chrome on Linux"),
    (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
     "Edge on Windows"),
    (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36",
     "Chrome on Android"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
     "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
     "(KHTML, like Gecko) Version/18.6 Safari/605.1.15", "Safari on Mac"),
    (f"Mozilla/5.0 (X11; CrOS x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36",
     "Chrome on ChromeOS"),
    ("okhttp/4.12.0", "okhttp"),
    ("Parley/3.1 (iPad; iOS 18)", "Parley on iPad"),
    ("python-httpx/0.28.1", "python-httpx"),
    ("Mozilla/5.0", None),
    ("", None),
    ("/1.0", None),
    ("\u202egnp.exe/1", None),
    ("x" * 100_000, None),
]  # fmt: skip


@pytest.mark.parametrize(("header", "words"), HEADERS)
def test_a_header_is_named_in_words_that_people_know(header: str, words: str | None) -> None:
    """Browsers and systems by their names, programs by their own; nonsense by none."""
    assert device(header) == words
