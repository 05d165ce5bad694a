"""One member of a consumer group."""

import asyncio
import contextlib
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from marketplace.backoff import Backoff
from marketplace.errors import TemporaryError
from marketplace.events import Event
from marketplace.kafka import lag, traces
from marketplace.kafka.dead_letters import DeadLetters
from marketplace.kafka.partitions import Handle, PartitionLoop
from marketplace.kafka.timeouts import REQUEST_TIMEOUT_MS, STOP_TIMEOUT_S
from marketplace.kafka.topics import ensure_topics
from marketplace.logs import get_logger
from marketplace.tasks import end, held

LOG = get_logger(__name__)
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
CHECK_TASKS_EVERY_S = 0.2
MEASURE_LAG_EVERY_S = 2.0
# Several lag requests without an answer: the consumer is stuck or cut off.
STUCK_AFTER_S = 15.0
# A member without a partition polls nothing, and aiokafka would remove it from the group for that.
_NEVER_IDLE_MS = 86_400_000


class EventConsumer:
    """One member of a consumer group: decodes, handles, retries, dead-letters and commits.

    Records of one partition are handled in order, in batches of up to `batch_size`; partitions are
    independent of each other. `handle` must take effect once per event id, even if it gets a batch
    again of which it has already handled a part. It raises TemporaryError to be called again later,
    and PermanentError for an event that it can never use; the faulty record of a batch is then
    found by handling the records one by one.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group: str,
        topics: Sequence[str],
        handle: Handle,
        *,
        batch_size: int = 1,
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._group = group
        self._topics = topics
        self._handle = handle
        self._batch_size = batch_size
        self._dead_letters = DeadLetters(bootstrap_servers, group)
        self._stopping = asyncio.Event()
        self._answered_at: float | None = None
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)

    @property
    def is_polling(self) -> bool:
        """Whether the group was joined and Kafka has answered recently."""
        now = asyncio.get_running_loop().time()
        return self._answered_at is not None and now - self._answered_at < STUCK_AFTER_S

    def stop(self) -> None:
        """Finish the records in hand, commit, and leave the group."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until `stop`; reconnect with backoff while Kafka is down.

        Raises:
            TooManyDeadLettersError: more than 100 unusable records within an hour.
        """
        try:
            while not self._stopping.is_set():
                try:
                    await ensure_topics(self._bootstrap_servers, self._topics, group=self._group)
                    await self._consume()
                except (KafkaError, OSError, TemporaryError) as error:
                    LOG.warning("Kafka is unreachable", why=repr(error))
                    lag.forget(self._topics)
                    await self._backoff.wait(self._stopping)
        finally:
            await self._dead_letters.close()

    async def _consume(self) -> None:
        consumer = self._new_consumer()
        loops: dict[TopicPartition, PartitionLoop] = {}
        tasks: dict[TopicPartition, asyncio.Task[None]] = {}
        watch: asyncio.Task[None] | None = None
        try:
            await self._join(consumer)
            watch = held(self._watch(consumer, loops))
            while not self._stopping.is_set():
                for partition in consumer.assignment() - tasks.keys():
                    loops[partition] = self._loop(consumer, partition)
                    tasks[partition] = held(loops[partition].run())
                await asyncio.wait(
                    [watch, *tasks.values()],
                    timeout=CHECK_TASKS_EVERY_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                _raise_failure(watch, *tasks.values())
                for partition in [key for key, task in tasks.items() if task.done()]:
                    del tasks[partition], loops[partition]
            if tasks:
                await asyncio.wait(tasks.values())
                _raise_failure(*tasks.values())
        finally:
            await end([*tasks.values(), *([watch] if watch else [])])
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), STOP_TIMEOUT_S)

    def _loop(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> PartitionLoop:
        return PartitionLoop(
            consumer,
            partition,
            self._handle_in_traces,
            self._batch_size,
            self._dead_letters,
            self._stopping,
        )

    async def _handle_in_traces(self, batch: Sequence[Event]) -> None:
        with traces.handling(self._group, batch) as events:
            await self._handle(events)

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=self._bootstrap_servers,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=_NEVER_IDLE_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            metadata_max_age_ms=10_000,
        )

    async def _join(self, consumer: AIOKafkaConsumer) -> None:
        """Wait until the group is joined or `stop` is called."""
        joining = held(consumer.start())
        try:
            while not joining.done() and not self._stopping.is_set():
                await asyncio.wait([joining], timeout=CHECK_TASKS_EVERY_S)
            _raise_failure(joining)
            if joining.done():
                self._answered_at = asyncio.get_running_loop().time()
                self._backoff.reset()
        finally:
            await end([joining])

    async def _watch(
        self, consumer: AIOKafkaConsumer, loops: dict[TopicPartition, PartitionLoop]
    ) -> None:
        """Measure the lag, and record when Kafka last answered this member of the group.

        An empty poll does not count as an answer: aiokafka also returns one while no broker is up.
        """
        while True:
            await asyncio.sleep(MEASURE_LAG_EVERY_S)
            offsets = {partition: loop.next_offset for partition, loop in loops.items()}
            if await lag.measure(consumer, self._topics, offsets):
                self._answered_at = asyncio.get_running_loop().time()


def _raise_failure(*tasks: asyncio.Task[None]) -> None:
    """Raise the exception of a task that failed, if any."""
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()
