"""How many segments an SMS takes.

Sources: 3GPP TS 23.038 §6.2.1 (the GSM 7-bit alphabet and its extension table) and Twilio's
glossary, "What is the SMS character limit?"
(https://www.twilio.com/docs/glossary/what-sms-character-limit).
"""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def count_segments(text: str) -> int:
    """Segments of a text, at least 1.

    GSM 7-bit: 160 septets in one segment, 153 in each of several (an extension character is two
    septets).  Any other character makes it UCS-2: 70 UTF-16 units, or 67 in each of several.
    """
    if set(text) <= _BASIC | _EXTENDED:
        units, single, several = len(text) + sum(c in _EXTENDED for c in text), 160, 153
    else:
        units, single, several = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= single else -(-units // several)
