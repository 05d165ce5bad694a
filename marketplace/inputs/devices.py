"""User-Agent headers in plain words: `Firefox on Windows`, so that people recognise a log-in.

Browsers freeze and shorten the header (RFC 9110, section 10.1.5), so a few tokens tell all that it
still says. The order matters: a browser also names those that it is compatible with.
"""

LONGEST = 400

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str | None:
    """The device in plain words; None if the header says nothing that people would recognise.

    A program that is no browser is named as it names itself: `okhttp`.
    """
    text = user_agent[:LONGEST]
    system = next((name for token, name in _SYSTEMS if token in text), None)
    if not text.startswith("Mozilla/"):
        program = text.partition("/")[0].strip()
        is_name = 0 < len(program) <= 40 and program.isascii() and program.isprintable()
        return _joined(program if is_name else None, system)
    return _joined(next((name for token, name in _BROWSERS if token in text), None), system)


def _joined(program: str | None, system: str | None) -> str | None:
    if program is None:
        return system
    return program if system is None else f"{program} on {system}"
