"""Reviews of vendors by admins, over REST."""

import asyncio
from typing import Any

import pytest

from tests.rest.people import (
    Person,
    Rest,
    an_active_vendor,
    an_admin,
    paths_of,
    refusal,
    registered,
    somewhere,
)


async def an_applicant(rest: Rest) -> Person:
    """A vendor whose application waits for a review."""
    vendor = await registered(rest, role="vendor")
    profile = {
        "company": "Bluebird",
        "categories": ["plumbing"],
        "service_area": {"location": somewhere(), "radius_m": 10_000},
        "capacity": 2,
    }
    assert (await vendor.patch("/v1/vendors/me", json=profile)).status_code == 200
    assert (await vendor.post("/v1/vendors/me/submit")).status_code == 200
    return vendor


def path_of(vendor: Person, decision: str) -> str:
    """The path of a decision about a vendor."""
    return f"/v1/admin/vendors/{vendor.id}/{decision}"


async def the_queue(admin: Person) -> list[str]:
    """The ids of all vendors that wait for a review, in order."""
    ids, params = list[str](), {"limit": "2"}
    while True:
        page = (await admin.get("/v1/admin/reviews", params=params)).json()
        ids += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return ids
        params["cursor"] = page["next_cursor"]


async def test_the_queue_leads_to_a_decision(rest: Rest) -> None:
    """Longest first; a claimed review says so, and a decided one leaves the queue."""
    admin = await an_admin(rest)
    vendors = [await an_applicant(rest) for _ in range(3)]
    waiting = [id_ for id_ in await the_queue(admin) if id_ in {v.id for v in vendors}]

    claimed = (await admin.post(path_of(vendors[0], "claim"))).json()
    await admin.post(path_of(vendors[0], "approve"), json={"reason": "Fine."})

    assert waiting == [vendor.id for vendor in vendors]
    assert claimed["claim"]["admin_id"] == admin.id
    assert claimed["waiting_since"] is not None
    assert vendors[0].id not in await the_queue(admin)


async def test_64_admins_claim_one_review_at_once(rest: Rest) -> None:
    """One of them has it, and the others are told so."""
    vendor = await an_applicant(rest)
    admins = [await an_admin(rest) for _ in range(64)]

    answers = await asyncio.gather(*(admin.post(path_of(vendor, "claim")) for admin in admins))

    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    lost = {refusal(answer) for answer in answers if answer.status_code != 200}
    assert lost == {(409, "wrong_state")}
    file = (await admins[0].get(f"/v1/admin/vendors/{vendor.id}")).json()
    assert file["claim"] == won["claim"]


async def test_64_decisions_at_once_have_one_effect(rest: Rest) -> None:
    """An application is decided once, with one event and one audit record."""
    vendor, admin = await an_applicant(rest), await an_admin(rest)
    body = {"reason": "Because."}

    answers = await asyncio.gather(
        *(
            admin.post(path_of(vendor, decision), json=body)
            for decision in ("approve", "reject") * 32
        )
    )

    assert [answer.status_code for answer in answers].count(200) == 1
    database = rest.parts.store.database
    decided = {"$in": ["vendor.approved", "vendor.rejected"]}
    assert await database["outbox"].count_documents({"key": vendor.id, "name": decided}) == 1
    assert (
        await database["audit"].count_documents({"subject_id": vendor.id, "action": decided}) == 1
    )


async def test_changes_of_a_profile_come_into_force_with_their_approval(rest: Rest) -> None:
    """The old values are public until then, and the vendor sees both."""
    place, admin = somewhere(), await an_admin(rest)
    vendor = await an_active_vendor(rest, place)
    area = {"location": place, "radius_m": 40_000}

    proposed = (await vendor.patch("/v1/vendors/me", json={"service_area": area})).json()
    public = (await rest.client.get(f"/v1/vendors/{vendor.id}")).json()
    unclaimed = await admin.post(path_of(vendor, "approve"), json={"reason": "Fine."})
    await admin.post(path_of(vendor, "claim"))
    frozen = await vendor.patch("/v1/vendors/me", json={"categories": ["roofing"]})
    await admin.post(path_of(vendor, "approve"), json={"reason": "Fine."})
    approved = (await vendor.get("/v1/vendors/me")).json()

    assert proposed["service_area"]["radius_m"] == 20_000
    assert proposed["proposal"]["service_area"] == area
    assert public["service_area"]["radius_m"] == 20_000
    assert refusal(unclaimed) == (409, "wrong_state")
    assert refusal(frozen) == (409, "wrong_state")
    assert (approved["service_area"], approved["proposal"]) == (area, None)
    assert approved["last_review"]["is_of_changes"] is True


