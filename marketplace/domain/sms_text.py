"""Texts as SMS: which signs they cost, how many segments they take, and no links of strangers.

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

# What phones and word processors type by themselves: one such sign makes the whole text UCS-2.
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
_DOTS = ".\u3002\uff61"  # browsers read the others as full stops, too
_URL = re.compile(
    rf"""(?ix)
    \b [a-z][a-z0-9+.-]* : // \S+                       # a scheme
    | \b (?: mailto | tel | sms | javascript | data ) : \S+
    | \b www [{_DOTS}] \S+
    | (?:[\w.+-]+@)? (?:[\w-]+[{_DOTS}])+ [^\W0-9_][\w-]+ (?: :[0-9]+ | (?=[/?\#]) ) (?: [/?\#]\S* )?
    | (?<![0-9.]) [0-9]{{1,3}} (?: \.[0-9]{{1,3}} ){{3}} (?: [:/]\S* )? (?![0-9.])
    """
)
_NAME_OF_HOST = re.compile(rf"(?<=[\w-])[{_DOTS}](?=[^\W0-9_][\w-])")


def plain(text: str) -> str:
    """Typographic signs as those of the GSM alphabet; letters stay as they are."""
    return unicodedata.normalize("NFC", text).translate(_PLAIN)


def without_links(text: str) -> str:
    """No phone makes a link of any of it: addresses go, and names of hosts fall apart."""
    return _NAME_OF_HOST.sub(". ", _URL.sub(LINK, text))


def is_gsm(text: str) -> bool:
    """Whether the GSM 7-bit alphabet has all of it."""
    return set(text) <= _BASIC | _EXTENDED


def count_segments(text: str) -> int:
    """Segments of a text, at least 1.

    GSM 7-bit: 160 septets in one segment, 153 in each of several (an extension character is two
    septets).  Any other character makes it UCS-2: 70 UTF-16 units, or 67 in each of several.  No
    character is divided between two.
    """
    if is_gsm(text):
        sizes, single, several = [1 + (sign in _EXTENDED) for sign in text], 160, 153
    else:
        sizes, single, several = [1 + (sign > "\uffff") for sign in text], 70, 67
    if sum(sizes) <= single:
        return 1
    segments, used = 1, 0
    for size in sizes:
        if used + size > several:
            segments, used = segments + 1, 0
        used += size
    return segments
