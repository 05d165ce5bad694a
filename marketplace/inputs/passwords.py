"""Passwords: the form that is hashed, and which ones are too easy to guess.

Follows NIST SP 800-63B, section 3.1.1.2: a minimum length, a blocklist of common passwords and of
words that belong to the person or the service, and no rules about which characters to mix.
"""

import unicodedata
from collections.abc import Iterable

from zxcvbn.frequency_lists import FREQUENCY_LISTS

SHORTEST, LONGEST = 8, 200
_COMMON = frozenset(FREQUENCY_LISTS["passwords"])
_SERVICE = "parley"


def normalized(password: str) -> str:
    """The form that is hashed: NFC, so that `Café` is one password however it is composed."""
    return unicodedata.normalize("NFC", password)


def require_hard_to_guess(password: str, personal: Iterable[str] = ()) -> None:
    """Refuse a password that is common, or that is one of the `personal` words or our own name.

    Raises:
        ValueError: with a sentence that says which.
    """
    lowered = password.casefold()
    if lowered in _COMMON or len(set(lowered)) <= 2:
        raise ValueError("This password is too common. Choose another.")
    letters = _letters(password)
    for word in (_SERVICE, *personal):
        if lowered == word.casefold() or (letters and letters == _letters(word)):
            raise ValueError(
                "This password is too similar to your name, your email address or our name."
            )


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalpha())
