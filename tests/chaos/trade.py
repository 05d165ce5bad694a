"""A customer and a vendor who do business over REST, whatever happens to their requests.

Each request is repeated until it is answered. Where the operation takes an Idempotency-Key, every
attempt has the same one. Elsewhere If-Match or the state protects an attempt: 412 and `wrong_state`
mean that something was done, so they read the current state and continue from there.
"""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from marketplace.ids import new_id
from tests.chaos.effects import Done, Effect, Rejected, Requested
from tests.chaos.history import History, now
from tests.chaos.repeating import PATIENCE_S, until_answered
from tests.files import a_photo
from tests.journeys.people import Person

# Some leave before there can be an answer, as on a train into a tunnel; some press the button
# twice.
_IMPATIENT, _TWICE = 0.15, 0.15
_WITH_PHOTO = 0.5
_TUNNEL_S = (0.002, 0.08)
_MOST_TURNS = 20
_AMOUNTS = itertools.count(10_001)
Told = dict[str, Any]


@dataclass(slots=True)
class _Deal:
    """One RFI, from its draft to its award."""

    rfi: Told
    match: Told = field(default_factory=dict)
    quote: Told = field(default_factory=dict)


class RejectedError(Exception):
    """A request was refused permanently; the checker reports it, and the deal ends here."""


