"""Admins' decisions, which nobody else can make."""

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
async def test_only_admins_can_list_and_decide(rest: Rest, role: str) -> None:
    """Customers and vendors can neither read the list nor decide, not even about themselves."""
    person = await registered(rest, role=role)

    listed = await person.get("/v1/admin/vendors")
    decided = [
        await person.post(f"/v1/admin/vendors/{person.id}/{decision}", json={"reason": "I say so."})
        for decision in DECISIONS
    ]

    assert {refusal(response) for response in [listed, *decided]} == {(403, "forbidden")}


async def test_vendors_are_listed_by_state(rest: Rest) -> None:
    """Admins list the vendors of a state, newest first, in pages."""
    admin = await an_admin(rest)
    vendors = [await registered(rest, role="vendor") for _ in range(3)]

    first = (await admin.get("/v1/admin/vendors", params={"state": "applied", "limit": 2})).json()
    second = (
        await admin.get(
            "/v1/admin/vendors",
            params={"state": "applied", "limit": 1, "cursor": first["next_cursor"]},
        )
    ).json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == [vendor.id for vendor in reversed(vendors)]
    assert {item["state"] for item in first["items"]} == {"applied"}


async def test_an_unknown_state_is_refused(rest: Rest) -> None:
    """An unknown state is refused with its path."""
    response = await (await an_admin(rest)).get("/v1/admin/vendors", params={"state": "happy"})

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["state"]


async def test_a_vendor_can_be_suspended_and_reinstated(rest: Rest) -> None:
    """A decision applies only from its own states, and is shown with its reason."""
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


async def test_a_decision_needs_a_reason(rest: Rest) -> None:
    """Every decision needs a reason."""
    admin = await an_admin(rest)

    for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": {"$ne": ""}}):
        response = await admin.post("/v1/admin/vendors/somebody/reject", json=body)
        assert refusal(response) == (422, "validation_failed")


async def test_unknown_vendors_and_decisions_are_not_found(rest: Rest) -> None:
    """An unknown vendor or an unknown decision is not found."""
    admin = await an_admin(rest)
    body = {"reason": "Because."}

    nobody = await admin.post("/v1/admin/vendors/nobody/approve", json=body)
    promoted = await admin.post("/v1/admin/vendors/nobody/promote", json=body)

    assert refusal(nobody) == (404, "not_found")
    assert refusal(promoted) == (404, "not_found")
