"""Conversations over REST."""

import asyncio
from typing import Any

import pytest

from tests.rest.people import Person, Rest, Story, a_story, paths_of, refusal, registered


async def send(story: Story, n: int) -> dict[str, Any]:
    """The customer's n-th message."""
    response = await story.customer.post(
        f"{story.conversation_path}/messages",
        json={"client_message_id": f"m-{n}", "body": f"Message {n}"},
    )
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_a_sent_message_gets_the_next_sequence(rest: Rest) -> None:
    """A message gets the next sequence; the other side reads it exactly as it was returned."""
    story = await a_story(rest)

    message = await send(story, 1)

    entries = (await story.vendor.get(f"{story.conversation_path}/entries")).json()
    assert message["sequence"] == 2  # the first entry is the notice that the vendor joined
    assert message["channel"] == "app"
    assert {key: entries["items"][1][key] for key in message} == message
    assert entries["items"][1]["kind"] == "message"
    assert entries["head"] == 2


async def test_a_resend_gets_the_first_answer(rest: Rest) -> None:
    """A client_message_id stores one message, however often and concurrently it is sent."""
    story = await a_story(rest)
    path = f"{story.conversation_path}/messages"
    body = {"client_message_id": "m-1", "body": "When could you come?"}

    responses = await asyncio.gather(*(story.customer.post(path, json=body) for _ in range(8)))
    later = await story.customer.post(path, json=body)

    assert sorted(response.status_code for response in responses) == [200] * 7 + [201]
    assert later.status_code == 200
    assert {response.text for response in [*responses, later]} == {later.text}


async def test_another_message_under_the_same_id_is_refused(rest: Rest) -> None:
    """A client_message_id identifies one message of its sender; the other side has its own ids."""
    story = await a_story(rest)
    await send(story, 1)
    body = {"client_message_id": "m-1", "body": "Something else"}

    again = await story.customer.post(f"{story.conversation_path}/messages", json=body)
    other = await story.vendor.post(f"{story.conversation_path}/messages", json=body)

    assert refusal(again) == (409, "client_message_id_reused")
    assert other.status_code == 201


BAD_MESSAGES: list[tuple[str, object]] = [
    ("body", ""),
    ("body", " \n "),
    ("body", "x" * 8_001),
    ("body", None),
    ("client_message_id", "x" * 65),
    ("client_message_id", "m 1"),
    ("client_message_id", {"$ne": None}),
    ("attachment_ids", ["nothing"]),
    ("sender_id", "somebody"),
    ("sequence", 1),
]


async def test_invalid_messages_are_refused(rest: Rest) -> None:
    """An invalid message is refused with its path, and no entry is stored."""
    story = await a_story(rest)

    for field, value in BAD_MESSAGES:
        body = {"client_message_id": "m-1", "body": "Hello", field: value}
        response = await story.customer.post(f"{story.conversation_path}/messages", json=body)
        assert refusal(response) == (422, "validation_failed"), field
        assert field in paths_of(response)[0]
    assert (await story.customer.get(story.conversation_path)).json()["head"] == 1


async def test_entries_are_read_forwards_and_backwards(rest: Rest) -> None:
    """Both directions reach every entry once and in order, by cursor or by sequence."""
    story = await a_story(rest)
    for n in range(1, 7):
        await send(story, n)
    path = f"{story.conversation_path}/entries"

    async def walk(**params: Any) -> list[list[int]]:
        pages = []
        while True:
            page = (await story.vendor.get(path, params={"limit": 3, **params})).json()
            pages.append([entry["sequence"] for entry in page["items"]])
            assert page["has_more"] is (page["next_cursor"] is not None)
            if not page["has_more"]:
                return pages
            params = {"cursor": page["next_cursor"]}

    assert await walk(after_sequence=0) == [[1, 2, 3], [4, 5, 6], [7]]
    assert await walk(before_sequence=6) == [[3, 4, 5], [1, 2]]
    assert await walk() == [[5, 6, 7], [2, 3, 4], [1]]
    assert await walk(after_sequence=7) == [[]]


async def test_only_the_other_sides_messages_count_as_unread(rest: Rest) -> None:
    """Notices and the reader's own messages do not count; sending a message marks all as read."""
    story = await a_story(rest)
    path = story.conversation_path

    async def counted(person: Person) -> tuple[int, int]:
        one = (await person.get(path)).json()
        listed = (await person.get("/v1/conversations")).json()["items"]
        assert [
            conversation["unread"] for conversation in listed if conversation["id"] == one["id"]
        ] == [one["unread"]]
        return one["read_sequence"], one["unread"]

    assert await counted(story.customer) == await counted(story.vendor) == (0, 0)
    for n in range(3):
        await send(story, n)  # sequences 2, 3 and 4, from the customer
    assert await counted(story.customer) == (4, 0)
    assert await counted(story.vendor) == (0, 3)

    body = {"client_message_id": "answer", "body": "On Friday"}
    await story.vendor.post(f"{path}/messages", json=body)

    assert await counted(story.vendor) == (5, 0)
    assert await counted(story.customer) == (4, 1)


