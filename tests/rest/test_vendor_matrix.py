"""Who may do what about a vendor, its reviews and its team: written by hand, a row per operation.

The columns are the statuses that the roles get, in the order of `ROLES`. A request that is not
carried out changes no collection. What is deleted by one role is gone for the next.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from marketplace.ids import new_id
from rest.app import OPERATIONS
from tests.rest.people import (
    Person,
    Rest,
    a_story,
    an_active_vendor,
    an_admin,
    registered,
    somewhere,
)
from tests.rest.test_members import a_member

ROLES = (
    "anonymous",
    "customer",  # of the vendor's conversation
    "other customer",
    "other vendor",
    "suspended vendor",
    "removed member",
    "agent",
    "vendor",
    "owner",  # a member of the vendor's team
    "admin",
)
Body = dict[str, Any] | None
REASON = {"reason": "Because."}
CHANGES = {**REASON, "steps": ["company"]}
MINE, TEAM = "/v1/vendors/me", "/v1/vendors/me/members"
DOCUMENTS, DOCUMENT = f"{MINE}/documents", f"{MINE}/documents/{{document_id}}"
REVIEWED = "/v1/admin/vendors/{vendor_id}"

MATRIX: dict[tuple[str, str], tuple[Body, tuple[int, ...]]] = {
    ("GET", MINE): (None, (401, 403, 403, 200, 200, 401, 200, 200, 200, 403)),
    ("PATCH", MINE): ({"capacity": 9}, (401, 403, 403, 200, 403, 401, 403, 200, 200, 403)),
    ("POST", f"{MINE}/submit"): (None, (401, 403, 403, 409, 409, 401, 403, 409, 409, 403)),
    ("GET", DOCUMENTS): (None, (401, 403, 403, 200, 200, 401, 403, 200, 200, 403)),
    ("POST", DOCUMENTS): (
        {"type": "licence"},
        (401, 403, 403, 201, 403, 401, 403, 201, 201, 403),
    ),
    ("GET", DOCUMENT): (None, (401, 403, 403, 404, 404, 401, 403, 200, 200, 403)),
    ("DELETE", DOCUMENT): (None, (401, 403, 403, 404, 404, 401, 403, 204, 404, 403)),
    ("GET", TEAM): (None, (401, 403, 403, 200, 200, 401, 200, 200, 200, 403)),
    ("POST", TEAM): ({"role": "agent"}, (401, 403, 403, 201, 403, 401, 403, 201, 201, 403)),
    ("PATCH", f"{TEAM}/{{account_id}}"): (
        {"role": "owner"},
        (401, 403, 403, 404, 404, 401, 403, 200, 200, 403),
    ),
    ("DELETE", f"{TEAM}/{{account_id}}"): (
        None,
        (401, 403, 403, 404, 404, 401, 403, 204, 404, 403),
    ),
    ("GET", f"{MINE}/assignments"): (None, (401, 403, 403, 200, 200, 401, 200, 200, 200, 403)),
    ("POST", "/v1/conversations/{conversation_id}/assign"): (
        {"account_id": None},
        (401, 403, 403, 404, 404, 401, 200, 200, 200, 403),
    ),
    ("GET", "/v1/admin/reviews"): (None, (401, 403, 403, 403, 403, 401, 403, 403, 403, 200)),
    ("GET", "/v1/admin/audit"): (None, (401, 403, 403, 403, 403, 401, 403, 403, 403, 200)),
    ("GET", REVIEWED): (None, (401, 403, 403, 403, 403, 401, 403, 403, 403, 200)),
    ("POST", f"{REVIEWED}/claim"): (None, (401, 403, 403, 403, 403, 401, 403, 403, 403, 409)),
    ("POST", f"{REVIEWED}/approve"): (
        REASON,
        (401, 403, 403, 403, 403, 401, 403, 403, 403, 409),
    ),
    ("POST", f"{REVIEWED}/reject"): (REASON, (401, 403, 403, 403, 403, 401, 403, 403, 403, 409)),
    ("POST", f"{REVIEWED}/request-changes"): (
        CHANGES,
        (401, 403, 403, 403, 403, 401, 403, 403, 403, 409),
    ),
    ("POST", f"{REVIEWED}/suspend"): (
        REASON,
        (401, 403, 403, 403, 403, 401, 403, 403, 403, 200),
    ),
    ("POST", f"{REVIEWED}/reinstate"): (
        REASON,
        (401, 403, 403, 403, 403, 401, 403, 403, 403, 409),
    ),
}
_UNTOUCHED = ("idempotency_keys", "migrations")


@dataclass(frozen=True, slots=True)
class Stage:
    """Everybody, and the ids of what belongs to the vendor."""

    people: dict[str, Person | None]
    ids: dict[str, str]


async def a_stage(rest: Rest) -> Stage:
    """A vendor with a conversation, a document and a team, of which nothing waits for a review."""
    story, admin = await a_story(rest), await an_admin(rest)
    suspended = await an_active_vendor(rest, somewhere())
    await admin.post(f"/v1/admin/vendors/{suspended.id}/suspend", json=REASON)
    agent, owner = await a_member(rest, story.vendor), await a_member(rest, story.vendor, "owner")
    removed, leaving = await a_member(rest, story.vendor), await a_member(rest, story.vendor)
    await story.vendor.ask("DELETE", f"{TEAM}/{removed.id}")
    document = (await story.vendor.post(DOCUMENTS, json={"type": "licence"})).json()
    database = rest.parts.store.database
    await database["vendors"].update_one({"_id": story.vendor.id}, {"$unset": {"proposal": ""}})
    people = {
        "anonymous": None,
        "customer": story.customer,
        "other customer": await registered(rest),
        "other vendor": await an_active_vendor(rest, somewhere()),
        "suspended vendor": suspended,
        "removed member": removed,
        "agent": agent,
        "vendor": story.vendor,
        "owner": owner,
        "admin": admin,
    }
    ids = {
        "vendor_id": story.vendor.id,
        "account_id": leaving.id,
        "document_id": document["id"],
        "conversation_id": story.match["conversation_id"],
    }
    return Stage(people, ids)


def test_every_operation_about_vendors_has_a_row() -> None:
    """A new one without a row fails here."""
    prefixes = (MINE, "/v1/admin/vendors/", "/v1/admin/reviews", "/v1/admin/audit")
    declared = {
        (operation.method, operation.path)
        for operation in OPERATIONS
        if operation.path.startswith(prefixes) or operation.path.endswith("/assign")
    }

    assert MATRIX.keys() == declared


@pytest.mark.parametrize("operation", MATRIX, ids=lambda key: f"{key[0]} {key[1]}")
async def test_each_cell_is_as_written(rest: Rest, operation: tuple[str, str]) -> None:
    """And what was not carried out has changed nothing."""
    (method, path), (body, expected) = operation, MATRIX[operation]
    stage = await a_stage(rest)
    for role, status in zip(ROLES, expected, strict=True):
        person = stage.people[role]
        sent = {**(body or {}), "email": f"{new_id()}@team.example"} if path == TEAM else body
        before = await _business(rest)

        response = await rest.client.request(
            method,
            path.format_map(stage.ids),
            json=sent if method in {"POST", "PATCH"} else None,
            headers={} if person is None else person.bearer,
        )

        assert response.status_code == status, f"{role}: {response.text}"
        if status >= 400:
            assert await _business(rest) == before, role


async def _business(rest: Rest) -> dict[str, str]:
    """Every collection as text."""
    database = rest.parts.store.database
    return {
        name: str(await database[name].find().sort("_id", 1).to_list(None))
        for name in await database.list_collection_names()
        if name not in _UNTOUCHED
    }
