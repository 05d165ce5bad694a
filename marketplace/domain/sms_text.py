"""Texts as SMS: the characters they cost, the segments they take, and no links.

Sources: 3GPP TS 23.038 §6.2.1 (the GSM 7-bit alphabet and its extension table) and Twilio's
glossary, "What is the SMS character limit?"
(https://www.twilio.com/docs/glossary/what-sms-character-limit).
"""

import re
import unicodedata

LINK = "(link)"

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")

# Characters that phones and word processors insert automatically: a single one turns the whole text
# into UCS-2.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′‵´`ˋˈʼ‹›", "'"),
        **dict.fromkeys("“”„‟″‶«»", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣", "-"),
        **dict.fromkeys("\t\xa0\u1680\u202f\u205f\u3000", " "),
        **{chr(code): " " for code in range(0x2000, 0x200B)},
        **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
        **{chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)},  # full width
        "…": "...",
        "‥": "..",
        "•": "*",
        "×": "x",
        "⁄": "/",
        "½": "1/2",
        "¼": "1/4",
        "¾": "3/4",
        "™": "(TM)",
        "®": "(R)",
        "©": "(C)",
        "№": "No.",
        "ﬁ": "fi",
        "ﬂ": "fl",
    }
)
_DOTS = ".\u3002\uff61"  # browsers treat the others as full stops, too
_URL = re.compile(
    rf"""(?ix)
    \b [a-z][a-z0-9+.-]* : // \S+                       # a scheme
    | \b (?: mailto | tel | sms | javascript | data ) : \S+
    | \b www [{_DOTS}] \S+
    | (?:[\w.+-]+@)? (?:[\w-]+[{_DOTS}])+ [^\W0-9_][\w-]+ (?: :[0-9]+ | (?=[/?\#]) ) (?: [/?\#]\S* )?
    | (?<![0-9.]) [0-9]{{1,3}} (?: \.[0-9]{{1,3}} ){{3}} (?: [:/]\S* )? (?![0-9.])
    """
)
_HOST_NAME_DOT = re.compile(rf"(?<=[\w-])[{_DOTS}](?=[^\W0-9_][\w-])")


def plain(text: str) -> str:
    """Typographic characters replaced by those of the GSM alphabet; letters are kept."""
    return unicodedata.normalize("NFC", text).translate(_PLAIN)


def without_links(text: str) -> str:
    """The text without anything that a phone would turn into a link.

    URLs are replaced, and host names are broken up with a space.
    """
    return _HOST_NAME_DOT.sub(". ", _URL.sub(LINK, text))


def is_gsm(text: str) -> bool:
    """Whether the GSM 7-bit alphabet contains every character."""
    return set(text) <= _BASIC | _EXTENDED


def count_segments(text: str) -> int:
    """The number of segments of a text, at least 1.

    GSM 7-bit: 160 septets in a single segment, 153 in each of several (an extension character takes
    two septets). Any other character makes it UCS-2: 70 UTF-16 units, or 67 in each of several. No
    character is split between two segments.
    """
    if is_gsm(text):
        sizes, single, several = [1 + (character in _EXTENDED) for character in text], 160, 153
    else:
        sizes, single, several = [1 + (character > "\uffff") for character in text], 70, 67
    if sum(sizes) <= single:
        return 1
    segments, used = 1, 0
    for size in sizes:
        if used + size > several:
            segments, used = segments + 1, 0
        used += size
    return segments