async def test_an_admin_names_the_steps_to_change(rest: Rest) -> None:
    """The vendor sees them as left, and cannot submit before it has done them."""
    vendor, admin = await an_applicant(rest), await an_admin(rest)

    body = {"reason": "There is a typo.", "steps": ["company"]}
    sent_back = await admin.post(path_of(vendor, "request-changes"), json=body)
    left = (await vendor.get("/v1/vendors/me")).json()
    too_early = await vendor.post("/v1/vendors/me/submit")
    await vendor.patch("/v1/vendors/me", json={"company": "Bluebird Ltd"})
    again = await vendor.post("/v1/vendors/me/submit")

    assert sent_back.json()["state"] == "verifying"
    assert (left["steps"]["to_do"], left["state_reason"]) == (["company"], "There is a typo.")
    assert left["last_review"]["outcome"] == "changes_requested"
    assert refusal(too_early) == (409, "wrong_state")
    assert again.json()["state"] == "in_review"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"reason": "Why."}, "steps"),
        ({"reason": "Why.", "steps": []}, "steps"),
        ({"reason": "Why.", "steps": ["email"]}, "steps"),
        ({"reason": "Why.", "steps": ["happiness"]}, "steps.0"),
        ({"steps": ["company"]}, "reason"),
    ],
)
async def test_a_request_for_changes_needs_a_reason_and_steps(
    rest: Rest, body: dict[str, Any], path: str
) -> None:
    """Nothing changes for the vendor."""
    vendor, admin = await an_applicant(rest), await an_admin(rest)

    response = await admin.post(path_of(vendor, "request-changes"), json=body)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [path]
    assert (await vendor.get("/v1/vendors/me")).json()["state"] == "in_review"


@pytest.mark.parametrize("role", ["customer", "vendor"])
async def test_reviews_and_the_audit_trail_are_for_admins(rest: Rest, role: str) -> None:
    """For everybody else each operation is forbidden, and changes nothing."""
    vendor, person = await an_applicant(rest), await registered(rest, role=role)
    asked = {"reason": "Because.", "steps": ["company"]}

    answers = [
        await person.get("/v1/admin/reviews"),
        await person.get("/v1/admin/audit"),
        await person.get(f"/v1/admin/vendors/{vendor.id}"),
        await person.post(path_of(vendor, "claim")),
        await person.post(path_of(vendor, "request-changes"), json=asked),
        await vendor.post(path_of(vendor, "approve"), json={"reason": "I say so."}),
    ]

    assert {refusal(answer) for answer in answers} == {(403, "forbidden")}
    assert (await vendor.get("/v1/vendors/me")).json()["state"] == "in_review"


async def test_a_reviewer_sees_everything_and_the_vendor_not_the_claim(rest: Rest) -> None:
    """Who reviews a vendor is not its business."""
    vendor, admin = await an_applicant(rest), await an_admin(rest)
    await admin.post(path_of(vendor, "claim"), json={"reason": "Mine."})

    file = (await admin.get(f"/v1/admin/vendors/{vendor.id}")).json()
    own = await vendor.get("/v1/vendors/me")

    assert file["steps"]["to_do"] == []
    assert file["documents"] == []
    assert "claim" not in own.json()
    assert admin.id not in own.text


async def test_the_audit_trail_has_who_what_and_why(rest: Rest) -> None:
    """By subject and by actor, newest first."""
    vendor, admin = await an_applicant(rest), await an_admin(rest)
    await admin.post(path_of(vendor, "reject"), json={"reason": "Not a company."})

    about = (await admin.get("/v1/admin/audit", params={"subject": vendor.id})).json()["items"]
    by = (await admin.get("/v1/admin/audit", params={"actor": admin.id})).json()["items"]

    actions = [record["action"] for record in about]
    assert actions == ["vendor.rejected", "vendor.submitted", "vendor.updated", "vendor.applied"]
    assert about[0] == by[0]
    assert (about[0]["actor_id"], about[0]["reason"]) == (admin.id, "Not a company.")
    assert {"path": "state", "old": "in_review", "new": "rejected"} in about[0]["changes"]
