"""What admins decide, and that nobody else does."""

import pytest

from tests.rest.people import (
    Rest,
    an_active_vendor,
    an_admin,
    paths_of,
    refusal,
    registered,
    somewhere,
)

DECISIONS = ["approve", "reject", "suspend", "reinstate"]


@pytest.mark.parametrize("role", ["customer", "vendor"])
async def test_only_admins(rest: Rest, role: str) -> None:
    """Customers and vendors can neither see the list nor decide, not even about themselves."""
    person = await registered(rest, role=role)

    listed = await person.get("/v1/admin/vendors")
    decided = [
        await person.post(f"/v1/admin/vendors/{person.id}/{each}", json={"reason": "I say so."})
        for each in DECISIONS
    ]

    assert {refusal(each) for each in [listed, *decided]} == {(403, "forbidden")}


async def test_listing_by_state(rest: Rest) -> None:
    """Admins see the vendors of a state, newest first, in pages."""
    admin = await an_admin(rest)
    vendors = [await registered(rest, role="vendor") for _ in range(3)]

    first = (await admin.get("/v1/admin/vendors", params={"state": "applied", "limit": 2})).json()
    second = (
        await admin.get(
            "/v1/admin/vendors",
            params={"state": "applied", "limit": 1, "cursor": first["next_cursor"]},
        )
    ).json()

    ids = [each["id"] for each in first["items"] + second["items"]]
    assert ids == [each.id for each in reversed(vendors)]
    assert {each["state"] for each in first["items"]} == {"applied"}


async def test_an_unknown_state(rest: Rest) -> None:
    """A state that there is not is refused by name."""
    response = await (await an_admin(rest)).get("/v1/admin/vendors", params={"state": "happy"})

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["state"]


async def test_suspend_and_reinstate(rest: Rest) -> None:
    """A decision applies from its states only, and is told with its reason."""
    admin = await an_admin(rest)
    vendor = await an_active_vendor(rest, somewhere())
    path = f"/v1/admin/vendors/{vendor.id}"

    again = await admin.post(f"{path}/approve", json={"reason": "Once more."})
    suspended = await admin.post(f"{path}/suspend", json={"reason": "Complaints."})
    reinstated = await admin.post(f"{path}/reinstate", json={"reason": "Settled."})

    assert refusal(again) == (409, "wrong_state")
    assert suspended.json()["state"] == "suspended"
    assert suspended.json()["state_reason"] == "Complaints."
    assert reinstated.json()["state"] == "active"


async def test_a_decision_wants_a_reason(rest: Rest) -> None:
    """Nobody is decided about without a reason."""
    admin = await an_admin(rest)

    for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": {"$ne": ""}}):
        response = await admin.post("/v1/admin/vendors/somebody/reject", json=body)
        assert refusal(response) == (422, "validation_failed")


async def test_unknown_vendors_and_decisions(rest: Rest) -> None:
    """There is nothing to decide about nobody, and no decision besides the four."""
    admin = await an_admin(rest)
    body = {"reason": "Because."}

    nobody = await admin.post("/v1/admin/vendors/nobody/approve", json=body)
    promoted = await admin.post("/v1/admin/vendors/nobody/promote", json=body)

    assert refusal(nobody) == (404, "not_found")
    assert refusal(promoted) == (404, "not_found")
