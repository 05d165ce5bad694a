"""Performs a story through the actions, as the apps would, with the timestamps of the story.

Every step first checks what exists: an interrupted story continues where it stopped, and the
matching process, which receives the RFIs too, may be first with its part.

    perform ─▶ _the_rfi ─▶ draft, submit, match, revise
               _answer  ─▶ decline, or accept ─▶ talk.Talk.play ─▶ messages, quotes, award
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from embedded.demo.dialogues import script
from embedded.demo.opening import MATCHING
from embedded.demo.stories import Answer, Story
from embedded.demo.talk import Talk
from marketplace.actions import matches, rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.pages import MAX_LIMIT, PageRequest
from marketplace.domain.policy import Policy
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.ports import Clock, World
from marketplace.schemas.fields.times import written
from marketplace.schemas.rfis import DraftRfi, ReviseRfi

_HANDLED_AS = "demo"  # not the matching process's consumer group: each keeps its own marks


@dataclass(slots=True)
class StoryClock:
    """Tells the time within a story, which ends before the present."""

    at: datetime
    present: Clock

    def now(self) -> datetime:
        """The time in the story, in UTC to the millisecond."""
        return min(self.at, self.present.now())

    def advance(self, time: timedelta) -> None:
        """Let time pass."""
        self.at += time


async def perform(world: World, story: Story, people: dict[str, Actor]) -> None:
    """Complete a story, however much of it has already been performed.

    Raises:
        ParleyError, TemporaryError: as the actions do.
    """
    present, began_ago = world.clock, timedelta(hours=story.began_h_ago)
    clock = StoryClock(present.now() - began_ago, present)
    world = replace(world, clock=clock, policy=_lasting(world.policy, began_ago))
    customer = people[story.customer]
    rfi = await _the_rfi(world, story, customer)
    if not story.began_h_ago:
        return
    clock.advance(timedelta(minutes=4))
    rfi = await _open(world, story, customer, rfi)
    for answer in story.answers:
        clock.advance(timedelta(minutes=11))
        match = await _match_of(world, rfi, answer, people["vendor"])
        await _answer(world, clock, answer, match, customer)
    rfi = await _read(world, rfi)
    if story.is_withdrawn and rfi.state is RfiState.OPEN:
        clock.advance(timedelta(minutes=20))
        await rfis.withdraw(world, customer, rfi.id, rfi.revision)


def _lasting(policy: Policy, began_ago: timedelta) -> Policy:
    """Lifetimes that end after the present: `matching` would expire an old offer before its answer."""
    return replace(
        policy,
        offer_lifetime=policy.offer_lifetime + began_ago,
        answer_lifetime=policy.answer_lifetime + began_ago,
    )


async def _the_rfi(world: World, story: Story, customer: Actor) -> Rfi:
    mine = await world.store.rfis.of_customer(customer.account_id, PageRequest(MAX_LIMIT))
    for rfi in mine.items:
        if rfi.title == story.title:
            return rfi
    needed_by = world.clock.now() + timedelta(days=story.needed_in_days)
    content: dict[str, Any] = {
        "category": story.category,
        "title": story.title,
        "description": story.description,
        "location": {"type": "Point", "coordinates": list(story.location)},
        "address": story.address,
        "needed_by": written(needed_by.replace(minute=0, second=0)),
        "max_vendors": story.max_vendors,
        "attributes": dict(story.attributes),
    }
    if story.budget is not None:
        least, most = (100 * dollars for dollars in story.budget)
        content["budget"] = {"min_minor": least, "max_minor": most, "currency": "USD"}
    return await rfis.draft(world, customer, DraftRfi().read(content))


async def _open(world: World, story: Story, customer: Actor, rfi: Rfi) -> Rfi:
    """Submit the draft, have it matched, and apply the story's revision."""
    if rfi.state is RfiState.DRAFT:
        rfi = await rfis.submit(world, customer, rfi.id, rfi.revision)
    if rfi.state is RfiState.OPEN:
        await matches.match_rfi(world, MATCHING, _HANDLED_AS, f"demo-{rfi.id}", rfi.id)
        if story.revision:
            content = ReviseRfi().read(dict(story.revision))
            rfi = await rfis.revise(world, customer, rfi.id, rfi.revision, content)
    return rfi


async def _match_of(world: World, rfi: Rfi, answer: Answer, demo_vendor: Actor) -> Match:
    """The match of an answer; vendors of later waves are farther away, so ranks are stable."""
    rfi_matches = await world.store.matches.of_rfi(rfi.id)
    if isinstance(answer.vendor, int):
        others = [match for match in rfi_matches if match.vendor_id != demo_vendor.account_id]
        return others[answer.vendor]
    return next(match for match in rfi_matches if match.vendor_id == demo_vendor.account_id)


async def _answer(
    world: World, clock: StoryClock, answer: Answer, match: Match, customer: Actor
) -> None:
    vendor = Actor(match.vendor_id, Role.VENDOR)
    if match.state is MatchState.OFFERED:
        if answer.declines is not None:
            await matches.decline(world, vendor, match.id, answer.declines)
        else:
            match = await matches.accept(world, vendor, match.id)
    if answer.script is None or match.conversation_id is None:
        return
    conversation = await world.store.conversations.get(match.conversation_id)
    if conversation is not None:
        talk = Talk(world, conversation, customer, vendor)
        await talk.play(script(answer.script), clock.advance)


async def _read(world: World, rfi: Rfi) -> Rfi:
    return await world.store.rfis.get(rfi.id) or rfi
