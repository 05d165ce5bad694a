"""Everybody together on a running stack, and how they come to rest."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx
import jwt

from tests.chaos import people
from tests.chaos.app import App, Person
from tests.chaos.feeds import Feed, Follower
from tests.chaos.history import Acknowledged, AtRest, History, ReadAll, entry_of, now
from tests.chaos.wire import Wire
from tests.journeys.waiting import eventually

# Longer than anything takes to come through by itself: the look at the heads is every 5 s.
RESTS_WITHIN_S = 30.0
ANSWERED_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where people come in, and the gateways behind; `http` reads over REST where there is one."""

    entrances: tuple[str, ...]
    gateways: Mapping[str, str]
    http: httpx.AsyncClient | None


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation, its RFI, and the tokens of its two sides."""

    conversation_id: str
    rfi_id: str
    people: tuple[Person, Person]


async def seeded(environment: Mapping[str, str], count: int) -> list[Talk]:
    """Conversations made by `parley seed` on the stack of this environment."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "talks.json"
        command = Path(sys.executable).with_name("parley")
        arguments = ("seed", "--conversations", str(count), "--json", str(file))
        given = {**os.environ, "PARLEY_PROCESS_NAME": "seed", **environment}
        seeding = await asyncio.create_subprocess_exec(str(command), *arguments, env=given)
        assert await seeding.wait() == 0
        made = json.loads(file.read_text())
    return [
        Talk(each["conversation_id"], each["rfi_id"], (_person(each, 0), _person(each, 1)))
        for each in made
    ]


def _person(made: dict[str, Any], side: int) -> Person:
    token = made["tokens"][side]
    claims = jwt.decode(token, options={"verify_signature": False})
    return Person(claims["sub"], token, made["conversation_id"])


