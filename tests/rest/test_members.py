"""A vendor's team, over REST."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.domain.members import MemberRole
from rest.app import OPERATIONS
from tests.builders import a_session
from tests.rest.people import (
    Person,
    Rest,
    a_quote_of,
    a_story,
    an_active_vendor,
    an_email,
    paths_of,
    refusal,
    registered,
    somewhere,
)

PATH = "/v1/vendors/me/members"
# What members do as the vendor: agents and owners, or owners alone. Everything else they do as
# themselves.
AS_THE_VENDOR = {
    MemberRole.AGENT: {
        "assign_conversation",
        "accept_match",
        "archive_conversation",
        "block_conversation",
        "complete_attachment",
        "confirm_quote",
        "create_attachment",
        "decline_match",
        "get_attachment",
        "get_conversation",
        "get_own_vendor",
        "get_rfi",
        "list_assignments",
        "list_conversations",
        "list_entries",
        "list_feed",
        "list_matches",
        "list_members",
        "list_quote_revisions",
        "list_rfi_changes",
        "list_rfi_matches",
        "list_quotes",
        "list_rfi_timeline",
        "mute_conversation",
        "put_attachment_part",
        "report_message",
        "send_message",
        "submit_quote",
        "unarchive_conversation",
        "unblock_conversation",
        "unmute_conversation",
        "withdraw_quote",
    },
    MemberRole.OWNER: {
        "add_vendor_document",
        "change_member",
        "delete_vendor_document",
        "get_vendor_document",
        "invite_member",
        "list_vendor_documents",
        "remove_member",
        "submit_own_vendor",
        "update_own_vendor",
    },
}


async def a_member(rest: Rest, vendor: Person, role: str = "agent") -> Person:
    """An invited member, logged in as if they had chosen a password."""
    email = an_email()
    invited = await vendor.post(PATH, json={"email": email, "role": role})
    assert invited.status_code == 201, invited.text
    account = await rest.parts.store.accounts.get(invited.json()["id"])
    assert account is not None
    session = a_session(account_id=account.id)
    await rest.parts.store.sessions.add(session)
    token = rest.parts.tokens.issue(account, session.id, vendor_id=vendor.id)
    return Person(rest.client, account.id, email, {"access_token": token})


def test_every_operation_says_who_performs_it_for_a_vendor() -> None:
    """A new operation is performed by members as themselves, unless it is listed here."""
    for role, expected in AS_THE_VENDOR.items():
        assert {operation.id for operation in OPERATIONS if operation.team is role} == expected


async def test_an_agent_talks_and_quotes_as_the_vendor(rest: Rest) -> None:
    """The customer sees the vendor, and nobody else."""
    story = await a_story(rest)
    agent = await a_member(rest, story.vendor)

    message = {"client_message_id": "m-1", "body": "We come on Friday."}
    sent = await agent.post(f"{story.conversation_path}/messages", json=message)
    quoted = await agent.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))
    seen = await story.customer.get(f"{story.conversation_path}/entries")

    assert sent.json()["sender_id"] == story.vendor.id
    assert quoted.json()["vendor_id"] == story.vendor.id
    assert "We come on Friday." in seen.text
    assert agent.id not in seen.text
    assert (await agent.get("/v1/me")).json()["id"] == agent.id


async def test_an_agent_changes_neither_the_profile_nor_the_team(rest: Rest) -> None:
    """Each of these is an owner's, and nothing changes; an owner may."""
    vendor = await an_active_vendor(rest, somewhere())
    agent, owner = await a_member(rest, vendor), await a_member(rest, vendor, "owner")

    answers = [
        await agent.patch("/v1/vendors/me", json={"company": "Mine"}),
        await agent.post("/v1/vendors/me/submit"),
        await agent.get("/v1/vendors/me/documents"),
        await agent.post("/v1/vendors/me/documents", json={"type": "licence"}),
        await agent.post(PATH, json={"email": an_email(), "role": "owner"}),
        await agent.patch(f"{PATH}/{agent.id}", json={"role": "owner"}),
        await agent.ask("DELETE", f"{PATH}/{owner.id}"),
    ]
    renamed = await owner.patch("/v1/vendors/me", json={"company": "Cedar"})

    assert {refusal(answer) for answer in answers} == {(403, "forbidden")}
    assert renamed.json()["company"] == "Cedar"
    team = (await vendor.get(PATH)).json()["items"]
    assert {member["id"] for member in team} == {agent.id, owner.id}


