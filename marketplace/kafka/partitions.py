"""The records of one partition: polled, handled in order, committed.

Each assigned partition has its own loop, so a record that fails repeatedly or takes long delays
only its own partition.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from marketplace import events, logs
from marketplace.backoff import Backoff
from marketplace.errors import PermanentError, TemporaryError
from marketplace.events import Event, UnknownEventError
from marketplace.kafka.dead_letters import HANDLED, DeadLetters, TooManyDeadLettersError
from marketplace.logs import get_logger

LOG = get_logger(__name__)
POLL_MS = 500
# Small batches are polled and committed together.
MIN_POLL_RECORDS = 100
MAX_DEFECT_ATTEMPTS = 3
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0

Handle = Callable[[Sequence[Event]], Awaitable[None]]
_Batch = list[tuple["ConsumerRecord[bytes, bytes]", Event]]


class PartitionLoop:
    """Handles a partition's records until it is assigned elsewhere or `stopping` is set.

    A temporary failure is retried for as long as it lasts. A defect is retried until it has failed
    three times at the same record; then the record goes to the dead-letter topic. Temporary
    failures in between do not count.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        handle: Handle,
        batch_size: int,
        dead_letters: DeadLetters,
        stopping: asyncio.Event,
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._handle = handle
        self._batch_size = batch_size
        self._dead_letters = dead_letters
        self._stopping = stopping
        self.next_offset: int | None = None
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._defects = 0

    async def run(self) -> None:
        """Poll, handle, commit.

        Raises:
            KafkaError: Kafka is down; a new consumer is needed.
            TooManyDeadLettersError: see `DeadLetters.send`.
        """
        while not self._stopping.is_set() and self._partition in self._consumer.assignment():
            polled = await self._consumer.getmany(
                self._partition,
                timeout_ms=POLL_MS,
                max_records=max(self._batch_size, MIN_POLL_RECORDS),
            )
            if records := polled.get(self._partition):
                await self._process(records)
                logs.bind(None)

    async def _process(self, records: Sequence["ConsumerRecord[bytes, bytes]"]) -> None:
        self.next_offset = begin = records[0].offset
        failure: Exception | None = None
        try:
            await self._handle_in_order(records)
        except TooManyDeadLettersError:
            raise
        except Exception as error:
            failure = error
        if self.next_offset != begin:
            self._backoff.reset()
            await self._commit()
        if failure is not None:
            await self._wait(failure)

    async def _handle_in_order(self, records: Sequence["ConsumerRecord[bytes, bytes]"]) -> None:
        """Handle readable records in batches; put an unreadable one aside when its turn comes."""
        batch: _Batch = []
        for record in records:
            try:
                batch.append((record, events.decode(record.value)))
            except PermanentError as error:
                await self._handle_batch(batch)
                batch = []
                await self._put_aside(record, error)
            if len(batch) == self._batch_size:
                await self._handle_batch(batch)
                batch = []
        await self._handle_batch(batch)

    async def _put_aside(
        self, record: "ConsumerRecord[bytes, bytes]", error: PermanentError
    ) -> None:
        """Skip an event of a later version, which runs beside this one during an update."""
        if isinstance(error, UnknownEventError):
            HANDLED.labels(self._partition.topic, "unknown").inc()
            LOG.info(
                "an event of a later version was skipped",
                topic=self._partition.topic,
                offset=record.offset,
                why=str(error),
            )
        else:
            await self._dead_letters.send(record, error)
        self._done(record)

    async def _handle_batch(self, batch: _Batch) -> None:
        """Handle records together; if one of them is faulty, one by one to find it."""
        if not batch:
            return
        # Until the next record, so that the line about a failure has its ids too.
        logs.bind(batch[0][1] if len(batch) == 1 else None)
        try:
            await self._handle([event for _, event in batch])
        except TemporaryError:
            raise
        except Exception as error:
            if len(batch) == 1:
                await self._dead_letter_or_raise(batch[0][0], error)
                return
            for record in batch:
                await self._handle_batch([record])
        else:
            HANDLED.labels(self._partition.topic, "handled").inc(len(batch))
            self._done(batch[-1][0])

    async def _dead_letter_or_raise(
        self, record: "ConsumerRecord[bytes, bytes]", error: Exception
    ) -> None:
        if not isinstance(error, PermanentError):
            self._defects += 1
            if self._defects < MAX_DEFECT_ATTEMPTS:
                raise error
        await self._dead_letters.send(record, error)
        self._done(record)

    def _done(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        self.next_offset = record.offset + 1
        self._defects = 0

    async def _commit(self) -> None:
        try:
            await self._consumer.commit({self._partition: self.next_offset})
        except (CommitFailedError, IllegalStateError):
            # The partition was reassigned to another member, which reads the same records again;
            # `handle` takes effect once.
            LOG.info("an offset was not committed: the partition was reassigned")

    async def _wait(self, error: Exception) -> None:
        """Seek back to the record that failed, and fetch nothing until the retry."""
        LOG.warning(
            "a record failed; it will be retried",
            topic=self._partition.topic,
            offset=self.next_offset,
            why=repr(error)[:1_000],
            exc_info=None if isinstance(error, TemporaryError) else error,
        )
        with contextlib.suppress(IllegalStateError):  # the partition was revoked
            self._consumer.seek(self._partition, self.next_offset)
            self._consumer.pause(self._partition)
        await self._backoff.wait(self._stopping)
        with contextlib.suppress(IllegalStateError):
            self._consumer.resume(self._partition)
