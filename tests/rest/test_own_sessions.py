"""The caller's log-ins, over REST and on the socket."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
import socketio

from marketplace.settings import Settings
from tests.realtime.gateways import gateway
from tests.rest.people import PASSWORD, Person, Rest, refusal, registered

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


async def another(rest: Rest, person: Person, agent: str = FIREFOX) -> Person:
    """A second log-in of the person, with another browser."""
    response = await rest.client.post(
        "/v1/tokens",
        json={"email": person.email, "password": PASSWORD},
        headers={"User-Agent": agent},
    )
    assert response.status_code == 200, response.text
    return Person(person.client, person.id, person.email, response.json())


def session_of(person: Person) -> str:
    """The id of the person's log-in."""
    session_id: str = person.tokens["refresh_token"].partition(".")[0]
    return session_id


@pytest_asyncio.fixture(scope="module")
async def socket_url(settings: Settings, rest: Rest) -> AsyncIterator[str]:
    """A gateway over the same database and Redis."""
    async with gateway(settings, "realtime-sessions") as running:
        yield running.url


async def test_log_ins_are_listed_with_their_devices(rest: Rest) -> None:
    """Newest first, with the one that asked marked, and nobody else's."""
    first = await registered(rest)
    await registered(rest)
    second = await another(rest, first)

    items = (await second.get("/v1/me/sessions")).json()["items"]

    assert [item["id"] for item in items] == [session_of(second), session_of(first)]
    assert [item["is_current"] for item in items] == [True, False]
    assert [item["device"] for item in items] == ["Firefox on Linux", "python-httpx"]
    assert not {"refresh_token_hash", "account_id", "credentials"} & items[0].keys()


async def test_listing_and_using_a_log_in_writes_nothing(rest: Rest) -> None:
    """The last use is that of the refresh; a request changes no document."""
    person = await registered(rest)
    sessions = rest.parts.store.database["sessions"]
    before = await sessions.find_one({"_id": session_of(person)})

    for _ in range(3):
        await person.get("/v1/me/sessions")
    assert await sessions.find_one({"_id": session_of(person)}) == before

    token = {"refresh_token": person.tokens["refresh_token"]}
    await rest.client.post("/v1/tokens/refresh", json=token)
    (item,) = (await person.get("/v1/me/sessions")).json()["items"]
    assert item["last_used_at"] > item["created_at"]


async def test_a_log_in_that_is_ended_loses_its_token_and_its_connections(
    rest: Rest, socket_url: str
) -> None:
    """Its socket is closed with a reason at once; the log-in that ended it goes on."""
    person = await registered(rest)
    other = await another(rest, person)
    closing: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    client = socketio.AsyncClient(reconnection=False)
    client.on("connection.closing", closing.put_nowait)
    ended = asyncio.Event()
    client.on("disconnect", lambda *_: ended.set())
    await client.connect(socket_url, auth={"token": other.tokens["access_token"]})

    response = await person.ask("DELETE", f"/v1/me/sessions/{session_of(other)}")

    async with asyncio.timeout(5):
        assert await closing.get() == {"code": "unauthenticated"}
        await ended.wait()
    assert response.status_code == 204
    assert refusal(await other.get("/v1/me")) == (401, "unauthenticated")
    token = {"refresh_token": other.tokens["refresh_token"]}
    refreshed = await rest.client.post("/v1/tokens/refresh", json=token)
    assert refusal(refreshed) == (401, "unauthenticated")
    assert (await person.get("/v1/me")).status_code == 200


async def test_all_log_ins_end_together(rest: Rest) -> None:
    """The one that asked included."""
    person = await registered(rest)
    other = await another(rest, person)

    assert (await person.ask("DELETE", "/v1/me/sessions")).status_code == 204

    for log_in in (person, other):
        assert refusal(await log_in.get("/v1/me")) == (401, "unauthenticated")


async def test_a_log_in_of_somebody_else_does_not_exist(rest: Rest) -> None:
    """The answer is that for an unknown id, and the other log-in goes on."""
    person, stranger = await registered(rest), await registered(rest)

    foreign = await stranger.ask("DELETE", f"/v1/me/sessions/{session_of(person)}")
    unknown = await stranger.ask("DELETE", "/v1/me/sessions/nothing")

    said = [
        {name: value for name, value in response.json().items() if name != "request_id"}
        for response in (foreign, unknown)
    ]
    assert refusal(foreign) == (404, "not_found")
    assert said[0] == said[1]
    assert (await person.get("/v1/me")).status_code == 200


async def test_a_new_password_ends_the_other_log_ins(rest: Rest) -> None:
    """The one that changed it can be refreshed; a wrong current password changes nothing."""
    person = await registered(rest)
    other = await another(rest, person)
    body = {"current": "guess", "new": "purple monkey dishwasher"}
    assert refusal(await person.post("/v1/me/password", json=body)) == (403, "wrong_password")

    changed = await person.post("/v1/me/password", json={**body, "current": PASSWORD})

    assert changed.status_code == 204
    assert refusal(await other.get("/v1/me")) == (401, "unauthenticated")
    token = {"refresh_token": person.tokens["refresh_token"]}
    assert (await rest.client.post("/v1/tokens/refresh", json=token)).status_code == 200


async def test_two_changes_of_a_password_at_once_do_not_overwrite_each_other(rest: Rest) -> None:
    """One of them is refused, since the current password is no longer correct."""
    person = await registered(rest)
    news = [f"purple monkey dishwasher {n}" for n in range(6)]

    responses: list[httpx.Response] = await asyncio.gather(
        *(person.post("/v1/me/password", json={"current": PASSWORD, "new": new}) for new in news)
    )

    statuses = [response.status_code for response in responses]
    assert sorted(statuses) == [204] + [403] * 5
    body = {"email": person.email, "password": news[statuses.index(204)]}
    assert (await rest.client.post("/v1/tokens", json=body)).status_code == 200
