"""Chat messages to people who are away: at most one open digest per conversation and person.

A digest is a notification about the messages `first_sequence` to `sequence`.  It is open while it
is pending.

    message ─▶ recipient away? ─▶ the latest digest covers it (sequence ≤ its own)? nothing to do
                                  the latest digest is open? the message joins: `sequence` is raised
                                  no open digest?            the message opens the next one

Joining writes no row, no event and no mark, and costs one update per digest and batch.  The update
applies only while the digest is pending, and a worker claims the digest by the same state.  So
either the claim includes the message, or the message finds the digest closed and opens
the next one.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from marketplace import logs
from marketplace.actions import account_feed
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.events import Event
from marketplace.ports import Repositories, World
from notify import rules
from notify.delivery_log import log_event
from notify.drafts import Drafts
from notify.facts import FactFinder
from notify.handler import GROUP
from notify.rules import Facts
from notify.runs import Run, runs_of, sequence_of

CHAT_TOPICS = ("conversations",)
BATCH_SIZE = 500
# A transaction with this many digests stays far below MongoDB's 16 MB and the deadline.
OPENED_TOGETHER = 100


class Digests:
    """Handles the events of the topic `conversations`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._facts = FactFinder(world.store)
        self._drafts = Drafts(world)

    async def handle_batch(self, batch: Sequence[Event]) -> None:
        """Make sure that a digest covers each message to a person who is away.

        Each message is covered once, even when a batch is redelivered: a covered message stays
        covered, and a message that opened a digest is marked.

        Raises:
            TemporaryError: MongoDB or Redis is unavailable; the batch is retried.
        """
        messages = [event for event in batch if event.name == "message.sent"]
        conversations = await self._facts.conversations({event.key for event in messages})
        runs = await self._with_unread(await self._for_absent(runs_of(messages, conversations)))
        while runs:
            runs = await self._cover(runs)

    async def _for_absent(self, runs: list[Run]) -> list[Run]:
        """The runs whose recipient has no app connected; a connected app shows the messages."""
        if not runs:
            return []
        accounts = {run.account_id for run in runs}
        connected = await self._world.presence.connected_among(accounts)
        return [run for run in runs if run.account_id not in connected]

    async def _with_unread(self, runs: list[Run]) -> list[Run]:
        """The runs whose recipient has not read all of their messages.

        A partly read run stays whole: another process that handles it at the same time, with an
        older read position, must choose the same message to open a digest.
        """
        if not runs:
            return []
        read = await self._world.store.read_positions.read_by([run.pair for run in runs])
        return [run for run in runs if read.get(run.pair, 0) < run.last]

    async def _cover(self, runs: list[Run]) -> list[Run]:
        """Join or open digests; returns runs to retry after another process's claim or digest."""
        notifications = self._world.store.notifications
        latest = await notifications.latest_digests([run.key for run in runs])
        joining, opening = _split(runs, latest)
        again: list[Run] = []
        if joining:
            ends = {latest[run.key].id: run.last for run in joining}
            if await notifications.join_digests(ends, self._world.clock.now()) < len(ends):
                again += joining
        for start in range(0, len(opening), OPENED_TOGETHER):
            again += await self._open(opening[start : start + OPENED_TOGETHER])
        return again

    async def _open(self, runs: Sequence[Run]) -> list[Run]:
        """Open a digest for each run; returns those for which another process was faster."""
        found = await asyncio.gather(*(self._draft(run) for run in runs))
        drafts = {draft.data["digest"]: draft for draft in found if draft is not None}

        async def work(
            tx: Repositories,
        ) -> tuple[list[Notification], list[FeedItem], list[Run]]:
            latest = await tx.notifications.latest_digests([run.key for run in runs])
            joining, opening = _split(runs, latest)
            ids = [message.id for run in opening for message in run.messages]
            # The previous version marks every message that it handles.
            marked = await tx.handled.marked(GROUP, ids)
            opened = [
                (opener, _opened_by(opener, drafts[run.key], run))
                for run in opening
                if run.key in drafts
                for opener in [_first_unmarked(run, marked)]
                if opener is not None
            ]
            if opened:
                await tx.handled.mark_many(GROUP, [opener.id for opener, _ in opened])
                await tx.notifications.add_many([digest for _, digest in opened])
                await tx.outbox.add_many(
                    [log_event("notification.created", digest) for _, digest in opened]
                )
            written = [digest for _, digest in opened]
            items = await tx.feed.append(account_feed.notification_items(written))
            return written, items, joining

        written, items, again = await self._world.store.transact(work)
        await self._drafts.announce(written, items)
        return again

    async def _draft(self, run: Run) -> Notification | None:
        """The digest that the run's first message would open; None if there is no recipient."""
        message, facts = run.messages[0], Facts(conversation=run.conversation)
        with logs.bound(message):
            for intent in rules.intents(message, facts):
                if intent.account_id == run.account_id:
                    for draft in await self._drafts.of(message, intent):
                        return replace(draft, data=draft.data | {"digest": run.key})
        return None


def _split(runs: Sequence[Run], latest: Mapping[str, Notification]) -> tuple[list[Run], list[Run]]:
    """Split the messages that no digest covers: those that join one, those that open one."""
    joining: list[Run] = []
    opening: list[Run] = []
    for run in runs:
        digest = latest.get(run.key)
        uncovered = run if digest is None else run.after(digest.data["sequence"])
        if uncovered is not None:
            is_open = digest is not None and digest.state is NotificationState.PENDING
            (joining if is_open else opening).append(uncovered)
    return joining, opening


def _first_unmarked(run: Run, marked: Collection[str]) -> Event | None:
    return next((message for message in run.messages if message.id not in marked), None)


def _opened_by(opener: Event, draft: Notification, run: Run) -> Notification:
    """The digest from the message that opens it to the end of the run."""
    window = {"first_sequence": sequence_of(opener), "sequence": run.last}
    return replace(
        draft,
        event_id=opener.id,
        correlation_id=opener.correlation_id,
        traceparent=opener.traceparent,
        data=draft.data | window,
    )
