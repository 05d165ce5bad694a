"""Who may call each operation on accounts: written by hand, one row for each operation.

An operation acts on the caller's own account, so every role that is logged in may call it. A request
that is denied changes no collection.
"""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from rest.app import OPERATIONS
from tests.rest.people import (
    PASSWORD,
    Person,
    Rest,
    an_active_vendor,
    an_admin,
    registered,
    somewhere,
)

ROLES = ("anonymous", "customer", "vendor", "suspended vendor", "admin", "ended log-in")
_UNTOUCHED = ("idempotency_keys", "migrations", "send_quotas")


@dataclass(frozen=True, slots=True)
class Row:
    """An operation with a body, what a logged-in caller gets, and what everybody else gets.

    The statuses are those of a request that is allowed and may be refused for its values alone.
    """

    body: dict[str, Any] | None
    allowed: int
    denied: int | None = 401


MATRIX: dict[tuple[str, str], Row] = {
    ("POST", "/v1/accounts"): Row({"role": "admin"}, 422, None),
    ("GET", "/v1/me"): Row(None, 200),
    ("PATCH", "/v1/me"): Row({"name": "Carla Ruiz"}, 200),
    ("DELETE", "/v1/me"): Row(None, 202),
    ("GET", "/v1/me/export"): Row(None, 200),
    ("GET", "/v1/me/feed"): Row(None, 200),
    ("POST", "/v1/me/email"): Row({"email": "x@people.example", "password": "guess"}, 403),
    ("POST", "/v1/email-changes/undo"): Row({"token": "nothing"}, 422, None),
    ("POST", "/v1/me/password"): Row({"current": "guess", "new": PASSWORD}, 403),
    ("POST", "/v1/verifications/email"): Row(None, 202),
    ("POST", "/v1/verifications/email/confirm"): Row({"code": "nothing"}, 422),
    ("POST", "/v1/verifications/phone"): Row(None, 202),
    ("POST", "/v1/verifications/phone/confirm"): Row({"code": "nothing"}, 422),
    ("POST", "/v1/password-resets"): Row({"email": "nobody@people.example"}, 202, None),
    ("POST", "/v1/password-resets/confirm"): Row({"token": "x", "password": PASSWORD}, 422, None),
    ("GET", "/v1/me/sessions"): Row(None, 200),
    ("DELETE", "/v1/me/sessions"): Row(None, 204),
    ("DELETE", "/v1/me/sessions/{session_id}"): Row(None, 404),
    ("POST", "/v1/me/step-up"): Row({"password": "guess"}, 403),
    ("POST", "/v1/me/totp"): Row(None, 201),
    ("POST", "/v1/me/totp/confirm"): Row({"code": "nothing"}, 409),
    ("DELETE", "/v1/me/totp"): Row(None, 204),
    ("GET", "/v1/me/passkeys"): Row(None, 200),
    ("POST", "/v1/me/passkeys/options"): Row(None, 200),
    ("POST", "/v1/me/passkeys"): Row({"credential": "{}", "name": "Phone"}, 422),
    ("DELETE", "/v1/me/passkeys/{passkey_id}"): Row(None, 404),
}


async def caller(rest: Rest, role: str) -> Person | None:
    """Somebody in this role, with a phone; None without a log-in."""
    if role == "anonymous":
        return None
    if role in {"vendor", "suspended vendor"}:
        person = await an_active_vendor(rest, somewhere())
        if role == "suspended vendor":
            admin = await an_admin(rest)
            path = f"/v1/admin/vendors/{person.id}/suspend"
            assert (await admin.post(path, json={"reason": "Papers"})).status_code == 200
        await person.patch("/v1/me", json={"phone": "+13035550142"})
        return person
    if role == "admin":
        return await an_admin(rest)
    person = await registered(rest, phone="+13035550142")
    if role == "ended log-in":
        await person.ask("DELETE", "/v1/tokens")
    return person


def test_every_operation_on_accounts_has_a_row() -> None:
    """A new operation without a row fails here."""
    declared = {
        (operation.method, operation.path)
        for operation in OPERATIONS
        if operation.tag == "Accounts"
    }

    assert MATRIX.keys() == declared


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", MATRIX, ids=lambda key: f"{key[0]} {key[1]}")
async def test_each_cell_is_as_written(rest: Rest, operation: tuple[str, str], role: str) -> None:
    """Whoever is not logged in is refused and changes nothing."""
    row, (method, path) = MATRIX[operation], operation
    person = await caller(rest, role)
    headers = {} if person is None else person.bearer
    before = await _business(rest)

    response = await rest.client.request(
        method, re.sub(r"\{\w+\}", "nothing", path), json=row.body, headers=headers
    )

    is_denied = row.denied is not None and role in {"anonymous", "ended log-in"}
    assert response.status_code == (row.denied if is_denied else row.allowed), response.text
    if is_denied:
        assert await _business(rest) == before


async def _business(rest: Rest) -> dict[str, str]:
    database = rest.parts.store.database
    return {
        name: str(await database[name].find().sort("_id", 1).to_list(None))
        for name in await database.list_collection_names()
        if name not in _UNTOUCHED
    }
