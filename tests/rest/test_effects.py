"""One Idempotency-Key, one effect, whatever happens to the process, the store or the client."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from marketplace.ids import new_id
from marketplace.storage import transactions
from rest import performing
from rest.app import OPERATIONS
from tests.rest.people import (
    Rest,
    a_draft,
    a_quote_of,
    a_story,
    refusal,
    registered,
)
from tests.rest.processes import a_process
from tests.rest.repeatable import Elsewhere, a_repeatable_request, keyed

COMMIT = "commitTransaction"


IN_A_TRANSACTION = (
    "draft_rfi",
    "copy_rfi",
    "accept_match",
    "submit_quote",
    "award_rfi",
    "create_account",
    "report_message",
    "create_attachment",
    "add_vendor_document",
    "invite_member",
)


WITH_A_KEY = (*IN_A_TRANSACTION, "send_message")
# One mechanism serves all operations, and a failure at each point of it takes seconds to cause.
SAMPLE = {"draft_rfi", "award_rfi", "create_attachment", "send_message"}


def sampled(operations: Iterable[str]) -> list[Any]:
    """The operations, those outside the sample only in `make long-tests`."""
    return [
        operation if operation in SAMPLE else pytest.param(operation, marks=pytest.mark.long)
        for operation in operations
    ]


def once(counts: list[int]) -> bool:
    """Whether every count is exactly one."""
    return set(counts) == {1}


def is_replay_of(again: httpx.Response, first: httpx.Response) -> bool:
    """Whether a request got the answer of an earlier one; log-in tokens are always new."""
    if again.request.url.path == "/v1/accounts":
        return bool(again.json()["account"] == first.json()["account"])
    return again.content == first.content and again.status_code == first.status_code


def test_every_operation_with_a_key_is_tested_here() -> None:
    """A new operation with a key must define here how its effect is counted."""
    assert sorted(WITH_A_KEY) == sorted(
        operation.id for operation in OPERATIONS if operation.idempotency is not None
    )


@pytest.mark.parametrize("operation", WITH_A_KEY)
async def test_a_retry_gets_the_first_answer_from_any_process(
    rest: Rest, elsewhere: Elsewhere, operation: str
) -> None:
    """Another process repeats the first answer exactly."""
    request = await a_repeatable_request(rest, operation)

    first = await request.at(rest.client)
    again = await request.at(elsewhere.rest.client)

    assert first.status_code == request.status
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert is_replay_of(again, first)
    assert once(await request.count())


@pytest.mark.parametrize("operation", sampled(IN_A_TRANSACTION))
async def test_a_retry_after_a_lost_commit_answer_finds_the_effect(
    rest: Rest, elsewhere: Elsewhere, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process does not know the outcome; a retry finds the effect."""
    monkeypatch.setattr(transactions, "TRANSACTION_DEADLINE_S", 1.0)
    request = await a_repeatable_request(rest, operation)
    elsewhere.proxy.watch(COMMIT, cuts_after_answer=True)

    lost = await request.at(elsewhere.rest.client)
    elsewhere.proxy.open()
    again = await request.at(elsewhere.rest.client)
    once_more = await request.at(rest.client)

    assert refusal(lost) == (503, "unavailable")
    assert again.status_code == request.status
    assert again.headers["idempotent-replayed"] == "true"
    assert is_replay_of(once_more, again)
    assert once(await request.count())