class Load:
    """Two who talk in each conversation, in all kinds of ways, and followers of some RFIs."""

    def __init__(
        self,
        place: Place,
        talks: list[Talk],
        feeds: int,
        seed: int,
        *,
        rests_within_s: float = RESTS_WITHIN_S,
    ) -> None:
        self.history = History()
        self.talks = talks
        self.apps: list[App] = []
        self.feeds: list[Feed] = []
        self.followers: list[Follower] = []
        self.stopping = asyncio.Event()
        self._place = place
        self._rests_within_s = rests_within_s
        self._random = Random(seed)
        self._works: list[Coroutine[Any, Any, None]] = []
        self._group: asyncio.TaskGroup | None = None
        for number, talk in enumerate(talks):
            self._people(number, talk)
        for talk in talks[:feeds]:
            self._feed(talk)

    def add(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something more go on until the end."""
        if self._group is None:
            self._works.append(work)
        else:
            self._group.create_task(work)

    def app(self, name: str, person: Person, entrance: str = "", *, polling: bool = False) -> App:
        """One more app, which is kept connected."""
        random = self._dice()
        entrances = (entrance,) if entrance else self._place.entrances
        find = partial(random.choice, entrances)
        app = App(name, person, self.history, find, random, polling=polling)
        self.apps.append(app)
        self.add(app.live())
        return app

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everybody is in and talks while the context is open; then they come to rest and leave."""
        async with asyncio.TaskGroup() as self._group:
            for each in self._works:
                self._group.create_task(each)
            try:
                await self.everybody_is_in()
                yield
                self.stopping.set()
                await self._rest()
            finally:
                self.stopping.set()
                everybody: list[App | Follower] = [*self.apps, *self.followers]
                for one in everybody:
                    await one.leave()

    async def everybody_is_in(self) -> None:
        """Wait until every app is joined."""
        await self._until(lambda: all(each.is_joined for each in self.apps), "join")

    async def acknowledged(self, more: int) -> None:
        """Wait until so many more were acknowledged, by whomever."""
        wanted = self.acknowledged_count() + more
        await self._until(lambda: self.acknowledged_count() >= wanted, f"get {more} answers")

    def acknowledged_count(self) -> int:
        """How many acknowledgements came so far."""
        return sum(1 for _ in self.history.of(Acknowledged))

    async def _until(self, is_so: Callable[[], bool], what: str) -> None:
        async def look() -> bool:
            return is_so()

        try:
            await eventually(look, within_s=ANSWERED_WITHIN_S)
        except AssertionError:
            out = [
                f"{each.name} (joined: {each.is_joined}, waiting: {each.waiting})"
                for each in self.apps
                if not each.is_joined or each.waiting
            ]
            raise AssertionError(f"they did not {what}: {', '.join(out)}") from None

    async def _rest(self) -> None:
        """All is acknowledged; whoever is connected has time to get it; then all of it is read."""
        await self._until(lambda: not any(each.waiting for each in self.apps), "get answers")
        await self.everybody_is_in()
        for feed in self.feeds:
            feed.revision = await feed.head()
        heads = {talk.conversation_id: await self._head(talk) for talk in self.talks}

        async def have_caught_up() -> bool:
            apps = all(each.last >= heads[each.person.conversation_id] for each in self.apps)
            return apps and all(each.has_caught_up for each in self.followers)

        with suppress(AssertionError):  # who has not in that time is told by the checker
            await eventually(have_caught_up, within_s=self._rests_within_s)
        self.history.add(AtRest(now()))
        for talk in self.talks:
            for person in talk.people:
                await self._read_all(person)
        for feed in self.feeds:
            await feed.read()

    async def _head(self, talk: Talk) -> int:
        return int((await self._pages(talk.people[0]))[-1]["head"])

    async def _read_all(self, person: Person) -> None:
        asked_at = now()
        pages = await self._pages(person)
        entries = tuple(entry_of(each) for page in pages for each in page["items"])
        by = "socket" if self._place.http is None else "REST"
        where = (person.conversation_id, person.account_id, by)
        self.history.add(ReadAll(now(), *where, asked_at, pages[-1]["head"], entries))

    async def _pages(self, person: Person) -> list[dict[str, Any]]:
        """The whole conversation: over REST, or by `fetch_entries` where there is none."""
        pages: list[dict[str, Any]] = []
        after = 0
        async with self._reader(person) as read:
            while not pages or pages[-1]["has_more"]:
                pages.append(await read(after))
                after += len(pages[-1]["items"])
        return pages

    @asynccontextmanager
    async def _reader(
        self, person: Person
    ) -> AsyncIterator[Callable[[int], Coroutine[Any, Any, dict[str, Any]]]]:
        if self._place.http is not None:
            yield lambda after: _read_over_rest(self._place.http, person, after)
            return
        wire = Wire(self._place.entrances[-1], person.token, lambda *_: None)
        await wire.open()
        try:
            yield lambda after: _read_over_socket(wire, person, after)
        finally:
            await wire.cut()

    def _people(self, number: int, talk: Talk) -> None:
        """Both talk; one polls, is restless or sends everything twice, as the number says."""
        customer, vendor = talk.people
        one = self.app(f"customer-{number}", customer, polling=number % 5 == 0)
        other = self.app(f"vendor-{number}", vendor)
        for app in (one, other):
            self.add(people.talk(app, self.stopping, self._dice()))
        if number % 4 == 1:
            self.add(people.come_and_go(other, self.stopping, self._dice()))
        if number % 4 == 2:
            self.add(people.send_twice(other, self.stopping, self._place.gateways, self._dice()))
        if number % 4 == 3:
            second = self.app(f"vendor-{number}'s second device", vendor)
            self.add(people.come_and_go(second, self.stopping, self._dice()))

    def _feed(self, talk: Talk) -> None:
        assert self._place.http is not None
        tokens = (talk.people[0].token, talk.people[1].token)
        feed = Feed(talk.rfi_id, tokens, self._place.http, self.history)
        self.feeds.append(feed)
        self.add(feed.revise(self.stopping, self._dice()))
        for side, token in zip(("customer", "vendor"), tokens, strict=True):
            name = f"{side} following {len(self.feeds)}"
            find = partial(self._dice().choice, self._place.entrances)
            follower = Follower(name, feed, token, self.history, find)
            self.followers.append(follower)
            is_restless = side == "vendor"
            self.add(follower.live(self.stopping, self._dice(), is_restless=is_restless))

    def _dice(self) -> Random:
        return Random(self._random.random())


async def _read_over_rest(
    http: httpx.AsyncClient | None, person: Person, after: int
) -> dict[str, Any]:
    assert http is not None
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
