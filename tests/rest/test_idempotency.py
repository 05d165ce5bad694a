"""Retries of POST requests with an Idempotency-Key."""

import asyncio
import json
from typing import Any

import pytest

from marketplace.actions import rfis
from marketplace.errors import TemporaryError
from marketplace.storage.idempotency import MongoIdempotencyKeys
from tests.rest.people import (
    PASSWORD,
    Rest,
    a_draft,
    a_quote_of,
    a_registration,
    a_story,
    refusal,
    registered,
)
from tests.rest.repeatable import keyed


async def test_a_replay_gets_the_first_answer(rest: Rest) -> None:
    """The same request with the same key creates one RFI, and the replay is marked as such."""
    customer = await registered(rest)
    body = a_draft(attributes={"floor": 2})

    first = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))
    again = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await customer.get("/v1/rfis")).json()["items"]) == 1


async def test_the_order_of_fields_does_not_matter(rest: Rest) -> None:
    """The same JSON in another notation gets the first answer."""
    customer = await registered(rest)
    body = a_draft()
    headers = {**keyed("k-1"), "Content-Type": "application/json"}
    turned = json.dumps(dict(reversed(body.items())), indent=3)

    first = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))
    again = await customer.post("/v1/rfis", content=turned, headers=headers)

    assert again.content == first.content


async def test_another_request_under_the_key_is_refused(rest: Rest) -> None:
    """A key stands for one request: another body or path is refused."""
    story = await a_story(rest)
    message = {"client_message_id": "m-1", "body": "Hello"}
    path = f"{story.conversation_path}/messages"

    first = await story.vendor.post(path, json=message, headers=keyed("k-1"))
    body = await story.vendor.post(path, json={**message, "body": "Bye"}, headers=keyed("k-1"))
    place = await story.vendor.post(
        f"{story.path}/quotes", json=a_quote_of(story.rfi), headers=keyed("k-1")
    )

    assert first.status_code == 201
    assert refusal(body) == (422, "idempotency_key_reused")
    assert refusal(place) == (422, "idempotency_key_reused")


async def test_a_concurrent_retry_has_to_wait(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A concurrent retry is told to wait, and later gets the first answer."""
    customer = await registered(rest)
    body, gate, begun = a_draft(), asyncio.Event(), asyncio.Event()
    draft = rfis.draft

    async def slow(*args: Any) -> Any:
        begun.set()
        await gate.wait()
        return await draft(*args)

    monkeypatch.setattr(rfis, "draft", slow)
    first = asyncio.create_task(customer.post("/v1/rfis", json=body, headers=keyed("k-1")))
    await begun.wait()
    beside = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))
    gate.set()

    assert refusal(beside) == (409, "idempotency_key_in_use")
    assert beside.headers["retry-after"] == "1"
    answered = await first
    again = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))
    assert answered.status_code == 201
    assert again.content == answered.content


async def test_concurrent_copies_create_one(rest: Rest) -> None:
    """However many copies race, one RFI is created; the others wait or get its answer."""
    customer = await registered(rest)
    body = a_draft()

    responses = await asyncio.gather(
        *(customer.post("/v1/rfis", json=body, headers=keyed("k-1")) for _ in range(10))
    )

    created = {response.json()["id"] for response in responses if response.status_code == 201}
    refused = {refusal(response) for response in responses if response.status_code != 201}
    assert len(created) == 1
    assert refused <= {(409, "idempotency_key_in_use")}
    assert len((await customer.get("/v1/rfis")).json()["items"]) == 1


async def test_keys_belong_to_an_account(rest: Rest) -> None:
    """The same key of two accounts is two keys."""
    people = [await registered(rest) for _ in range(2)]
    body = a_draft()

    responses = [
        await person.post("/v1/rfis", json=body, headers=keyed("k-1")) for person in people
    ]

    assert [response.status_code for response in responses] == [201, 201]
    assert responses[0].json()["customer_id"] != responses[1].json()["customer_id"]


async def test_a_retry_after_a_broken_connection_finds_the_answer(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the connection breaks while the request runs, a retry finds its answer."""
    customer = await registered(rest)
    body, gate, begun = a_draft(), asyncio.Event(), asyncio.Event()
    draft = rfis.draft

    async def slow(*args: Any) -> Any:
        begun.set()
        await gate.wait()
        return await draft(*args)

    monkeypatch.setattr(rfis, "draft", slow)
    first = asyncio.create_task(customer.post("/v1/rfis", json=body, headers=keyed("k-1")))
    await begun.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    running = set(rest.app.ctx.service.running)
    gate.set()
    await asyncio.wait(running)
    retry = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))

    assert len(running) == 1
    assert retry.status_code == 201
    assert retry.headers["idempotent-replayed"] == "true"
    assert len((await customer.get("/v1/rfis")).json()["items"]) == 1


