"""The inbox over REST: order, search, filters, muting and archiving."""

import asyncio
from typing import Any

import pytest

from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Conversation, Participant
from marketplace.ids import new_id
from marketplace.ports import Repositories
from tests.builders import a_conversation, a_message
from tests.rest.people import Person, Rest, Story, a_story, paths_of, refusal, registered


async def listed(person: Person, **params: Any) -> list[dict[str, Any]]:
    """The first page of the person's conversations."""
    response = await person.get("/v1/conversations", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def says(person: Person, story: Story, body: str) -> dict[str, Any]:
    """Send a message."""
    response = await person.post(
        f"{story.conversation_path}/messages", json={"client_message_id": new_id(), "body": body}
    )
    assert response.status_code == 201, response.text
    message: dict[str, Any] = response.json()
    return message


async def with_vendors(rest: Rest, person: Person, *names: str) -> list[Conversation]:
    """Conversations of a person with vendors of these names, with a message each."""
    now = rest.parts.world.clock.now()
    conversations = [
        a_conversation(
            created_at=now,
            participants=(
                Participant(person.id, Role.CUSTOMER, "Carla Reyes"),
                Participant(f"vendor-{number}", Role.VENDOR, name),
            ),
        )
        for number, name in enumerate(names)
    ]

    async def work(tx: Repositories) -> None:
        for conversation in conversations:
            await tx.conversations.add(conversation)
            message = a_message(conversation_id=conversation.id, sender_id="v", at=now)
            await tx.entries.add_next(message)

    await rest.parts.store.transact(work)
    return conversations


async def test_a_listed_conversation_contains_everything_a_list_shows(rest: Rest) -> None:
    """The other side, the RFI, the last entry, what is unread; the same by its id."""
    story = await a_story(rest, title="Leaking kitchen sink")
    message = await says(story.customer, story, "When could\nyou come?")

    (row,) = await listed(story.vendor)

    assert row["other"] == {
        "account_id": story.customer.id,
        "role": "customer",
        "name": "Carla Reyes",
    }
    assert row["rfi"] == {
        "id": story.rfi["id"],
        "title": "Leaking kitchen sink",
        "state": "open",
    }
    assert row["last_entry"] == {
        "sequence": 2,
        "kind": "message",
        "at": message["sent_at"],
        "sender_id": story.customer.id,
        "preview": "When could you come?",
        "attachment_count": 0,
        "code": None,
    }
    assert (row["unread"], row["is_muted"], row["is_archived"]) == (1, False, False)
    assert (await story.vendor.get(story.conversation_path)).json() == row


async def test_a_list_does_not_show_who_blocked(rest: Rest) -> None:
    """Neither side's list names the sender of a notice."""
    story = await a_story(rest)
    await story.customer.post(f"{story.conversation_path}/block")

    for person in (story.customer, story.vendor):
        (row,) = await listed(person)
        assert row["last_entry"]["code"] == "conversation_closed"
        assert row["last_entry"]["sender_id"] is None


async def test_a_list_is_never_behind_an_acknowledged_message(rest: Rest) -> None:
    """Here no relay runs at all: each message is on top of the list right after its answer."""
    customer = await registered(rest)
    conversations = await with_vendors(rest, customer, *(f"Vendor {n}" for n in range(20)))

    for conversation in conversations[::7]:
        await customer.post(
            f"/v1/conversations/{conversation.id}/messages",
            json={"client_message_id": "m", "body": "Hello again"},
        )
        (first,) = await listed(customer, limit=1)
        assert first["id"] == conversation.id
        assert first["last_entry"]["preview"] == "Hello again"


async def test_pages_list_every_conversation_once(rest: Rest) -> None:
    """Each conversation once; a cursor of another list is refused."""
    customer, other = await registered(rest), await registered(rest)
    conversations = await with_vendors(rest, customer, *(f"Vendor {n}" for n in range(7)))
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        page = (await customer.get("/v1/conversations", params=params)).json()
        seen += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert sorted(seen) == sorted(conversation.id for conversation in conversations)
    foreign = await customer.get("/v1/me/feed", params={"cursor": params["cursor"]})
    assert refusal(foreign) == (422, "validation_failed")
    # A cursor says where to continue, never whose list it is.
    assert await listed(other, **params) == []


async def test_a_search_finds_names_and_titles(rest: Rest) -> None:
    """Case does not matter, and the reader's own name is no hit."""
    story = await a_story(rest, title="A leaking SINK")
    await with_vendors(rest, story.customer, "Blue Roofs", "Ångström & Söhne")

    def names(rows: list[dict[str, Any]]) -> list[str]:
        return [row["other"]["name"] for row in rows]

    assert names(await listed(story.customer, q="ångström")) == ["Ångström & Söhne"]
    assert names(await listed(story.customer, q="sink")) == ["Front Range Plumbing"]
    assert await listed(story.customer, q="Carla") == []
    assert await listed(story.customer, q=".*") == []
    assert len(await listed(story.vendor, q="SINK")) == 1


async def test_a_list_filters_by_state_and_unread(rest: Rest) -> None:
    """By state and by what is unread; both together too."""
    customer = await registered(rest)
    one, two = await with_vendors(rest, customer, "One", "Two")
    await rest.parts.store.read_positions.advance(two.id, customer.id, delivered=1, read=1)
    await customer.post(f"/v1/conversations/{two.id}/archive")

    def ids(rows: list[dict[str, Any]]) -> set[str]:
        return {row["id"] for row in rows}

    assert ids(await listed(customer)) == {one.id}
    assert ids(await listed(customer, state="active")) == {one.id}
    assert ids(await listed(customer, state="archived")) == {two.id}
    assert ids(await listed(customer, state="any")) == {one.id, two.id}
    assert ids(await listed(customer, state="any", unread="true")) == {one.id}
    assert ids(await listed(customer, state="any", unread="false")) == {two.id}
    assert ids(await listed(customer, state="archived", unread="true")) == set()


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"state": "open"}, "state"),
        ({"unread": "yes"}, "unread"),
        ({"unread": "1"}, "unread"),
        ({"q": ""}, "q"),
        ({"q": "   "}, "q"),
        ({"q": "x" * 101}, "q"),
        ({"q[$ne]": "x"}, "q[$ne]"),
        ({"limit": "201"}, "limit"),
        ({"cursor": "1.x"}, "cursor"),
    ],
)
async def test_an_invalid_query_is_refused_with_its_parameter(
    rest: Rest, params: dict[str, str], path: str
) -> None:
    """A clear code with the parameter, and nothing is searched."""
    person = await registered(rest)

    response = await person.get("/v1/conversations", params=params)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [path]


