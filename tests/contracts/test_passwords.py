"""Hashing passwords."""

from collections.abc import Iterator

import pytest

from marketplace.passwords import Argon2Passwords
from marketplace.ports import Passwords
from tests import memory


@pytest.fixture(params=["memory", "argon2"])
def passwords(request: pytest.FixtureRequest) -> Iterator[Passwords]:
    """Each kind in turn."""
    if request.param == "memory":
        yield memory.Passwords()
    else:
        argon2 = Argon2Passwords()
        yield argon2
        argon2.close()


async def test_a_password_matches_its_hash_and_no_other(passwords: Passwords) -> None:
    """Any text is a password: spaces, other scripts, two hundred characters."""
    for password in ("correct horse", "пароль 🙂", "x" * 200):
        hashed = await passwords.hash(password)

        assert await passwords.matches(hashed, password)
        assert not await passwords.matches(hashed, password + " ")


async def test_a_hash_is_salted_and_does_not_hold_the_password(passwords: Passwords) -> None:
    """Two people with one password have two hashes."""
    first, second = [await passwords.hash("correct horse") for _ in range(2)]

    assert first != second
    assert "correct horse" not in first


async def test_an_unknown_account_matches_nothing(passwords: Passwords) -> None:
    """None stands for an account that does not exist."""
    assert not await passwords.matches(None, "correct horse")
    assert not await passwords.matches(None, "")


async def test_what_is_no_hash_matches_nothing(passwords: Passwords) -> None:
    """A damaged record is a wrong password and no failure."""
    assert not await passwords.matches("no hash", "correct horse")
