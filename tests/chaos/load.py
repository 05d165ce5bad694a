"""Everybody together on a running stack, and how they come to rest."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from random import Random
from typing import Any

from tests.chaos import people
from tests.chaos.accounts import Account, AccountFollower, Inquiry
from tests.chaos.app import App
from tests.chaos.deadlines import Deadlines
from tests.chaos.effects import Done
from tests.chaos.feeds import Feed, Follower
from tests.chaos.history import Acknowledged, AtRest, History, ReadAll, entry_of, now
from tests.chaos.rests import Rests
from tests.chaos.talks import Person, Place, Talk, pages
from tests.chaos.trade import Trader
from tests.chaos.uploads import Uploaded, Uploader
from tests.journeys.waiting import eventually

# Longer than any push takes without a reconnect: the heads are checked every 5 s.
RESTS_WITHIN_S = 30.0
ANSWERED_WITHIN_S = 90.0


class Load:
    """Two people in each conversation, with all kinds of apps, and followers of some RFIs."""

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
        self.followers: list[Follower | AccountFollower] = []
        self.accounts: list[Account] = []
        self.inquiries: list[Inquiry] = []
        self.traders: list[Trader] = []
        self.uploaders: list[Uploader] = []
        self.rests: Rests | None = None
        self.deadlines: Deadlines | None = None
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
        """Run further work until the end."""
        if self._group is None:
            self._works.append(work)
        else:
            self._group.create_task(work)

    def app(self, name: str, person: Person, entrance: str = "", *, polling: bool = False) -> App:
        """Add an app, which stays connected."""
        random = self._dice()
        entrances = (entrance,) if entrance else self._place.entrances
        find = partial(random.choice, entrances)
        app = App(name, person, self.history, find, random, polling=polling)
        self.apps.append(app)
        self.add(app.live())
        return app

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everybody joins, and talks while the context is open; then they come to rest and leave."""
        async with asyncio.TaskGroup() as self._group:
            for work in self._works:
                self._group.create_task(work)
            try:
                await self.all_joined()
                yield
                self.stopping.set()
                await self._rest()
            finally:
                self.stopping.set()
                everybody: list[App | Follower | AccountFollower] = [*self.apps, *self.followers]
                for one in everybody:
                    await one.leave()

    async def all_joined(self) -> None:
        """Wait until every app is joined."""
        await self._until(lambda: all(app.is_joined for app in self.apps), "join")

    async def acknowledged(self, more: int) -> None:
        """Wait until this many more messages are acknowledged, on any app."""
        wanted = self.acknowledged_count() + more
        await self._until(lambda: self.acknowledged_count() >= wanted, f"get {more} answers")

    async def done(self, more: int) -> None:
        """Wait until this many more REST effects are answered or found, for any trader."""
        wanted = self.done_count() + more
        await self._until(lambda: self.done_count() >= wanted, f"get {more} effects")

    async def uploaded(self, more: int) -> None:
        """Wait until this many more files are acknowledged, and another one is being sent."""
        wanted = self._uploaded_count() + more
        await self._until(
            lambda: (
                self._uploaded_count() >= wanted
                and any(uploader.is_sending for uploader in self.uploaders)
            ),
            f"upload {more} files",
        )

    def _uploaded_count(self) -> int:
        return sum(1 for _ in self.history.of(Uploaded))

    def done_count(self) -> int:
        """How many REST effects were answered or found so far."""
        return sum(1 for _ in self.history.of(Done))

    def acknowledged_count(self) -> int:
        """How many acknowledgements arrived so far."""
        return sum(1 for _ in self.history.of(Acknowledged))

    async def _until(self, is_so: Callable[[], bool], what: str) -> None:
        async def look() -> bool:
            return is_so()

        try:
            await eventually(look, within_s=ANSWERED_WITHIN_S)
        except AssertionError:
            out = [
                f"{app.name} (joined: {app.is_joined}, waiting: {len(app.unacknowledged)})"
                for app in self.apps
                if not app.is_joined or len(app.unacknowledged)
            ]
            raise AssertionError(f"they did not {what}: {', '.join(out)}") from None

    async def _rest(self) -> None:
        """Wait until all is acknowledged and apps have had time to get it; then read everything."""
        await self._until(
            lambda: not any(len(app.unacknowledged) for app in self.apps), "get answers"
        )
        await self._until(
            lambda: all(trader.is_at_rest for trader in self.traders), "end their deals"
        )
        await self._until(
            lambda: all(inquiry.is_at_rest for inquiry in self.inquiries), "end their inquiries"
        )
        await self.all_joined()
        for feed in self.feeds:
            feed.revision = await feed.head()
        for account in self.accounts:
            await account.read_position()
        heads = {talk.conversation_id: await self._head(talk) for talk in self.talks}

        async def have_caught_up() -> bool:
            apps = all(app.last >= heads[app.person.conversation_id] for app in self.apps)
            return apps and all(follower.has_caught_up for follower in self.followers)

        with suppress(AssertionError):  # the checker reports those that have not caught up by then
            await eventually(have_caught_up, within_s=self._rests_within_s)
        self.history.add(AtRest(now()))
        for talk in self.talks:
            for person in talk.people:
                await self._read_all(person)
        for feed in self.feeds:
            await feed.read()
        for account in self.accounts:
            await account.read()

    async def _head(self, talk: Talk) -> int:
        return int((await pages(self._place, talk.people[0]))[-1]["head"])

    async def _read_all(self, person: Person) -> None:
        asked_at = now()
        read = await pages(self._place, person)
        entries = tuple(entry_of(item) for page in read for item in page["items"])
        by = "socket" if self._place.http is None else "REST"
        where = (person.conversation_id, person.account_id, by)
        self.history.add(ReadAll(now(), *where, asked_at, read[-1]["head"], entries))

    def _people(self, number: int, talk: Talk) -> None:
        """Both talk; the number decides whether one polls, is restless or sends everything twice."""
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

    def inquire(self, inquiry: Inquiry) -> None:
        """Let a customer keep asking and a vendor keep declining, with apps that follow both."""
        self.inquiries.append(inquiry)
        self.add(inquiry.go_on(self.stopping, self._dice()))
        for person in (inquiry.customer, inquiry.vendor):
            self.follow(Account(person, self.history))

    def follow(self, account: Account) -> None:
        """Let two apps of an account follow its feed; one of them comes and goes."""
        self.accounts.append(account)
        for device in ("phone", "laptop"):
            find = partial(self._dice().choice, self._place.entrances)
            follower = AccountFollower(f"{device} {len(self.accounts)}", account, find)
            self.followers.append(follower)
            is_restless = device == "phone"
            self.add(follower.live(self.stopping, self._dice(), is_restless=is_restless))

    def trade(self, trader: Trader) -> None:
        """Let a trader do business until the end."""
        self.traders.append(trader)
        self.add(trader.trade(self.stopping))

    def upload(self, uploader: Uploader) -> None:
        """Let a customer upload files until the end."""
        self.uploaders.append(uploader)
        self.add(uploader.upload(self.stopping))

    def _dice(self) -> Random:
        return Random(self._random.random())
