"""Hashing passwords."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from marketplace.errors import ParleyError
from marketplace.passwords import Argon2Passwords
from marketplace.ports import Passwords
from tests import memory


@pytest.fixture(params=["memory", "argon2"])
def passwords(request: pytest.FixtureRequest) -> Iterator[Passwords]:
    """Every implementation, one after the other."""
    if request.param == "memory":
        yield memory.Passwords()
    else:
        argon2 = Argon2Passwords()
        yield argon2
        argon2.close()


async def test_a_password_matches_its_hash_and_no_other(passwords: Passwords) -> None:
    """Any text can be a password: spaces, other scripts, two hundred characters."""
    for password in ("correct horse", "пароль 🙂", "x" * 200):
        hashed = await passwords.hash(password)

        assert await passwords.matches(hashed, password)
        assert not await passwords.matches(hashed, password + " ")


async def test_a_hash_is_salted_and_does_not_contain_the_password(passwords: Passwords) -> None:
    """Two people with the same password have different hashes."""
    first, second = [await passwords.hash("correct horse") for _ in range(2)]

    assert first != second
    assert "correct horse" not in first


async def test_an_unknown_account_matches_no_password(passwords: Passwords) -> None:
    """None, the hash of an account that does not exist, matches no password."""
    assert not await passwords.matches(None, "correct horse")
    assert not await passwords.matches(None, "")


async def test_a_damaged_hash_matches_no_password(passwords: Passwords) -> None:
    """A damaged hash counts as a wrong password, not as a failure."""
    assert not await passwords.matches("no hash", "correct horse")


async def test_log_ins_from_one_address_do_not_delay_another() -> None:
    """Most of 200 log-ins at once from one address are refused; another address gets its turn."""
    passwords = Argon2Passwords()
    hashed = await passwords.hash("correct horse")
    started_at = time.monotonic()

    crowd = [
        asyncio.create_task(passwords.matches(hashed, "guess", "203.0.113.9")) for _ in range(200)
    ]
    await asyncio.sleep(0)
    is_right = await passwords.matches(hashed, "correct horse", "192.0.2.1")
    waited_s = time.monotonic() - started_at
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    crowd_s = time.monotonic() - started_at
    passwords.close()

    assert is_right
    assert outcomes.count(False) < 50
    assert all(outcome is False or isinstance(outcome, ParleyError) for outcome in outcomes)
    assert waited_s < crowd_s / 3