async def test_a_new_role_holds_from_the_next_request_on(rest: Rest) -> None:
    """In both directions, with the access token that the member has."""
    vendor = await an_active_vendor(rest, somewhere())
    member = await a_member(rest, vendor)

    statuses = []
    for role in ("owner", "agent"):
        changed = await vendor.patch(f"{PATH}/{member.id}", json={"role": role})
        assert changed.json()["role"] == role
        statuses.append((await member.patch("/v1/vendors/me", json={"capacity": 9})).status_code)

    assert statuses == [200, 403]
    feed = (await member.get("/v1/me/feed")).json()["items"]
    told = [item["data"]["role"] for item in feed if item["name"] == "team.updated"]
    assert told == ["agent", "owner", "agent"]


async def test_a_dangerous_change_of_the_team_wants_a_recent_proof(rest: Rest) -> None:
    """A log-in that is hours old invites nobody and makes nobody an owner, but may remove."""
    vendor = await an_active_vendor(rest, somewhere())
    member = await a_member(rest, vendor)
    hours_ago = rest.parts.world.clock.now() - timedelta(hours=1)
    await rest.parts.store.database["sessions"].update_many(
        {"account_id": vendor.id}, {"$set": {"authenticated_at": hours_ago}}
    )

    refused = [
        await vendor.post(PATH, json={"email": an_email(), "role": "owner"}),
        await vendor.patch(f"{PATH}/{member.id}", json={"role": "owner"}),
    ]
    removed = await vendor.ask("DELETE", f"{PATH}/{member.id}")

    assert {refusal(answer) for answer in refused} == {(403, "step_up_required")}
    assert removed.status_code == 204


async def test_a_removed_member_is_refused_from_the_next_request_on(rest: Rest) -> None:
    """Although the access token is still valid, and the log-in was just found active."""
    story = await a_story(rest)
    agent = await a_member(rest, story.vendor)
    assert (await agent.get(story.conversation_path)).status_code == 200

    removed = await story.vendor.ask("DELETE", f"{PATH}/{agent.id}")
    message = {"client_message_id": "m-1", "body": "Still here?"}
    answers = [
        await agent.get(story.conversation_path),
        await agent.get("/v1/conversations"),
        await agent.post(f"{story.conversation_path}/messages", json=message),
    ]

    assert removed.status_code == 204
    assert {refusal(answer) for answer in answers} == {(401, "unauthenticated")}
    entries = await story.customer.get(f"{story.conversation_path}/entries")
    assert "Still here?" not in entries.text


async def test_a_log_in_during_the_removal_grants_nothing(rest: Rest) -> None:
    """A token that names the vendor is checked against the team."""
    story = await a_story(rest)
    agent = await a_member(rest, story.vendor)
    await story.vendor.ask("DELETE", f"{PATH}/{agent.id}")
    account = await rest.parts.store.accounts.get(agent.id)
    assert account is not None
    session = a_session(account_id=agent.id)
    await rest.parts.store.sessions.add(session)
    token = rest.parts.tokens.issue(account, session.id, vendor_id=story.vendor.id)

    late = replace(agent, tokens={"access_token": token})

    assert refusal(await late.get(story.conversation_path)) == (401, "unauthenticated")


async def test_a_conversation_is_assigned_within_the_team(rest: Rest) -> None:
    """The customer neither sees nor changes it."""
    story = await a_story(rest)
    agent = await a_member(rest, story.vendor)
    path = f"{story.conversation_path}/assign"

    assigned = await agent.post(path, json={"account_id": agent.id})
    listed = await story.vendor.get("/v1/vendors/me/assignments", params={"member": agent.id})
    by_customer = await story.customer.post(path, json={"account_id": None})
    stranger = await (await registered(rest, role="vendor")).post(path, json={"account_id": None})
    freed = await story.vendor.post(path, json={"account_id": None})

    assert assigned.json()["assigned_by"] == agent.id
    assert listed.json()["items"] == [assigned.json()]
    assert refusal(by_customer) == (403, "forbidden")
    assert refusal(stranger) == (404, "not_found")
    assert freed.json()["account_id"] is None
    assert agent.id not in (await story.customer.get("/v1/conversations")).text


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"role": "agent"}, "email"),
        ({"email": "not an address", "role": "agent"}, "email"),
        ({"email": "ana@team.example"}, "role"),
        ({"email": "ana@team.example", "role": "admin"}, "role"),
    ],
)
async def test_invalid_invitations_are_refused(rest: Rest, body: dict[str, str], path: str) -> None:
    """With their path, and nobody joins."""
    vendor = await an_active_vendor(rest, somewhere())

    response = await vendor.post(PATH, json=body)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [path]
    assert (await vendor.get(PATH)).json()["items"] == []


async def test_a_registered_address_is_taken(rest: Rest) -> None:
    """As at a registration."""
    vendor, customer = await an_active_vendor(rest, somewhere()), await registered(rest)

    response = await vendor.post(PATH, json={"email": customer.email, "role": "agent"})

    assert refusal(response) == (409, "email_taken")
    assert paths_of(response) == ["email"]