class Trader:
    """One customer, and the only vendor in reach, if there is one."""

    def __init__(
        self,
        name: str,
        people: tuple[Person, Person | None],
        place: Told,
        history: History,
        random: Random,
    ) -> None:
        self.customer, self.vendor = people
        self.is_at_rest = False
        self._name = name
        self._place = place
        self._history = history
        self._random = random
        self._numbers = itertools.count(1)

    async def trade(self, stopping: asyncio.Event) -> None:
        """Make one deal after the other; a step that has begun is finished."""
        while not stopping.is_set():
            try:
                await self._deal(stopping)
            except RejectedError:
                await asyncio.sleep(1.0)
        self.is_at_rest = True

    async def _deal(self, stopping: asyncio.Event) -> None:
        deal = _Deal(await self._draft())
        steps = [self._submit, self._revise]
        if self.vendor is not None:
            offered = (self._accept, self._talk, self._quote, self._requote, self._revise)
            steps += [*offered, self._talk, self._award]
        for step in steps:
            if stopping.is_set() or (
                step == self._accept and not await self._offer(deal, stopping)
            ):
                return
            await step(deal)

    async def _draft(self) -> Told:
        mark = self._mark("job")
        body: Told = {
            "category": "plumbing",
            "title": "Leaking sink",
            "description": mark,
            "location": self._place,
        }
        # A photo belongs to one RFI, so it would hide that a repeated request drafts a second one.
        if self._random.random() < _WITH_PHOTO:
            body["attachment_ids"] = [await self._upload()]
        return await self._keyed(Effect("draft", "", mark), self.customer, "/v1/rfis", body)

    async def _upload(self, rfi_id: str = "") -> str:
        """Upload a photo; returns its id. The rest of the answer are URLs, which change."""
        effect = Effect("upload", rfi_id, self._mark("photo"))
        key = {"Idempotency-Key": new_id()}
        form = {"file": (f"{effect.mark}.jpg", a_photo())}
        answer = await self._ask(effect, self.customer, "POST", "/v1/attachments", form, key)
        if not answer.is_success:
            self._expect(effect, answer)
        photo_id: str = answer.json()["id"]
        self._history.add(Done(now(), effect, photo_id))
        return photo_id

    async def _submit(self, deal: _Deal) -> None:
        effect = Effect("submit", deal.rfi["id"], deal.rfi["id"])
        path = f"/v1/rfis/{deal.rfi['id']}/submit"
        await self._guarded(effect, deal, "POST", path, None, lambda rfi: rfi["state"] != "draft")

    async def _revise(self, deal: _Deal) -> None:
        effect = Effect("revise", deal.rfi["id"], self._mark("title"))
        body = {"title": effect.mark}
        path = f"/v1/rfis/{deal.rfi['id']}"
        await self._guarded(
            effect, deal, "PATCH", path, body, lambda rfi: rfi["title"] == effect.mark
        )

    async def _offer(self, deal: _Deal, stopping: asyncio.Event) -> bool:
        """Wait until the vendor has an offer for the RFI."""
        while not stopping.is_set():
            offered = await self._read(self.vendor, "/v1/matches?state=offered")
            for match in offered["items"]:
                if match["rfi_id"] == deal.rfi["id"]:
                    deal.match = match
                    return True
            await asyncio.sleep(0.2)
        return False

    async def _accept(self, deal: _Deal) -> None:
        match_id, rfi_id = deal.match["id"], deal.rfi["id"]
        effect = Effect("accept", rfi_id, match_id)
        for _ in range(_MOST_TURNS):
            answer = await self._ask(effect, self.vendor, "POST", f"/v1/matches/{match_id}/accept")
            if answer.is_success:
                deal.match = self._done(effect, answer)
                return
            self._expect(effect, answer, "wrong_state")
            found = await self._read(self.vendor, f"/v1/rfis/{rfi_id}/matches")
            deal.match = found["items"][0]
            if deal.match["state"] == "accepted":
                self._history.add(Done(now(), effect, None))
                return
        raise AssertionError(f"{effect} is neither possible nor done")

    async def _talk(self, deal: _Deal) -> None:
        for person in (self.vendor, self.customer):
            mark = self._mark("words")
            body: Told = {"client_message_id": new_id(), "body": mark}
            if person is self.customer:
                body["attachment_ids"] = [await self._upload(deal.rfi["id"])]
            path = f"/v1/conversations/{deal.match['conversation_id']}/messages"
            await self._keyed(Effect("message", deal.rfi["id"], mark), person, path, body)

    async def _quote(self, deal: _Deal, kind: str = "quote") -> None:
        rfi = await self._read(self.customer, f"/v1/rfis/{deal.rfi['id']}")
        amount = next(_AMOUNTS)
        body = {
            "rfi_revision": rfi["revision"],
            "amount_minor": amount,
            "currency": "USD",
            "message": "Parts and labour.",
        }
        path = f"/v1/rfis/{rfi['id']}/quotes"
        deal.quote = await self._keyed(
            Effect(kind, rfi["id"], str(amount)), self.vendor, path, body
        )

    async def _requote(self, deal: _Deal) -> None:
        await self._quote(deal, "requote")

    async def _award(self, deal: _Deal) -> None:
        effect = Effect("award", deal.rfi["id"], deal.quote["id"])
        body = {"quote_id": deal.quote["id"], "quote_revision": deal.quote["revision"]}
        path = f"/v1/rfis/{deal.rfi['id']}/award"
        await self._guarded(
            effect, deal, "POST", path, body, lambda rfi: rfi["awarded_quote_id"] == effect.mark
        )

    async def _keyed(self, effect: Effect, person: Person | None, path: str, body: Told) -> Told:
        """Send a request with a key; some send it once more although it was answered."""
        key = {"Idempotency-Key": new_id()}
        answer = await self._ask(effect, person, "POST", path, body, key)
        if not answer.is_success:
            self._expect(effect, answer)
        first_body = self._done(effect, answer)
        if self._random.random() < _TWICE:
            again = await self._ask(effect, person, "POST", path, body, key)
            if not again.is_success:
                self._expect(effect, again)
            self._done(effect, again)
        return first_body

    async def _guarded(
        self,
        effect: Effect,
        deal: _Deal,
        method: str,
        path: str,
        body: Told | None,
        stands: Callable[[Told], bool],
    ) -> None:
        """Send a change with If-Match, until this attempt or an earlier one has done it."""
        for _ in range(_MOST_TURNS):
            tag = {"If-Match": f'"{deal.rfi["revision"]}"'}
            answer = await self._ask(effect, self.customer, method, path, body, tag)
            if answer.is_success:
                deal.rfi = self._done(effect, answer, is_repeatable=False)
                return
            self._expect(effect, answer, "stale_revision", "wrong_state")
            deal.rfi = await self._read(self.customer, f"/v1/rfis/{deal.rfi['id']}")
            if stands(deal.rfi):
                self._history.add(Done(now(), effect, None))
                return
        raise AssertionError(f"{effect} is neither possible nor done")

    async def _ask(
        self,
        effect: Effect,
        person: Person | None,
        method: str,
        path: str,
        body: Told | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        async def once() -> httpx.Response:
            self._history.add(Requested(now(), effect))
            assert person is not None
            is_impatient = self._random.random() < _IMPATIENT
            within_s = self._random.uniform(*_TUNNEL_S) if is_impatient else PATIENCE_S
            async with asyncio.timeout(within_s):
                is_form = body is not None and "file" in body
                given: Told = {"files": body} if is_form else {"json": body}
                return await person.ask(method, path, **given, headers=headers or {})

        return await until_answered(f"{self._name}: {effect}", once, self._random)

    async def _read(self, person: Person | None, path: str) -> Told:
        async def once() -> httpx.Response:
            assert person is not None
            async with asyncio.timeout(PATIENCE_S):
                return await person.ask("GET", path)

        answer = await until_answered(f"{self._name}: {path}", once, self._random)
        assert answer.is_success, answer.text
        body: Told = answer.json()
        return body

    def _done(self, effect: Effect, answer: httpx.Response, *, is_repeatable: bool = True) -> Told:
        text = answer.text if is_repeatable else None
        self._history.add(Done(now(), effect, text))
        body: Told = answer.json()
        return body

    def _expect(self, effect: Effect, answer: httpx.Response, *codes: str) -> None:
        """Accept one of these refusals; any other ends the deal."""
        code = answer.json()["code"]
        if code not in codes:
            self._history.add(Rejected(now(), effect, answer.status_code, code))
            raise RejectedError(f"{effect}: {answer.text}")

    def _mark(self, what: str) -> str:
        return f"{what} {self._name}-{next(self._numbers)}"