async def test_a_sequence_beyond_the_head_or_of_another_epoch_gets_the_newest(
    rest: Rest,
) -> None:
    """The reader saw entries that no longer exist; its next cursor leads to older ones."""
    story = await a_story(rest)
    for n in range(1, 7):
        await send(story, n)
    path = f"{story.conversation_path}/entries"

    async def read(**params: Any) -> tuple[list[int], bool, bool]:
        page = (await story.vendor.get(path, params={"limit": 3, **params})).json()
        assert page["head"] == 7
        assert page["epoch"] == epoch
        return [entry["sequence"] for entry in page["items"]], page["is_snapshot"], page["has_more"]

    epoch = (await story.vendor.get(path)).json()["epoch"]
    newest = ([5, 6, 7], True, True)
    assert await read() == newest
    assert await read(after_sequence=8) == await read(after_sequence=2**40) == newest
    assert await read(before_sequence=9) == newest
    assert await read(after_sequence=2, epoch="other") == newest
    assert await read(before_sequence=2, epoch="other") == newest
    assert await read(after_sequence=7, epoch=epoch) == ([], False, False)
    assert await read(after_sequence=5, epoch=epoch) == ([6, 7], False, False)
    assert await read(before_sequence=8, epoch=epoch) == ([5, 6, 7], False, True)
    page = (await story.vendor.get(path, params={"limit": 3, "after_sequence": 99})).json()
    assert await read(cursor=page["next_cursor"]) == ([2, 3, 4], False, True)


@pytest.mark.parametrize(
    "params",
    [
        {"after_sequence": 1, "before_sequence": 5},
        {"after_sequence": "-1"},
        {"after_sequence": "1.0"},
        {"before_sequence": 0},
        {"limit": 0},
        {"limit": 201},
        {"limit": "ten"},
        {"cursor": "!!"},
        {"cursor": "aGVsbG8"},
        {"cursor": ""},
        {"cursor": "YWZ0ZXIx", "after_sequence": 1},
        {"sequence": 1},
    ],
)
async def test_invalid_queries_for_entries_are_refused(
    rest: Rest, params: dict[str, object]
) -> None:
    """Two directions at once, invalid numbers and forged cursors are refused."""
    person = await registered(rest)

    response = await person.get(
        "/v1/conversations/any/entries", params={k: str(v) for k, v in params.items()}
    )

    assert refusal(response) == (422, "validation_failed")


async def test_conversations_are_listed_with_unread_counts(rest: Rest) -> None:
    """The list has the head, the read position and the unread count of each side."""
    story = await a_story(rest)
    for n in range(1, 4):
        await send(story, n)
    await rest.parts.store.read_positions.advance(
        story.match["conversation_id"], story.vendor.id, delivered=3, read=3
    )

    of_vendor = (await story.vendor.get("/v1/conversations")).json()["items"]
    of_customer = (await story.customer.get("/v1/conversations")).json()["items"]

    def numbers(listed: list[dict[str, Any]]) -> list[tuple[int, int, int]]:
        return [
            (conversation["head"], conversation["read_sequence"], conversation["unread"])
            for conversation in listed
        ]

    assert numbers(of_vendor) == [(4, 3, 1)]
    assert numbers(of_customer) == [(4, 4, 0)]
    assert (await story.vendor.get(story.conversation_path)).json() == of_vendor[0]


async def test_another_accounts_conversation_is_not_found(rest: Rest) -> None:
    """A non-participant can neither read nor write, nor find out that it exists."""
    story = await a_story(rest)
    stranger = await registered(rest)
    message = {"client_message_id": "m-1", "body": "Hello"}

    refused = [
        await stranger.get(story.conversation_path),
        await stranger.get(f"{story.conversation_path}/entries"),
        await stranger.post(f"{story.conversation_path}/messages", json=message),
        await stranger.get("/v1/conversations/nothing"),
        await stranger.get("/v1/conversations/%7B%7D"),
    ]

    assert {refusal(response) for response in refused} == {(404, "not_found")}
    assert (await stranger.get("/v1/conversations")).json()["items"] == []
