"""Access tokens: what they contain, when they expire, and which are refused."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from marketplace.domain.accounts import Role
from marketplace.errors import Code, ParleyError
from marketplace.tokens import (
    ACCESS_TOKEN_TTL_S,
    Tokens,
)
from tests.builders import NOW, FixedClock, an_account

SECRET = "a secret of more than 32 characters"


@pytest.fixture
def clock() -> FixedClock:
    """A clock that tests advance."""
    return FixedClock()


@pytest.fixture
def tokens(clock: FixedClock) -> Tokens:
    """The access tokens of one process."""
    return Tokens(SECRET, clock)


def code_of(tokens: Tokens, token: object) -> Code:
    """The code with which a token is refused."""
    with pytest.raises(ParleyError) as refused:
        tokens.check(token)
    return refused.value.code


@pytest.mark.parametrize("role", list(Role))
def test_a_token_holds_account_role_session_and_expiry(tokens: Tokens, role: Role) -> None:
    """A token's content reads back equal in every process with the same secret."""
    account = an_account(role=role)

    access = Tokens(SECRET, FixedClock()).check(tokens.issue(account, "session-1"))

    assert (access.account_id, access.role, access.session_id) == (account.id, role, "session-1")
    assert access.expires_at == NOW + timedelta(seconds=ACCESS_TOKEN_TTL_S)


def test_a_members_token_names_the_vendor(tokens: Tokens) -> None:
    """It acts as the vendor; everybody else acts as themselves."""
    account = an_account(role=Role.VENDOR)

    member = tokens.check(tokens.issue(account, "session-1", vendor_id="vendor-1"))
    other = tokens.check(tokens.issue(account, "session-1"))

    assert (member.account_id, member.vendor_id, member.acting_id) == (
        account.id,
        "vendor-1",
        "vendor-1",
    )
    assert (other.vendor_id, other.acting_id) == (None, account.id)


def test_a_token_expires_by_the_given_clock(tokens: Tokens, clock: FixedClock) -> None:
    """A token is valid until the second before its expiry, and expired from then on."""
    token = tokens.issue(an_account(), "session-1", ttl_s=60)

    clock.advance(seconds=59)
    tokens.check(token)
    clock.advance(seconds=1)

    assert code_of(tokens, token) is Code.TOKEN_EXPIRED


def _claims(**other: Any) -> dict[str, Any]:
    claims = {
        "aud": "parley",
        "sub": "account-1",
        "role": "customer",
        "sid": "session-1",
        "exp": int(NOW.timestamp()) + 60,
    }
    return {name: claim for name, claim in {**claims, **other}.items() if claim is not None}


@pytest.mark.parametrize(
    "claims",
    [
        _claims(aud="another"),
        _claims(aud=None),
        _claims(exp=None),
        _claims(exp="tomorrow"),
        _claims(exp=10**20),
        _claims(sub=None),
        _claims(sid=None),
        _claims(role=None),
        _claims(role="owner"),
        _claims(role=["admin"]),
        _claims(sub=7),
    ],
    ids=str,
)
def test_a_token_with_invalid_claims_is_refused(tokens: Tokens, claims: dict[str, Any]) -> None:
    """A correctly signed token with wrong claims is refused with a code and no stack trace."""
    assert code_of(tokens, jwt.encode(claims, SECRET, algorithm="HS256")) is Code.UNAUTHENTICATED


def test_our_own_claims_are_accepted(tokens: Tokens) -> None:
    """The claims of the test above are valid apart from the one that each case changes."""
    assert tokens.check(jwt.encode(_claims(), SECRET, algorithm="HS256")).account_id == "account-1"


def test_only_our_secret_and_algorithm_are_accepted(tokens: Tokens) -> None:
    """Another secret, another algorithm, no algorithm or a changed payload is refused."""
    ours = jwt.encode(_claims(), SECRET, algorithm="HS256")
    head, _, signature = ours.split(".")
    admin = base64.urlsafe_b64encode(json.dumps(_claims(role="admin")).encode()).decode()

    for forged in (
        jwt.encode(_claims(), SECRET[::-1], algorithm="HS256"),
        jwt.encode(_claims(), SECRET * 2, algorithm="HS512"),
        jwt.encode(_claims(), "", algorithm="none"),
        f"{head}.{admin.rstrip('=')}.{signature}",
        ours[:-2],
        f"{ours}=",
        f"{ours}.{signature}",
        f" {ours}",
        f"{ours[:-1]}{chr(ord(ours[-1]) ^ 1)}",
        jwt.encode(_claims(), SECRET, algorithm="HS256", headers={"kid": "1"}),
    ):
        assert code_of(tokens, forged) is Code.UNAUTHENTICATED


@pytest.mark.parametrize("token", [None, "", 7, {"$ne": None}, ["a"], b"abc", "a" * 5_000, "é.é.é"])
def test_any_other_value_is_refused(tokens: Tokens, token: object) -> None:
    """Any other value in place of a token is refused."""
    assert code_of(tokens, token) is Code.UNAUTHENTICATED