async def test_muting_and_archiving_return_the_conversation(rest: Rest) -> None:
    """Each call may be repeated; the other side's list does not change."""
    story = await a_story(rest)
    before = await listed(story.vendor)

    for command, field, value in (
        ("mute", "is_muted", True),
        ("mute", "is_muted", True),
        ("unmute", "is_muted", False),
        ("archive", "is_archived", True),
        ("archive", "is_archived", True),
        ("unarchive", "is_archived", False),
    ):
        response = await story.customer.post(f"{story.conversation_path}/{command}")
        assert response.status_code == 200, response.text
        assert response.json()[field] is value
        assert (await story.customer.get(story.conversation_path)).json() == response.json()

    assert await listed(story.vendor) == before


async def test_a_message_unarchives_its_conversation(rest: Rest) -> None:
    """Only for the person who archived it, no matter who wrote."""
    story = await a_story(rest)
    await story.customer.post(f"{story.conversation_path}/archive")
    assert await listed(story.customer) == []

    await says(story.vendor, story, "I can come on Friday")

    (row,) = await listed(story.customer)
    assert (row["is_archived"], row["unread"]) == (False, 1)


async def test_a_stranger_changes_no_conversation(rest: Rest) -> None:
    """Other people's conversations answer like unknown ones."""
    story, stranger = await a_story(rest), await registered(rest)
    database = rest.parts.store.database
    before = await database["read_positions"].find().to_list(None)

    for command in ("mute", "unmute", "archive", "unarchive"):
        for path in (story.conversation_path, "/v1/conversations/nothing"):
            response = await stranger.post(f"{path}/{command}")
            assert refusal(response) == (404, "not_found")
            anonymous = await rest.client.post(f"{path}/{command}")
            assert anonymous.status_code == 401

    assert await database["read_positions"].find().to_list(None) == before


async def test_concurrent_changes_leave_one_state(rest: Rest) -> None:
    """Two apps of one person mute, archive and read at the same time."""
    story = await a_story(rest)
    message = await says(story.vendor, story, "Hello")
    commands = ["mute", "archive"] * 16

    answers = await asyncio.gather(
        *(story.customer.post(f"{story.conversation_path}/{command}") for command in commands),
        rest.parts.store.read_positions.advance(
            story.match["conversation_id"],
            story.customer.id,
            delivered=message["sequence"],
            read=message["sequence"],
        ),
    )

    assert {answer.status_code for answer in answers[:-1]} == {200}  # type: ignore[union-attr] # responses
    row = (await story.customer.get(story.conversation_path)).json()
    assert (row["is_muted"], row["is_archived"], row["unread"]) == (True, True, 0)
