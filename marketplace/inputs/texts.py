"""Names, titles and bodies: what is cleaned, what is kept, and what counts as blank.

Lengths are counted in Unicode code points, after cleaning.
"""

import re
import unicodedata

import regex

# Characters that are removed from a body or replaced. They are invisible, so nobody is refused for
# them.
_TO_CLEAN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
# Vertical tab, form feed, next line, line and paragraph separator: Word and PDFs paste them.
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_REMOVABLE = "\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufff9-\ufffb"
# Embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9).
_DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
DIRECTION_CONTROLS = re.compile(f"[{_DIRECTIONS}]")
# Between two spaces, they take one of them along: only one was meant to be seen.
_REMOVED = re.compile(f" [{_REMOVABLE}]+(?= )|[{_REMOVABLE}]+")
_REMOVED_FROM_LINES = re.compile(f" [{_REMOVABLE}{_DIRECTIONS}]+(?= )|[{_REMOVABLE}{_DIRECTIONS}]+")
_SPACES_WITH_BREAK = re.compile(r" *[\t\n][ \t\n]*")
_EMBEDDINGS, _ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"
_POP_EMBEDDING, _POP_ISOLATE = "\u202c", "\u2069"
# A character with a visible shape: no space, control, format or combining character, nothing that
# Unicode calls default-ignorable (Hangul fillers, soft hyphen), and not the empty Braille pattern.
_VISIBLE = regex.compile(r"[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Default_Ignorable_Code_Point}\u2800]")
_LINK = re.compile(r"[a-z][a-z0-9+.-]*://|\bwww\.|[a-z0-9-]\.[a-z]{2,}/", re.IGNORECASE)


def is_clean(text: str) -> bool:
    """Whether `body` would return the text unchanged."""
    return text.isprintable() or _TO_CLEAN.search(text) is None


def is_blank(text: str) -> bool:
    """Whether the text shows nothing: spaces, invisible characters, marks without a letter."""
    # The first character usually decides, without the slower search.
    return not "!" <= text[:1] <= "~" and _VISIBLE.search(text) is None


def body(text: str) -> str:
    """A text of several lines, cleaned.

    Line breaks become `\\n`, control characters are removed, and direction controls that a line
    leaves open are closed at its end. Joiners, direction marks, variation selectors and flags stay:
    Arabic, Hebrew, Persian and emoji need them.
    """
    if is_clean(text):
        return text
    text = _REMOVED.sub("", _BREAKS.sub("\n", text))
    if DIRECTION_CONTROLS.search(text) is None:
        return text
    return "\n".join(_closed(line) for line in text.split("\n"))


def line(text: str) -> str:
    """A name or a title: one line in NFC, without direction controls.

    Line breaks and tabs become a space.
    """
    text = _REMOVED_FROM_LINES.sub("", _BREAKS.sub("\n", text))
    return unicodedata.normalize("NFC", _SPACES_WITH_BREAK.sub(" ", text).strip())


def name(text: str) -> str:
    """The name of a person or a company: a line without a link.

    Raises:
        ValueError: it contains a link.
    """
    text = line(text)
    if _LINK.search(text):
        raise ValueError("A name may not contain a link.")
    return text


def _closed(text: str) -> str:
    """The line with every direction control closed exactly once (UAX #9)."""
    kept: list[str] = []
    closers: list[str] = []
    for character in text:
        if character in _EMBEDDINGS:
            closers.append(_POP_EMBEDDING)
        elif character in _ISOLATES:
            closers.append(_POP_ISOLATE)
        elif character in (_POP_EMBEDDING, _POP_ISOLATE):
            if not closers or closers[-1] != character:
                continue
            closers.pop()
        kept.append(character)
    return "".join(kept + closers[::-1])