@pytest.mark.parametrize("operation", sampled(IN_A_TRANSACTION))
async def test_a_retry_after_a_deadline_during_the_commit_finds_the_effect(
    rest: Rest, elsewhere: Elsewhere, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request gets a 503 while its commit is in flight; a retry finds the effect."""
    request = await a_repeatable_request(rest, operation)
    monkeypatch.setattr(performing, "DEADLINE_S", 2.0)
    elsewhere.proxy.watch(COMMIT, holds_answer=True)

    late = await request.at(elsewhere.rest.client)
    monkeypatch.undo()
    again = await request.at(rest.client)

    assert refusal(late) == (503, "unavailable")
    assert again.status_code == request.status
    assert again.headers["idempotent-replayed"] == "true"
    assert once(await request.count())


@pytest.mark.parametrize("operation", sampled(IN_A_TRANSACTION))
async def test_a_retry_after_a_cancelled_commit_finds_the_effect(
    rest: Rest, elsewhere: Elsewhere, operation: str
) -> None:
    """A process that shuts down cancels slow requests; a retry finds the effect."""
    request = await a_repeatable_request(rest, operation)
    elsewhere.proxy.watch(COMMIT, holds_answer=True)

    asking = asyncio.create_task(request.at(elsewhere.rest.client))
    await elsewhere.proxy.carried_out.wait()
    for task in tuple(elsewhere.rest.app.ctx.service.running):
        task.cancel()
    cut_off = await asking
    again = await request.at(rest.client)

    assert refusal(cut_off) == (503, "draining")
    assert again.status_code == request.status
    assert again.headers["idempotent-replayed"] == "true"
    assert once(await request.count())


@pytest.mark.parametrize("operation", sampled(IN_A_TRANSACTION))
async def test_a_takeover_and_a_late_first_attempt_have_one_effect(
    rest: Rest, elsewhere: Elsewhere, operation: str
) -> None:
    """The first attempt pauses before its commit beyond its lease, and has no second effect."""
    request = await a_repeatable_request(rest, operation)
    elsewhere.proxy.watch(COMMIT, holds_command=True)

    slow = asyncio.create_task(request.at(elsewhere.rest.client))
    await elsewhere.proxy.arrived.wait()
    await expire_lease(rest, request.key)
    taken_over = await request.at(rest.client)
    elsewhere.proxy.open()
    late = await slow

    assert {taken_over.status_code, late.status_code} == {request.status}
    assert "idempotent-replayed" not in taken_over.headers
    assert is_replay_of(late, taken_over)
    assert once(await request.count())


async def expire_lease(rest: Rest, key: str) -> None:
    """End the lease of a key now."""
    ended = (
        await rest.parts.store.database["idempotency_keys"]
        .with_options()
        .update_one(
            {"_id.key": key, "status": {"$exists": False}}, [{"$set": {"lease_ends_at": "$$NOW"}}]
        )
    )
    assert ended.matched_count == 1


async def test_a_refusal_after_an_unknown_outcome_keeps_the_key(
    rest: Rest, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quote repeated after a lost answer gets that answer, even if the RFI has changed since."""
    monkeypatch.setattr(transactions, "TRANSACTION_DEADLINE_S", 1.0)
    story = await a_story(rest)
    path, body, key = f"{story.path}/quotes", a_quote_of(story.rfi), keyed(new_id())
    elsewhere.proxy.watch(COMMIT, cuts_after_answer=True)
    await elsewhere.seen_by(story.vendor).post(path, json=body, headers=key)
    elsewhere.proxy.open()
    await story.customer.patch(story.path, json={"title": "Two sinks"}, if_match=2)

    again = await story.vendor.post(path, json=body, headers=key)

    assert again.status_code == 201
    assert again.json()["rfi_revision"] == 2


async def test_a_key_is_taken_over_when_its_lease_has_expired(
    rest: Rest, elsewhere: Elsewhere
) -> None:
    """After `kill -9` before the commit, retries get 409 until the lease ends, then one effect."""
    customer = await registered(rest)
    body, key = a_draft(), keyed(new_id())
    async with a_process(elsewhere.settings, "rest-killed") as process:
        person = replace(customer, client=process.client)
        elsewhere.proxy.watch(COMMIT, holds_command=True)
        asking = asyncio.create_task(person.post("/v1/rfis", json=body, headers=key))
        await elsewhere.proxy.arrived.wait()
        await process.kill()
        await asyncio.gather(asking, return_exceptions=True)

    first = await customer.post("/v1/rfis", json=body, headers=key)
    again = first
    async with asyncio.timeout(40):
        while again.status_code == 409:
            await asyncio.sleep(float(again.headers["retry-after"]))
            again = await customer.post("/v1/rfis", json=body, headers=key)
    replay = await customer.post("/v1/rfis", json=body, headers=key)

    assert refusal(first) == (409, "idempotency_key_in_use")
    assert again.status_code == 201
    assert replay.content == again.content
    assert len((await customer.get("/v1/rfis")).json()["items"]) == 1


@pytest.mark.parametrize("operation", sampled(WITH_A_KEY))
async def test_a_retry_after_a_kill_following_the_commit_gets_the_answer(
    rest: Rest, elsewhere: Elsewhere, operation: str
) -> None:
    """After `kill -9` before the answer, another process returns the answer at once."""
    request = await a_repeatable_request(rest, operation)
    async with a_process(elsewhere.settings, "rest-killed") as process:
        elsewhere.proxy.watch(
            "insert" if operation == "send_message" else COMMIT, holds_answer=True
        )
        asking = asyncio.create_task(request.at(process.client))
        await elsewhere.proxy.carried_out.wait()
        await process.kill()
        await asyncio.gather(asking, return_exceptions=True)

    again = await request.at(rest.client)

    assert again.status_code == request.status
    assert again.headers["idempotent-replayed"] == "true"
    assert once(await request.count())


@pytest.mark.parametrize("operation", WITH_A_KEY)
async def test_two_processes_that_race_with_one_key_have_one_effect(
    rest: Rest, elsewhere: Elsewhere, operation: str
) -> None:
    """However the copies are spread over two processes, all get one effect and one answer."""
    request = await a_repeatable_request(rest, operation)
    clients = [rest.client, elsewhere.rest.client] * 10

    answers = await asyncio.gather(*map(request.at, clients))

    done = [response for response in answers if response.status_code == request.status]
    refused = {refusal(response) for response in answers if response.status_code != request.status}
    assert done
    assert all(is_replay_of(response, done[0]) for response in done)
    assert (
        len([response for response in done if "idempotent-replayed" not in response.headers]) <= 1
    )
    assert refused <= {(409, "idempotency_key_in_use")}
    assert once(await request.count())
