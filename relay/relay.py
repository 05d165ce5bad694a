"""Reads the tail, sends to Kafka and saves the position; restarts from it after any failure."""

import asyncio
import contextlib
from collections.abc import Callable

from prometheus_client import Counter, Gauge

from marketplace.backoff import Backoff
from marketplace.errors import TemporaryError
from marketplace.kafka import EventProducer
from marketplace.logs import get_logger
from marketplace.ports import Clock
from marketplace.storage.tail import Batch, Tail, Token
from relay.heads import Heads
from relay.inbox import Inbox
from relay.records import published

LOG = get_logger(__name__)
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 3.0
# Saving the position ten times a second costs one write each. After a crash, what was read after it is
# sent twice: a tenth of a second, or up to a second of chat, which the inboxes take together.
KEEP_POSITION_EVERY_S = 0.1
KEEP_IDLE_POSITION_EVERY_S = 10.0

_RELAYED = Counter("parley_relay_records_total", "Committed records that Kafka has acknowledged")
_SENT_AT = Gauge(
    "parley_relay_last_sent_timestamp_seconds", "Time at which Kafka last acknowledged a batch"
)


class Relay:
    """A relay at work; `may_work` says whether the lease is still held.

    Once `stopping` is set it finishes the current batch and returns.
    """

    def __init__(
        self,
        tail: Tail,
        producer: EventProducer,
        heads: Heads,
        inbox: Inbox,
        clock: Clock,
        may_work: Callable[[], bool],
        stopping: asyncio.Event,
    ) -> None:
        self._tail = tail
        self._producer = producer
        self._heads = heads
        self._inbox = inbox
        self._clock = clock
        self._may_work = may_work
        self._kept_at = 0.0
        self._kept: Token | None = None
        self._has_unkept = False
        self._stopping = stopping

    async def run(self) -> None:
        """Relay until stopped or the lease is lost; back off while MongoDB or Kafka is down."""
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while self._may_continue():
            self._inbox.begin()
            try:
                async with contextlib.aclosing(self._tail.batches()) as batches:
                    async for batch in batches:
                        await self._relay_batch(batch)
                        backoff.reset()
                        if not self._may_continue():
                            break
            except TemporaryError as error:
                LOG.warning("relaying is paused", why=str(error))
                await backoff.wait(self._stopping)
        await self._finish()

    async def _finish(self) -> None:
        """Finish what was begun, so that the next relay repeats as little as possible."""
        await self._inbox.finish()
        if self._may_work():
            with contextlib.suppress(TemporaryError):
                await self._keep_position(asyncio.get_running_loop().time())

    def _may_continue(self) -> bool:
        return not self._stopping.is_set() and self._may_work()

    async def _relay_batch(self, batch: Batch) -> None:
        now_s = asyncio.get_running_loop().time()
        if batch.committed:
            self._heads.note(batch.committed)
            self._inbox.note(batch.committed)
        self._heads.announce_due(now_s)
        self._inbox.move_due(now_s)
        if batch.committed:
            with published(batch.committed) as records:
                await self._producer.send(records)
            _RELAYED.inc(len(batch.committed))
            _SENT_AT.set_to_current_time()
            self._has_unkept = True
        if batch.token is not None:
            self._inbox.sent(batch.token)
        # An idle position is saved too, so that it stays within the oplog.
        every_s = KEEP_POSITION_EVERY_S if self._has_unkept else KEEP_IDLE_POSITION_EVERY_S
        if now_s - self._kept_at >= every_s:
            await self._keep_position(now_s)

    async def _keep_position(self, now_s: float) -> None:
        """Save the position up to which everything is in Kafka and in the inboxes."""
        position = self._inbox.position
        if position is not None and position is not self._kept:
            await self._tail.keep_position(position, self._clock.now())
            self._kept, self._kept_at = position, now_s
            self._has_unkept = self._inbox.is_behind
