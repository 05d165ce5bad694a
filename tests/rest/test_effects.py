"""One Idempotency-Key, one effect, whatever happens to the process, the store or the client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from marketplace.ids import new_id
from marketplace.settings import Settings
from marketplace.storage import store as transactions
from rest import performing
from rest.app import OPERATIONS
from tests.mongo_proxy import MongoProxy, proxied_mongodb
from tests.rest.people import (
    Person,
    Rest,
    a_draft,
    a_quote_of,
    a_registration,
    a_story,
    refusal,
    registered,
)
from tests.rest.processes import a_process, in_process

COMMIT = "commitTransaction"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A second `rest` with the same database, which reaches MongoDB through a proxy."""

    proxy: MongoProxy
    rest: Rest
    settings: Settings

    def seen_by(self, person: Person) -> Person:
        """The same person as a client of this process."""
        return replace(person, client=self.rest.client)


@pytest_asyncio.fixture(scope="module")
async def second(rest: Rest, settings: Settings) -> AsyncIterator[Elsewhere]:
    """A second process alongside `rest`, for the module."""
    raised = replace(settings, limit_scale=1_000.0)
    async with proxied_mongodb(raised) as (proxy, through), in_process(through) as other:
        yield Elsewhere(proxy, other, through)
        proxy.open()


@pytest.fixture
def elsewhere(second: Elsewhere) -> Iterator[Elsewhere]:
    """The second process; its proxy is open before and after each test."""
    second.proxy.open()
    yield second
    second.proxy.open()


def keyed(key: str) -> dict[str, str]:
    """The header with the key."""
    return {"Idempotency-Key": key}


@dataclass(frozen=True, slots=True)
class RepeatableRequest:
    """A repeatable request, and a count of its stored effects and events."""

    person: Person
    path: str
    body: dict[str, Any]
    count: Callable[[], Awaitable[list[int]]]
    key: str

    async def at(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send it, always with the same key."""
        person = replace(self.person, client=client)
        return await person.post(self.path, json=self.body, headers=keyed(self.key))


async def counted(rest: Rest, *queries: tuple[str, dict[str, Any]]) -> list[int]:
    """The numbers of matching documents."""
    database = rest.parts.store.database
    return [await database[name].count_documents(condition) for name, condition in queries]


async def a_repeatable_request(rest: Rest, operation: str) -> RepeatableRequest:
    """A first request for this operation, not yet sent."""
    story = await a_story(rest)
    rfi, vendor = story.rfi["id"], story.vendor.id
    talk = story.match["conversation_id"]
    if operation == "draft_rfi":
        customer = await registered(rest)
        of_them = {"customer_id": customer.id}
        return RepeatableRequest(customer, "/v1/rfis", a_draft(),
                   lambda: counted(rest, ("rfis", of_them)), new_id())  # fmt: skip
    if operation == "submit_quote":
        return RepeatableRequest(story.vendor, f"{story.path}/quotes", a_quote_of(story.rfi),
                   lambda: counted(rest, ("quotes", {"rfi_id": rfi, "vendor_id": vendor}),
                                   ("outbox", {"key": rfi, "name": {"$regex": "^quote"}}),
                                   ("entries", {"conversation_id": talk, "code": "quote_submitted"})), new_id())  # fmt: skip
    if operation == "create_account":
        body = a_registration(role="vendor")
        return RepeatableRequest(story.customer, "/v1/accounts", body,
                   lambda: counted(rest, ("accounts", {"email": body["email"]})), new_id())  # fmt: skip
    message = {"client_message_id": new_id(), "body": "Hello"}
    path = f"{story.conversation_path}/messages"
    if operation == "send_message":
        return RepeatableRequest(story.vendor, path, message,
                   lambda: counted(rest, ("entries", {"conversation_id": talk, "kind": "message"})), new_id())  # fmt: skip
    sent = (await story.vendor.post(path, json=message)).json()
    return RepeatableRequest(story.customer, f"{path}/{sent['id']}/report", {"reason": "spam"},
               lambda: counted(rest, ("reports", {"message_id": sent["id"]}),
                               ("outbox", {"key": talk, "name": "message.reported"})), new_id())  # fmt: skip


IN_A_TRANSACTION = ("draft_rfi", "submit_quote", "create_account", "report_message")
WITH_A_KEY = (*IN_A_TRANSACTION, "send_message")


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

    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert is_replay_of(again, first)
    assert once(await request.count())


@pytest.mark.parametrize("operation", IN_A_TRANSACTION)
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
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert is_replay_of(once_more, again)
    assert once(await request.count())


@pytest.mark.parametrize("operation", IN_A_TRANSACTION)
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
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert once(await request.count())


@pytest.mark.parametrize("operation", IN_A_TRANSACTION)
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
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert once(await request.count())


@pytest.mark.parametrize("operation", IN_A_TRANSACTION)
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

    assert (taken_over.status_code, late.status_code) == (201, 201)
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


@pytest.mark.parametrize("operation", WITH_A_KEY)
async def test_a_retry_after_a_kill_following_the_commit_gets_the_answer(
    rest: Rest, elsewhere: Elsewhere, operation: str
) -> None:
    """After `kill -9` before the answer, another process returns the answer at once."""
    request = await a_repeatable_request(rest, operation)
    async with a_process(elsewhere.settings, "rest-killed") as process:
        elsewhere.proxy.watch("insert" if operation == "send_message" else COMMIT, holds_answer=True)
        asking = asyncio.create_task(request.at(process.client))
        await elsewhere.proxy.carried_out.wait()
        await process.kill()
        await asyncio.gather(asking, return_exceptions=True)

    again = await request.at(rest.client)

    assert again.status_code == 201
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

    done = [response for response in answers if response.status_code == 201]
    refused = {refusal(response) for response in answers if response.status_code != 201}
    assert done
    assert all(is_replay_of(response, done[0]) for response in done)
    assert (
        len([response for response in done if "idempotent-replayed" not in response.headers]) <= 1
    )
    assert refused <= {(409, "idempotency_key_in_use")}
    assert once(await request.count())


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
