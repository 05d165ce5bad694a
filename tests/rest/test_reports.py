"""Reporting a message, and what admins do with the report."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from tests.rest.people import Rest, Story, a_story, an_admin, paths_of, refusal, registered


@dataclass(frozen=True, slots=True)
class Case:
    """A message from the vendor, and the path to report it."""

    story: Story
    message: dict[str, Any]

    @property
    def path(self) -> str:
        """The path to report the message."""
        return f"{self.story.conversation_path}/messages/{self.message['id']}/report"


async def a_case(rest: Rest, body: str = "Pay by gift card") -> Case:
    """A story in which the vendor has sent a message."""
    story = await a_story(rest)
    says = {"client_message_id": "m-1", "body": body}
    sent = await story.vendor.post(f"{story.conversation_path}/messages", json=says)
    return Case(story, sent.json())


async def listed(rest: Rest, case: Case, **params: str) -> list[dict[str, Any]]:
    """The case's reports as an admin sees them."""
    found = await (await an_admin(rest)).get("/v1/admin/reports", params=params)
    return [e for e in found.json()["items"] if e["message_id"] == case.message["id"]]


async def test_only_admins_see_a_report(rest: Rest) -> None:
    """A report has the message's text, sender and position, and the reporter."""
    case = await a_case(rest)
    reported = await case.story.customer.post(
        case.path, json={"reason": "fraud", "details": "Asks for gift cards."}
    )

    (seen,) = await listed(rest, case)
    refused = [
        await person.get("/v1/admin/reports") for person in (case.story.customer, case.story.vendor)
    ] + [
        await person.post(f"/v1/admin/reports/{seen['id']}/close", json={"resolution": "Fine."})
        for person in (case.story.customer, case.story.vendor)
    ]
    entries = await case.story.vendor.get(f"{case.story.conversation_path}/entries")

    assert reported.status_code == 201
    assert seen == reported.json() | {
        "state": "open",
        "rfi_id": case.story.rfi["id"],
        "sequence": case.message["sequence"],
        "sender_id": case.story.vendor.id,
        "body": "Pay by gift card",
        "reporter_id": case.story.customer.id,
        "closed_at": None,
        "closed_by": None,
        "resolution": None,
    }
    assert {refusal(response) for response in refused} == {(403, "forbidden")}
    assert entries.json()["head"] == case.message["sequence"]


async def test_a_person_reports_a_message_once(rest: Rest) -> None:
    """However often and concurrently it is sent, the first report is returned."""
    case = await a_case(rest)

    answers = await asyncio.gather(
        *(case.story.customer.post(case.path, json={"reason": reason}) for reason in ["spam"] * 5)
    )
    later = await case.story.customer.post(case.path, json={"reason": "fraud"})

    assert sorted(response.status_code for response in answers) == [200] * 4 + [201]
    assert all(response.json() == later.json() for response in answers)
    assert later.json()["reason"] == "spam"
    assert len(await listed(rest, case)) == 1


async def test_a_report_keeps_the_reported_text(rest: Rest) -> None:
    """Later changes to the message do not change the report."""
    case = await a_case(rest, "First words")
    await case.story.customer.post(case.path, json={"reason": "harassment"})

    await rest.parts.store.database["entries"].delete_one({"_id": case.message["id"]})

    (seen,) = await listed(rest, case, state="open")
    assert seen["body"] == "First words"


async def test_a_report_is_closed_once(rest: Rest) -> None:
    """An admin closes a report once, with a decision; then it is listed as closed."""
    case, admin = await a_case(rest), await an_admin(rest)
    report = (await case.story.customer.post(case.path, json={"reason": "spam"})).json()
    path = f"/v1/admin/reports/{report['id']}/close"

    closed = await admin.post(path, json={"resolution": "The vendor was suspended."})
    again = await admin.post(path, json={"resolution": "Once more."})

    assert (closed.json()["state"], closed.json()["closed_by"]) == ("closed", admin.id)
    assert closed.json()["resolution"] == "The vendor was suspended."
    assert refusal(again) == (409, "wrong_state")
    assert await listed(rest, case, state="closed") == [closed.json()]
    assert await listed(rest, case, state="open") == []
    unknown = await admin.post("/v1/admin/reports/nothing/close", json={"resolution": "Fine."})
    assert refusal(unknown) == (404, "not_found")


async def test_only_the_other_sides_messages_can_be_reported(rest: Rest) -> None:
    """Participants can report the other side's messages; anything else is not found."""
    case, body = await a_case(rest), {"reason": "spam"}
    stranger, other = await registered(rest), await a_case(rest)
    wrong_id = f"{case.story.conversation_path}/messages/{other.message['id']}/report"

    assert refusal(await case.story.vendor.post(case.path, json=body)) == (403, "forbidden")
    assert refusal(await stranger.post(case.path, json=body)) == (404, "not_found")
    assert refusal(await case.story.customer.post(wrong_id, json=body)) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "reason"),
        ({"reason": "ugly"}, "reason"),
        ({"reason": {"$ne": ""}}, "reason"),
        ({"reason": "other"}, "details"),
        ({"reason": "spam", "details": "x" * 1_001}, "details"),
        ({"reason": "spam", "why": "x"}, "why"),
    ],
)
async def test_a_report_needs_a_reason(rest: Rest, body: dict[str, Any], at: str) -> None:
    """A report needs a listed reason; `other` needs details."""
    case = await a_case(rest)

    refused = await case.story.customer.post(case.path, json=body)

    assert refusal(refused) == (422, "validation_failed")
    assert paths_of(refused) == [at]
