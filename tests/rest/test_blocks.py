"""Blocking a conversation over REST."""

from tests.rest.people import Rest, Story, a_quote_of, a_story, refusal, registered


def _says(number: int) -> dict[str, str]:
    return {"client_message_id": f"m{number}", "body": "Hello"}


async def _send(story: Story, number: int) -> list[int]:
    """Both sides send a message; returns the statuses."""
    path = f"{story.conversation_path}/messages"
    sent = [
        await person.post(path, json=_says(number)) for person in (story.customer, story.vendor)
    ]
    return [response.status_code for response in sent]


async def test_a_block_closes_the_conversation_for_both(rest: Rest) -> None:
    """It stays closed until the blocker unblocks it; each side sees its own state."""
    story = await a_story(rest)
    path = f"{story.conversation_path}/block"
    assert await _send(story, 1) == [201, 201]

    blocked = [await story.vendor.post(path) for _ in range(2)]
    refused = [
        await story.customer.post(f"{story.conversation_path}/messages", json=_says(2)),
        await story.vendor.post(f"{story.conversation_path}/messages", json=_says(2)),
        await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi)),
    ]
    seen = [
        (await person.get(story.conversation_path)).json()
        for person in (story.customer, story.vendor)
    ]
    listed = (await story.customer.get("/v1/conversations")).json()["items"]

    state = {"conversation_id": story.match["conversation_id"], "is_open": False}
    assert [response.json() for response in blocked] == [{**state, "blocked_by_me": True}] * 2
    assert {refusal(response) for response in refused} == {(403, "blocked")}
    assert [(view["is_open"], view["blocked_by_me"]) for view in seen] == [
        (False, False),
        (False, True),
    ]
    assert (listed[0]["is_open"], listed[0]["blocked_by_me"]) == (False, False)
    assert await _send(story, 1) == [200, 200]

    others = await story.customer.ask("DELETE", path)
    assert others.json()["is_open"] is False
    opened = await story.vendor.ask("DELETE", path)
    assert opened.json() == {**state, "is_open": True, "blocked_by_me": False}
    assert await _send(story, 2) == [201, 201]


async def test_the_blocker_is_not_revealed(rest: Rest) -> None:
    """Neither the refusal nor the entries name the blocker."""
    story = await a_story(rest)
    await story.customer.post(f"{story.conversation_path}/block")

    refused = await story.vendor.post(f"{story.conversation_path}/messages", json=_says(1))
    entries = (await story.vendor.get(f"{story.conversation_path}/entries")).json()["items"]

    assert refused.json()["detail"] == "This conversation does not accept new messages."
    closed = entries[-1]
    assert closed["code"] == "conversation_closed"
    assert story.customer.id not in str(closed)


async def test_only_participants_can_block(rest: Rest) -> None:
    """For anybody else, the conversation does not exist."""
    story = await a_story(rest)
    stranger = await registered(rest)

    for method in ("POST", "DELETE"):
        response = await stranger.ask(method, f"{story.conversation_path}/block")
        assert refusal(response) == (404, "not_found")
