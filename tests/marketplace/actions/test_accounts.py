"""Registering, logging in, refreshing, logging out."""

from datetime import timedelta
from typing import Any

from marketplace.actions import accounts
from marketplace.domain.accounts import Role
from marketplace.domain.vendors import VendorState
from marketplace.errors import Code
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


def details(**other: Any) -> dict[str, Any]:
    """What somebody writes who registers."""
    given = {
        "role": "customer",
        "email": "Carla@Example.com",
        "password": "correct horse battery",
        "name": "Carla Reyes",
        "phone": None,
        "locale": "en-US",
        "timezone": "America/Denver",
    }
    return given | other


async def test_who_registers_can_log_in_however_the_address_is_written(stage: Stage) -> None:
    """The password itself is not kept."""
    account = await accounts.register(stage.world, details())

    found = await accounts.authenticate(stage.world, " CARLA@example.com ", "correct horse battery")

    assert found == account
    assert "correct horse" not in account.password_hash


async def test_a_wrong_address_and_a_wrong_password_are_told_alike(stage: Stage) -> None:
    """Nobody learns from the answer who has an account."""
    await accounts.register(stage.world, details())

    for email, password in (("carla@example.com", "guess"), ("other@example.com", "guess")):
        code = await refused(accounts.authenticate(stage.world, email, password))
        assert code is Code.UNAUTHENTICATED


async def test_an_address_is_taken_once(stage: Stage) -> None:
    """Also in other letters; nothing of the second try is left."""
    await accounts.register(stage.world, details())

    again = accounts.register(stage.world, details(role="vendor", email="carla@EXAMPLE.com"))

    assert await refused(again) is Code.EMAIL_TAKEN
    assert stage.store.tables.vendors == {}
    assert stage.happened() == []


async def test_a_vendor_begins_with_an_empty_profile(stage: Stage) -> None:
    """Account, profile and event are one write."""
    account = await accounts.register(stage.world, details(role="vendor"))

    vendor = await stage.store.vendors.get(account.id)
    assert account.role is Role.VENDOR
    assert vendor is not None
    assert vendor.state is VendorState.APPLIED
    assert stage.happened() == ["vendor.applied"]


async def test_a_refresh_token_works_once_and_its_copy_ends_the_session(stage: Stage) -> None:
    """Somebody holds a copy: both are logged out (RFC 9700, section 4.14)."""
    account = await accounts.register(stage.world, details())
    await accounts.open_session(stage.world, account, "s-1", "hash-1")

    first = await accounts.refresh(stage.world, "s-1", "hash-1", "hash-2")
    assert first.account == account

    for old, new in (("hash-1", "hash-3"), ("hash-2", "hash-4")):
        code = await refused(accounts.refresh(stage.world, "s-1", old, new))
        assert code is Code.UNAUTHENTICATED


async def test_a_session_ends_by_time_or_by_logging_out(stage: Stage) -> None:
    """After that its refresh token is worth nothing."""
    account = await accounts.register(stage.world, details())
    for name in ("s-1", "s-2"):
        await accounts.open_session(stage.world, account, name, "hash-1")

    await accounts.log_out(stage.world, account.id, "s-1")
    assert await refused(accounts.refresh(stage.world, "s-1", "hash-1", "h")) is (
        Code.UNAUTHENTICATED
    )
    stage.clock.advance(seconds=accounts.SESSION_TTL / timedelta(seconds=1))
    assert await refused(accounts.refresh(stage.world, "s-2", "hash-1", "h")) is (
        Code.UNAUTHENTICATED
    )
