"""Where people talk, who they are, and the whole conversation."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.chaos.wire import Wire

Read = Callable[[int], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token, in one conversation."""

    account_id: str
    token: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses people use, and the gateways behind them; with `http`, reads go over REST."""

    entrances: tuple[str, ...]
    gateways: Mapping[str, str]
    http: httpx.AsyncClient | None


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation, its RFI, and its two participants."""

    conversation_id: str
    rfi_id: str
    people: tuple[Person, Person]


async def seeded(environment: Mapping[str, str], count: int) -> list[Talk]:
    """Conversations created by `parley seed` on the stack of this environment."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "talks.json"
        command = Path(sys.executable).with_name("parley")
        arguments = ("seed", "--conversations", str(count), "--json", str(file))
        given = {**os.environ, "PARLEY_PROCESS_NAME": "seed", **environment}
        seeding = await asyncio.create_subprocess_exec(str(command), *arguments, env=given)
        assert await seeding.wait() == 0
        seeds = json.loads(file.read_text())
    return [
        Talk(seed["conversation_id"], seed["rfi_id"], (_person(seed, 0), _person(seed, 1)))
        for seed in seeds
    ]


def _person(seed: dict[str, Any], side: int) -> Person:
    token = seed["tokens"][side]
    claims = jwt.decode(token, options={"verify_signature": False})
    return Person(claims["sub"], token, seed["conversation_id"])


async def pages(place: Place, person: Person) -> list[dict[str, Any]]:
    """The whole conversation: over REST, or by `fetch_entries` without REST."""
    found: list[dict[str, Any]] = []
    after = 0
    async with _reader(place, person) as read:
        while not found or found[-1]["has_more"]:
            found.append(await read(after))
            after += len(found[-1]["items"])
    return found


@asynccontextmanager
async def _reader(place: Place, person: Person) -> AsyncIterator[Read]:
    if place.http is not None:
        yield partial(_read_over_rest, place.http, person)
        return
    wire = Wire(place.entrances[-1], person.token, lambda *_: None)
    await wire.open()
    try:
        yield partial(_read_over_socket, wire, person)
    finally:
        await wire.cut()


async def _read_over_rest(http: httpx.AsyncClient, person: Person, after: int) -> dict[str, Any]:
    answer = await http.get(
        f"/v1/conversations/{person.conversation_id}/entries",
        params={"after_sequence": after, "limit": 100},
        headers={"Authorization": f"Bearer {person.token}"},
    )
    answer.raise_for_status()
    page: dict[str, Any] = answer.json()
    return page


async def _read_over_socket(wire: Wire, person: Person, after: int) -> dict[str, Any]:
    payload = {"conversation_id": person.conversation_id, "after_sequence": after}
    answer = await wire.ask("fetch_entries", payload)
    assert answer["ok"], answer
    return {**answer, "items": answer["entries"]}