async def test_a_refusal_frees_the_key(rest: Rest) -> None:
    """A refused request has changed nothing, so its key may be used again."""
    story = await a_story(rest)
    await story.customer.patch(story.path, json={"title": "Two sinks"}, if_match=2)
    path = f"{story.path}/quotes"

    stale = await story.vendor.post(path, json=a_quote_of(story.rfi), headers=keyed("k-1"))
    fresh = await story.vendor.post(
        path, json=a_quote_of(story.rfi, rfi_revision=3), headers=keyed("k-1")
    )

    assert refusal(stale) == (412, "stale_revision")
    assert fresh.status_code == 201


async def test_a_retry_after_a_failure_does_the_work(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a 503, a retry with the same key does the work once."""
    customer = await registered(rest)
    body = a_draft()

    async def away(*_: object) -> None:
        raise TemporaryError("MongoDB: AutoReconnect")

    with monkeypatch.context() as patched:
        patched.setattr(rfis, "draft", away)
        failed = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))
    retried = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))

    assert refusal(failed) == (503, "unavailable")
    assert retried.status_code == 201
    assert "idempotent-replayed" not in retried.headers


async def test_an_unstored_answer_rolls_its_effect_back(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effect and answer are one write: if the answer is not stored, neither is the effect."""
    customer = await registered(rest)
    body = a_draft()

    async def away(*_: object) -> None:
        raise TemporaryError("MongoDB: AutoReconnect")

    with monkeypatch.context() as patched:
        patched.setattr(MongoIdempotencyKeys, "finish", away)
        failed = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))
    listed = (await customer.get("/v1/rfis")).json()["items"]
    again = await customer.post("/v1/rfis", json=body, headers=keyed("k-1"))

    assert refusal(failed) == (503, "unavailable")
    assert listed == []
    assert again.status_code == 201


async def test_a_repeated_registration_gets_fresh_tokens(rest: Rest) -> None:
    """A repeated registration gets fresh tokens of the same account; no token is stored."""
    body = a_registration()

    first = await rest.client.post("/v1/accounts", json=body, headers=keyed("k-1"))
    again = await rest.client.post("/v1/accounts", json=body, headers=keyed("k-1"))

    tokens = [response.json() for response in (first, again)]
    stored = [
        str(document)
        async for document in rest.parts.store.database["idempotency_keys"].find(
            {"_id.scope": {"$regex": "^anonymous"}}
        )
    ]
    assert [first.status_code, again.status_code] == [201, 201]
    assert again.headers["idempotent-replayed"] == "true"
    assert tokens[0]["account"] == tokens[1]["account"]
    assert tokens[0]["refresh_token"] != tokens[1]["refresh_token"]
    for token_pair in tokens:
        refreshed = await rest.client.post(
            "/v1/tokens/refresh", json={"refresh_token": token_pair["refresh_token"]}
        )
        assert refreshed.status_code == 200
    for secret in (PASSWORD, body["email"], tokens[0]["refresh_token"], tokens[0]["access_token"]):
        assert not any(secret in document for document in stored)
    assert any(tokens[0]["account"]["id"] in document for document in stored)


async def test_a_key_gives_no_access_to_another_account(rest: Rest) -> None:
    """Without the password, the key and the email return no tokens."""
    body = a_registration()
    await rest.client.post("/v1/accounts", json=body, headers=keyed("k-1"))

    response = await rest.client.post(
        "/v1/accounts", json={**body, "password": "another password"}, headers=keyed("k-1")
    )

    assert refusal(response) == (422, "idempotency_key_reused")


async def test_a_resent_message_is_found_by_key_or_id(rest: Rest) -> None:
    """The key replays the 201; the client_message_id alone finds the message."""
    story = await a_story(rest)
    path = f"{story.conversation_path}/messages"
    body = {"client_message_id": "m-1", "body": "Hello"}

    first = await story.customer.post(path, json=body, headers=keyed("k-1"))
    replay = await story.customer.post(path, json=body, headers=keyed("k-1"))
    resend = await story.customer.post(path, json=body, headers=keyed("k-2"))

    assert [first.status_code, replay.status_code, resend.status_code] == [201, 201, 200]
    assert first.json() == replay.json() == resend.json()


@pytest.mark.parametrize("key", ["x" * 256, "with space", ""])
async def test_invalid_keys_are_refused(rest: Rest, key: str) -> None:
    """A key has 1 to 255 printable characters."""
    customer = await registered(rest)

    response = await customer.post("/v1/rfis", json=a_draft(), headers=keyed(key))

    assert refusal(response) == (422, "validation_failed")
