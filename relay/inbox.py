"""Moves conversations with new entries to the top of their participants' inboxes.

The relay sees every entry, so senders write nothing for the inbox. A conversation that is written
to without a pause is moved twice a second, and its last entry always moves it.

    note ─▶ waiting ─▶ _move: notes the newest entries (the order of the lists),
                              then pushes `inbox.updated` to participants who are connected

The relay keeps its position only once everything before it has been moved: a relay that is killed
leaves the rest to the next one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from prometheus_client import Counter

from marketplace import tasks
from marketplace.actions import announcements
from marketplace.domain.conversations import Entry
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World
from marketplace.storage.tail import OutboxRecord, Token

LOG = get_logger(__name__)
MOVE_EVERY_S = 0.5
# With very many active conversations a move takes long. It then waits four times as long, so that
# the inboxes never take more than a fifth of the relay's and the store's time.
WAITS_PER_MOVE = 4
MOVED_TOGETHER = 200
# Conversations whose last move is remembered: after trouble with Kafka, entries are read again.
MAX_REMEMBERED = 10_000

_MOVED = Counter("parley_relay_inbox_moves_total", "Conversations moved up in the inboxes")


@dataclass(slots=True)
class _Tokens:
    """The newest position that Kafka has, and the newest one that the inboxes have too."""

    sent: Token | None = None
    moved: Token | None = None


class Inbox:
    """The conversations that wait to be moved."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: dict[str, Entry] = {}
        self._moving: asyncio.Task[None] | None = None
        self._moved: OrderedDict[str, Entry] = OrderedDict()
        self._tokens = _Tokens()
        self._due_at = 0.0

    @property
    def position(self) -> Token | None:
        """The position up to which everything has been moved; None until there is a new one."""
        return self._tokens.moved

    @property
    def is_behind(self) -> bool:
        """Whether Kafka has something that the inboxes do not have."""
        return self._tokens.moved is not self._tokens.sent

    def begin(self) -> None:
        """Begin to read from a stored position: what was read before belongs to another stream."""
        self._tokens = _Tokens()

    def note(self, committed: Iterable[OutboxRecord | Entry]) -> None:
        """Note the entries among committed documents."""
        for document in committed:
            if isinstance(document, Entry):
                last = self._waiting.get(document.conversation_id)
                if last is None or last.sequence < document.sequence:
                    self._waiting[document.conversation_id] = document

    def sent(self, token: Token) -> None:
        """Everything noted so far is in Kafka, up to this position."""
        self._tokens.sent = token
        if not self._waiting and not self._is_moving:
            self._tokens.moved = token

    def move_due(self, now_s: float) -> None:
        """Move what waits, in a task; at most every half second.

        Raises whatever ended the last move, if that was a defect.
        """
        if self._moving is not None and self._moving.done():
            moving, self._moving = self._moving, None
            moving.result()
        if self._waiting and self._moving is None and now_s >= self._due_at:
            self._moving = tasks.held(self._move(), "inbox")

    async def finish(self) -> None:
        """Wait for the running move, and make a last one."""
        if self._moving is not None:
            await self._moving
            self._moving = None
        if self._waiting:
            await self._move()

    @property
    def _is_moving(self) -> bool:
        return self._moving is not None and not self._moving.done()

    async def _move(self) -> None:
        loop = asyncio.get_running_loop()
        began_at, tokens, sent = loop.time(), self._tokens, self._tokens.sent
        waiting, self._waiting = self._waiting, {}
        newest = {id_: entry for id_, entry in waiting.items() if self._is_new(entry)}
        try:
            for batch in _batches(newest):
                await self._world.store.inbox.advance(
                    {id_: (entry.sequence, entry.at) for id_, entry in batch.items()}
                )
        except TemporaryError as error:
            LOG.warning("inboxes are not moved", why=str(error))
            self._waiting = waiting | self._waiting
        else:
            await self._push(newest)
            tokens.moved = sent or tokens.moved
        took_s = loop.time() - began_at
        self._due_at = loop.time() + max(MOVE_EVERY_S - took_s, WAITS_PER_MOVE * took_s)

    async def _push(self, newest: Mapping[str, Entry]) -> None:
        """Tell the connected participants; a failure is logged, since a push is only a hint."""
        world = self._world
        for batch in _batches(newest):
            try:
                participants = await world.store.conversations.participants(list(batch))
                connected = await world.presence.connected_among(
                    {account_id for ids in participants.values() for account_id in ids}
                )
                rows = await world.store.inbox.rows(
                    [
                        (conversation_id, account_id)
                        for conversation_id, ids in participants.items()
                        for account_id in ids
                        if account_id in connected
                    ]
                )
            except TemporaryError as error:
                LOG.warning("inboxes are not pushed", why=str(error))
                continue
            for row in rows.values():
                announcements.inbox_updated(world, row)
            self._remember(batch)

    def _is_new(self, entry: Entry) -> bool:
        """Whether the entry is not one that was moved already.

        After a restore the same sequences are given again, to entries with a later time.
        """
        moved = self._moved.get(entry.conversation_id)
        return moved is None or entry.sequence > moved.sequence or entry.at > moved.at

    def _remember(self, moved: Mapping[str, Entry]) -> None:
        _MOVED.inc(len(moved))
        for conversation_id, entry in moved.items():
            self._moved[conversation_id] = entry
            self._moved.move_to_end(conversation_id)
        while len(self._moved) > MAX_REMEMBERED:
            self._moved.popitem(last=False)


def _batches(newest: Mapping[str, Entry]) -> Iterable[dict[str, Entry]]:
    items = iter(newest.items())
    while batch := dict(islice(items, MOVED_TOGETHER)):
        yield batch
