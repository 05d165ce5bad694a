"""A customer who revises an RFI over REST, and apps that follow it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import httpx

from tests.chaos.followers import FeedFollower
from tests.chaos.history import (
    FeedJoined,
    FeedPushed,
    FeedRead,
    History,
    Revised,
    now,
)

_PAUSE_S = (0.3, 1.0)
_STALE = 412


class Feed:
    """One RFI, the tokens of its customer and its vendor, and all its revisions over REST."""

    def __init__(
        self, rfi_id: str, tokens: tuple[str, str], http: httpx.AsyncClient, history: History
    ) -> None:
        self.rfi_id = rfi_id
        self.tokens = tokens
        self._http = http
        self._history = history
        self.revision = 0

    async def revise(self, stopping: asyncio.Event, random: Random) -> None:
        """Revise the RFI repeatedly, reading it first whenever its revision is uncertain."""
        number = 0
        while not stopping.is_set():
            number += 1
            fields = {"title": f"Title {number}"}
            if number % 3 == 0:
                fields = {"description": f"Description {number}", "address": f"{number} Main St"}
            with suppress(httpx.HTTPError):
                await self._revise(fields)
            await asyncio.sleep(random.uniform(*_PAUSE_S))

    async def read(self) -> None:
        """Read the RFI and the whole feed, and record them."""
        changes: list[dict[str, Any]] = []
        has_more = True
        while has_more:
            # By number and not by cursor: the previous version refuses the cursors of this one.
            after = changes[-1]["revision"] if changes else 0
            page = (await self._get("/changes", {"limit": 100, "after_revision": after})).json()
            changes += page["items"]
            has_more = page["next_cursor"] is not None
        rfi = (await self._get()).json()
        self.revision = rfi["revision"]
        self._history.add(FeedRead(now(), self.rfi_id, rfi, tuple(changes)))

    async def head(self) -> int:
        """The RFI's current revision."""
        return int((await self._get()).json()["revision"])

    async def _revise(self, fields: dict[str, str]) -> None:
        if not self.revision:
            self.revision = await self.head()
        expected, self.revision = self.revision, 0
        answer = await self._http.patch(
            f"/v1/rfis/{self.rfi_id}",
            json=fields,
            headers={**self._headers(), "If-Match": f'"{expected}"'},
        )
        if answer.is_success:
            self.revision = answer.json()["revision"]
            self._history.add(Revised(now(), self.rfi_id, self.revision, dict(fields)))
        elif answer.status_code != _STALE and answer.status_code < 500:
            raise AssertionError(f"a revision was refused: {answer.text}")

    async def _get(self, what: str = "", query: dict[str, Any] | None = None) -> httpx.Response:
        answer = await self._http.get(
            f"/v1/rfis/{self.rfi_id}{what}", params=query, headers=self._headers()
        )
        answer.raise_for_status()
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[0]}"}


class Follower(FeedFollower):
    """An app that follows an RFI; after a reconnect it resumes after its revision."""

    def __init__(
        self, name: str, feed: Feed, token: str, history: History, entrance: Callable[[], str]
    ) -> None:
        super().__init__(name, lambda: token, history, entrance)
        self.revision: int | None = None
        self._feed = feed

    @property
    def has_caught_up(self) -> bool:
        """Whether it is joined and has everything up to the revision that the feed last read."""
        return self.is_joined and (self.revision or 0) >= self._feed.revision

    def _join_call(self) -> tuple[str, dict[str, Any]]:
        return "join_rfi", {"rfi_id": self._feed.rfi_id, "after_revision": self.revision}

    def _joined(self, asked_at: float, answer: dict[str, Any]) -> None:
        if answer["ok"] and self._wire is not None:
            self._history.add(
                FeedJoined(
                    now(),
                    self._wire.name,
                    self.name,
                    asked_at,
                    self._feed.rfi_id,
                    self.revision,
                    answer["revision"],
                    answer["rfi"],
                    tuple(answer["changes"]),
                )
            )
            self.revision, self.is_joined = answer["revision"], True

    def _take(self, name: str, data: dict[str, Any]) -> None:
        if name == "rfi.changed" and self._wire is not None:
            pushed = FeedPushed(now(), self._wire.name, self.name, data["rfi_id"], data)
            self._history.add(pushed)
            self.revision = max(self.revision or 0, data["revision"])
