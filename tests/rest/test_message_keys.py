"""A message holds its Idempotency-Key, which sends no other message."""

import asyncio

from marketplace.ids import new_id
from tests.rest.people import (
    Rest,
    a_draft,
    a_story,
    refusal,
)
from tests.rest.repeatable import Elsewhere, keyed


async def test_a_message_and_its_key_need_one_insert(rest: Rest) -> None:
    """A message needs one insert; over REST and the socket, it is the same message."""
    story = await a_story(rest)
    path, key = f"{story.conversation_path}/messages", new_id()
    body = {"client_message_id": "m-1", "body": "Hello"}

    sent = await story.vendor.post(path, json=body, headers=keyed(key))

    database = rest.parts.store.database
    stored = await database["entries"].find_one({"_id": sent.json()["id"]})
    assert stored is not None
    assert stored["request"]["key"] == key
    assert await database["idempotency_keys"].count_documents({"_id.key": key}) == 0


async def test_a_messages_key_sends_no_other_message(rest: Rest) -> None:
    """Another body, id, conversation or operation under the key is refused."""
    story, other = await a_story(rest), await a_story(rest)
    path, key = f"{story.conversation_path}/messages", keyed(new_id())
    first = {"client_message_id": "m-1", "body": "Hello"}
    await story.customer.post(path, json=first, headers=key)
    elsewhere = f"{other.conversation_path}/messages"

    again = [
        await story.customer.post(path, json={**first, "body": "Bye"}, headers=key),
        await story.customer.post(path, json={**first, "client_message_id": "m-2"}, headers=key),
        await story.customer.post("/v1/rfis", json=a_draft(), headers=key),
        await other.customer.post(elsewhere, json=first, headers=key),
    ]

    assert [refusal(response) for response in again[:3]] == [(422, "idempotency_key_reused")] * 3
    assert again[3].status_code == 201  # another account's key


async def test_messages_that_race_under_one_key_store_one(rest: Rest, elsewhere: Elsewhere) -> None:
    """Of two different messages under one key, one is stored and the other is refused."""
    story = await a_story(rest)
    path, key = f"{story.conversation_path}/messages", keyed(new_id())
    people = [story.vendor, elsewhere.seen_by(story.vendor)] * 5

    answers = await asyncio.gather(
        *(
            person.post(path, json={"client_message_id": f"m-{n}", "body": "Hi"}, headers=key)
            for n, person in enumerate(people)
        )
    )

    assert [response.status_code for response in answers].count(201) == 1
    refused = {refusal(response) for response in answers if response.status_code != 201}
    assert refused == {(422, "idempotency_key_reused")}
