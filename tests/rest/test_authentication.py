"""Bearer tokens."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from marketplace.domain.accounts import Role
from marketplace.ids import new_id
from marketplace.tokens import Tokens
from tests.builders import FixedClock, an_account
from tests.rest.people import Rest, refusal, registered


async def test_a_request_without_a_token_is_refused(rest: Rest) -> None:
    """A request without a token is told how to send one."""
    response = await rest.client.get("/v1/me")

    assert refusal(response) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == 'Bearer realm="parley"'


@pytest.mark.parametrize(
    "header", ["Basic dTpw", "Bearer", "Bearer nonsense", "Bearer a.b.c", "token"]
)
async def test_an_invalid_token_is_refused(rest: Rest, header: str) -> None:
    """Another scheme or a foreign token is refused."""
    response = await rest.client.get("/v1/me", headers={"Authorization": header})

    assert refusal(response) == (401, "unauthenticated")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_an_expired_token_has_its_own_code(rest: Rest) -> None:
    """An expired token has its own code, so that an app knows to refresh."""
    person = await registered(rest)
    past = Tokens(
        rest.parts.settings.token_secret, FixedClock(datetime.now(UTC) - timedelta(hours=1))
    )
    token = past.issue(an_account(id=person.id), new_id())

    response = await rest.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})

    assert refusal(response) == (401, "token_expired")


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
async def test_a_forged_token_is_refused(rest: Rest, algorithm: str) -> None:
    """A token signed with another secret, or unsigned, is refused."""
    claims = {
        "aud": "parley",
        "sub": (await registered(rest)).id,
        "role": Role.ADMIN.value,
        "sid": new_id(),
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    secret = "" if algorithm == "none" else "x" * 64
    token = jwt.encode(claims, secret, algorithm=algorithm)

    response = await rest.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})

    assert refusal(response) == (401, "unauthenticated")


async def test_a_refresh_token_is_not_an_access_token(rest: Rest) -> None:
    """A refresh token cannot be used as an access token."""
    person = await registered(rest)
    token = person.tokens["refresh_token"]

    response = await rest.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})

    assert refusal(response) == (401, "unauthenticated")


async def test_two_authorization_headers_are_refused(rest: Rest) -> None:
    """Two headers are ambiguous, so neither counts."""
    token = (await registered(rest)).tokens["access_token"]
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer other")]

    response = await rest.client.get("/v1/me", headers=headers)

    assert refusal(response) == (401, "unauthenticated")


async def test_every_secured_operation_needs_a_token(rest: Rest) -> None:
    """Every operation that the document marks as secured refuses requests without a token."""
    document = (await rest.client.get("/openapi.json")).json()
    closed = [
        (method, path.replace("{", "").replace("}", ""))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["security"]
    ]

    refused = [refusal(await rest.client.request(*operation, json={})) for operation in closed]

    assert len(closed) > 25
    assert set(refused) == {(401, "unauthenticated")}
