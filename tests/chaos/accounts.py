"""People whom the marketplace keeps telling things, and apps that follow their accounts' feeds."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from tests.chaos.followers import FeedFollower
from tests.chaos.history import History, ItemPushed, ItemsJoined, ItemsRead, now
from tests.journeys.people import Person, a_vendor, an_admin, registered, somewhere
from tests.journeys.site import Site

_PAUSE_S = (0.1, 0.4)
_OFFERED_WITHIN_S = 5.0
_PAGE = 200


class Inquiry:
    """A customer who keeps asking, and the only vendor in reach, who keeps declining.

    Every round tells both of them something.
    """

    def __init__(self, customer: Person, vendor: Person, place: dict[str, Any]) -> None:
        self.customer, self.vendor = customer, vendor
        self.is_at_rest = False
        self._place = place

    async def go_on(self, stopping: asyncio.Event, random: Random) -> None:
        """One round after the other; a round that fails is given up."""
        while not stopping.is_set():
            with suppress(httpx.HTTPError, TimeoutError, AssertionError):
                await self._round()
            await asyncio.sleep(random.uniform(*_PAUSE_S))
        self.is_at_rest = True

    async def _round(self) -> None:
        body = {
            "category": "plumbing",
            "title": "Leaking sink",
            "description": "It drips.",
            "location": self._place,
        }
        async with asyncio.timeout(_OFFERED_WITHIN_S):
            draft = await self.customer.post("/v1/rfis", json=body)
            await self.customer.post(f"/v1/rfis/{draft['id']}/submit", if_match=draft["revision"])
            offered = await self.vendor.get("/v1/matches?state=offered")
            while not offered["items"]:
                await asyncio.sleep(0.1)
                offered = await self.vendor.get("/v1/matches?state=offered")
        for match in offered["items"]:
            await self.vendor.post(f"/v1/matches/{match['id']}/decline")


async def an_inquiry(site: Site) -> Inquiry:
    """Register both."""
    place = somewhere()
    vendor = await a_vendor(site, await an_admin(site), "Plumbing", place)
    return Inquiry(await registered(site, "customer", "Carla Reyes"), vendor, place)


@dataclass(slots=True)
class Account:
    """An account, and its feed's position when everything came to rest."""

    person: Person
    history: History
    position: int = 0

    async def read_position(self) -> None:
        """Read how far the feed has got."""
        page = await self.person.get("/v1/me/feed", params={"limit": 1})
        self.position = page["position"]

    async def read(self) -> None:
        """Read the whole feed, and record it."""
        items: list[dict[str, Any]] = []
        has_more = True
        while has_more:
            after = items[-1]["position"] if items else 0
            params = {"after_position": after, "limit": _PAGE}
            page = await self.person.get("/v1/me/feed", params=params)
            items += page["items"]
            has_more = page["next_cursor"] is not None
        self.history.add(
            ItemsRead(now(), self.person.id, self.position, page["position"], tuple(items))
        )


class AccountFollower(FeedFollower):
    """An app that follows its account's feed; after a reconnect it resumes after its position."""

    def __init__(self, name: str, account: Account, entrance: Callable[[], str]) -> None:
        super().__init__(name, lambda: account.person.token, account.history, entrance)
        self.account_id = account.person.id
        self.position: int | None = None
        self._account = account

    @property
    def has_caught_up(self) -> bool:
        """Whether it is joined and has everything up to the position that REST last told."""
        return self.is_joined and (self.position or 0) >= self._account.position

    def _join_call(self) -> tuple[str, dict[str, Any]]:
        return "join_account", {"after_position": self.position}

    def _joined(self, asked_at: float, answer: dict[str, Any]) -> None:
        if answer["ok"] and self._wire is not None:
            self._history.add(
                ItemsJoined(
                    now(),
                    self._wire.name,
                    self.name,
                    asked_at,
                    self.account_id,
                    self.position,
                    answer["position"],
                    tuple(answer["items"]),
                    answer["is_snapshot"],
                )
            )
            self.position, self.is_joined = answer["position"], True

    def _take(self, name: str, data: dict[str, Any]) -> None:
        """Record a numbered push; those before the join are in its answer."""
        if "position" in data and self.is_joined and self._wire is not None:
            position = data["position"]
            told = {key: value for key, value in data.items() if key != "position"}
            pushed = ItemPushed(
                now(), self._wire.name, self.name, self.account_id, position, name, told
            )
            self._history.add(pushed)
            self.position = max(self.position or 0, position)
