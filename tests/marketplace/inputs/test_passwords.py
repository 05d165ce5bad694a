"""Passwords."""

import pytest

from marketplace.inputs import passwords

PERSONAL = ("carla@example.com", "carla", "Carla Reyes")


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PASSWORD",
        "12345678",
        "qwertyuiop",
        "iloveyou",
        "aaaaaaaaaaaa",
        "abababababab",
        "parley123",
        "Parley!!2026",
        "carla1985",
        "CARLA-REYES",
        "carla@example.com",
    ],
)
def test_easily_guessed_passwords_are_refused(password: str) -> None:
    """Common passwords, our name, and the person's own name or address are refused."""
    with pytest.raises(ValueError, match=r"common|similar"):
        passwords.require_hard_to_guess(password, PERSONAL)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "пароль-не-словарный",
        "🙂🙃🙂🙃😉 nope",
        "carla likes tea",
        "        x y",
    ],
)
def test_other_passwords_are_accepted(password: str) -> None:
    """Any mixture of characters is accepted; a longer one may contain the person's name."""
    passwords.require_hard_to_guess(password, PERSONAL)


def test_both_unicode_compositions_of_a_password_match() -> None:
    """Both encodings of é match, since macOS and Windows keyboards compose it differently."""
    assert passwords.normalized("Cafe\u0301") == passwords.normalized("Caf\u00e9") == "Café"
