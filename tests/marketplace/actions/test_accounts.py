"""Registering, logging in, refreshing and logging out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from marketplace.actions import accounts
from marketplace.domain.accounts import Actor, PresentedToken, Role
from marketplace.domain.addresses import Source
from marketplace.domain.vendors import VendorState
from marketplace.errors import Code
from marketplace.schemas.accounts import Register
from tests.builders import NOW
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


def details(**other: Any) -> dict[str, Any]:
    """The fields of a registration, as loaded by the schema."""
    given = {
        "role": "customer",
        "email": "Carla@Example.com",
        "password": "correct horse battery",
        "name": "Carla Reyes",
        "phone": None,
        "locale": "en-US",
        "timezone": "America/Denver",
    }
    return Register().read(given | other)


async def test_a_registered_person_logs_in_with_any_spelling_of_the_email(stage: Stage) -> None:
    """A registered person can log in with any spelling of the email; the password is not stored."""
    account = await accounts.register(stage.world, details())

    found = await accounts.authenticate(stage.world, " CARLA@example.com ", "correct horse battery")

    assert found == account
    assert "correct horse" not in account.password_hash


async def test_a_wrong_address_and_a_wrong_password_get_the_same_refusal(stage: Stage) -> None:
    """The answer does not reveal whether an account exists."""
    await accounts.register(stage.world, details())

    for email, password in (("carla@example.com", "guess"), ("other@example.com", "guess")):
        code = await refused(accounts.authenticate(stage.world, email, password))
        assert code is Code.UNAUTHENTICATED


async def test_an_email_registers_once(stage: Stage) -> None:
    """An email is unique regardless of case, and a refused registration leaves nothing."""
    await accounts.register(stage.world, details())

    again = accounts.register(stage.world, details(role="vendor", email="carla@EXAMPLE.com"))

    assert await refused(again) is Code.EMAIL_TAKEN
    assert stage.store.tables.vendors == {}
    assert stage.event_names() == []


async def test_a_new_vendor_has_an_empty_profile(stage: Stage) -> None:
    """A vendor's account, profile and event are created in one write."""
    account = await accounts.register(stage.world, details(role="vendor"))

    vendor = await stage.store.vendors.get(account.id)
    assert account.role is Role.VENDOR
    assert vendor is not None
    assert vendor.state is VendorState.APPLIED
    assert stage.event_names() == ["vendor.applied"]


def presented(old: int, **named: Any) -> PresentedToken:
    """The token of session `s-1` with hash `hash-<old>`; its successor has the next number."""
    token = PresentedToken("s-1", f"hash-{old}", f"hash-{old + 1}", is_issued=True)
    return replace(token, **named)


async def test_a_refresh_can_be_repeated_for_a_minute(stage: Stage) -> None:
    """The previous token gets the same successor until a minute after its first use."""
    account = await accounts.register(stage.world, details())
    await accounts.open_session(stage.world, account, "s-1", "hash-1")

    for _ in range(3):
        assert (await accounts.refresh(stage.world, presented(1))).account == account
        stage.clock.advance(seconds=30)

    assert await refused(accounts.refresh(stage.world, presented(1))) is Code.UNAUTHENTICATED


@pytest.mark.parametrize("late_s", [0, 61])
async def test_an_older_refresh_token_ends_the_session(stage: Stage, late_s: int) -> None:
    """Somebody holds a copy, so both are logged out (RFC 9700, section 4.14)."""
    account = await accounts.register(stage.world, details())
    await accounts.open_session(stage.world, account, "s-1", "hash-1")
    await accounts.refresh(stage.world, presented(1))
    await accounts.refresh(stage.world, presented(2))
    stage.clock.advance(seconds=late_s)

    for old in (1, 3):
        code = await refused(accounts.refresh(stage.world, presented(old)))
        assert code is Code.UNAUTHENTICATED
    assert await stage.store.sessions.get("s-1") is None


async def test_a_token_that_was_never_issued_ends_nothing(stage: Stage) -> None:
    """A forged token with a valid session id does not end the session."""
    account = await accounts.register(stage.world, details())
    await accounts.open_session(stage.world, account, "s-1", "hash-1")

    made_up = presented(7, is_issued=False)
    assert await refused(accounts.refresh(stage.world, made_up)) is Code.UNAUTHENTICATED

    assert (await accounts.refresh(stage.world, presented(1))).account == account


async def test_a_session_ends_by_expiry_or_log_out(stage: Stage) -> None:
    """Its refresh token is refused after its expiry or a log-out."""
    account = await accounts.register(stage.world, details())
    for name in ("s-1", "s-2"):
        await accounts.open_session(stage.world, account, name, "hash-1")

    await accounts.log_out(stage.world, account.id, "s-1")
    assert await refused(accounts.refresh(stage.world, presented(1))) is Code.UNAUTHENTICATED
    stage.clock.advance(seconds=accounts.SESSION_TTL / timedelta(seconds=1))
    expired = presented(1, session_id="s-2")
    assert await refused(accounts.refresh(stage.world, expired)) is Code.UNAUTHENTICATED


async def test_a_registration_records_the_consent_to_its_addresses(stage: Stage) -> None:
    """When and how each address was given, none of them verified; a new phone has its own."""
    account = await accounts.register(stage.world, details(phone="+13035550142"))
    actor = Actor(account.id, account.role)
    stage.clock.advance(days=1)
    await accounts.update(stage.world, actor, {"phone": "+13035550188"})

    given = {
        address.address: (address.consented_at, address.consented_by, address.is_verified)
        for address in await stage.store.addresses.of_account(account.id)
    }

    assert given == {
        "carla@example.com": (NOW, Source.REGISTRATION, False),
        "+13035550142": (NOW, Source.REGISTRATION, False),
        "+13035550188": (stage.clock.now(), Source.PROFILE, False),
    }
