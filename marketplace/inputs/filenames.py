"""The names of files: shown to people and offered for saving, never used as a path."""

import re
import unicodedata

from marketplace.inputs import texts

LONGEST = 100
# A longer name is cut before it is cleaned, and so is what a client sends as a path.
LONGEST_SENT = 1_000
_UNNAMED = "file"
# Joiners and direction marks would hide an extension; the rest is not allowed in names by some
# system.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2060-\u206f\ufeff]")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def filename(text: str) -> str:
    """One line without a path, direction controls or invisible characters; at most 100 characters."""
    last = re.split(r"[/\\]", text[-LONGEST_SENT:])[-1]
    name = texts.line(_INVISIBLE.sub("", last))
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    name = _FORBIDDEN.sub("_", name).strip(". ")
    if texts.is_blank(name):
        return _UNNAMED
    if len(name) <= LONGEST:
        return name
    extension = _EXTENSION.search(name)
    kept = extension[0] if extension else ""
    return name[: LONGEST - len(kept)].rstrip(". ") + kept


def with_extension(name: str, extension: str) -> str:
    """The name with the extension of what the file really is; `.jpeg` and `.jpg` are the same."""
    own = _EXTENSION.search(name)
    if own is not None and _same(own[0].lower()) == _same(extension):
        return name
    stem = name[: own.start()] if own is not None else name
    return (stem[: LONGEST - len(extension)].rstrip(". ") or _UNNAMED) + extension


def _same(extension: str) -> str:
    return {".jpeg": ".jpg", ".mp4": ".m4a", ".opus": ".ogg", ".oga": ".ogg"}.get(
        extension, extension
    )
