"""Events to Kafka and back.

    relay ─▶ EventProducer.send ─▶ topics ─▶ EventConsumer ─▶ handle ─▶ commit
                                                  │ a record nobody can use
                                                  └─▶ <topic>.<group>.dead-letter

aiokafka's defaults lose and double (acks 1, no idempotence, auto-commit, reset to latest); here a
send is acknowledged by all replicas in sync and idempotent, and an offset is committed after the
effect of its record.
"""

import asyncio
import contextlib
import logging
from collections import Counter as Counts
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    TopicAlreadyExistsError,
)
from prometheus_client import Counter

from marketplace import events
from marketplace.errors import PermanentError, TemporaryError
from marketplace.events import TOPICS, Event

LOG = logging.getLogger(__name__)
PARTITIONS = 6
REQUEST_TIMEOUT_MS = 15_000
STOP_WITHIN_S = 5.0
# A defect that makes every record unusable must not empty the topic into the dead-letter topic.
MAX_DEAD_LETTERS_AN_HOUR = 100
MAX_TRIES_OF_A_DEFECT = 3
LONGEST_PAUSE_S = 5.0
# Three questions without an answer: the consumer is stuck or cut off.
ASK_EVERY_S = 5.0
ASK_WITHIN_S = 3.0
ANSWERED_WITHIN_S = 15.0

_SENT = Counter("parley_kafka_records_sent_total", "Records acknowledged by Kafka", ["topic"])
_HANDLED = Counter("parley_kafka_records_handled_total", "Records handled", ["topic", "outcome"])


@dataclass(frozen=True, slots=True)
class Record:
    """What goes to Kafka: a topic, the key whose order matters, an encoded event."""

    topic: str
    key: str
    value: bytes


async def ensure_topics(bootstrap_servers: str, group: str | None = None) -> None:
    """Create the topics that are not there, and a group's dead-letter topics.

    Raises:
        TemporaryError: when no broker answers.
    """
    names = list(TOPICS)
    if group is not None:
        names += [dead_letter_topic(topic, group) for topic in TOPICS]
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    try:
        await admin.start()
        missing = [name for name in names if name not in set(await admin.list_topics())]
        if missing:
            # Three copies where there are brokers for them; two acknowledge (min.insync.replicas).
            replicas = min(3, len((await admin.describe_cluster())["brokers"]))
            await admin.create_topics([NewTopic(name, PARTITIONS, replicas) for name in missing])
    except TopicAlreadyExistsError:
        return
    except (KafkaError, OSError) as error:
        raise TemporaryError(f"Kafka: {type(error).__name__}") from error
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await asyncio.wait_for(admin.close(), STOP_WITHIN_S)


def dead_letter_topic(topic: str, group: str) -> str:
    """Where a group puts the records of a topic that it cannot use."""
    return f"{topic}.{group}.dead-letter"


class EventProducer:
    """Sends batches; after any failure it closes the producer and makes a new one.

    An idempotent producer of aiokafka can stop for good after a broker's blip (aiokafka #1017), and
    what it had in flight has an unknown outcome; the caller sends the batch again from the start.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._producer: AIOKafkaProducer | None = None

    async def send(
        self, records: Sequence[Record], headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Send all and return when each is acknowledged by all replicas in sync, in order per key.

        Raises:
            TemporaryError: some or all may not be there; send the batch again.
        """
        try:
            producer = self._producer or await self._connect()
            acknowledgements = [
                await producer.send(
                    each.topic, each.value, key=each.key.encode(), headers=list(headers) or None
                )
                for each in records
            ]
            await asyncio.wait_for(asyncio.gather(*acknowledgements), REQUEST_TIMEOUT_MS / 1000)
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise TemporaryError(f"Kafka: {type(error).__name__}") from error
        for topic, count in Counts(each.topic for each in records).items():
            _SENT.labels(topic).inc(count)

    async def close(self) -> None:
        """Close the connections; the next `send` makes new ones."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), STOP_WITHIN_S)

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_batch_size=262_144,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            compression_type="gzip",
        )
        try:
            await asyncio.wait_for(producer.start(), REQUEST_TIMEOUT_MS / 1000)
        except BaseException:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), STOP_WITHIN_S)
            raise
        self._producer = producer
        return producer


class TooManyDeadLettersError(Exception):
    """So many records were unusable that the fault is probably ours; somebody has to look."""


class EventConsumer:
    """One member of a consumer group: decode, handle, retry, dead-letter, commit.

    Records of one partition are handled one after the other, partitions side by side.  `handle` has
    its effect once for an event id (handled-event mark); it raises TemporaryError to be called again
    later and PermanentError for what it can never use.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group: str,
        topics: Sequence[str],
        handle: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._group = group
        self._topics = topics
        self._handle = handle
        self._dead_letters = EventProducer(bootstrap_servers)
        self._dead_at: deque[float] = deque(maxlen=MAX_DEAD_LETTERS_AN_HOUR)
        self._stopping = asyncio.Event()
        self._answered_at: float | None = None
        self._failures: dict[TopicPartition, int] = {}

    @property
    def is_polling(self) -> bool:
        """Whether the group was joined and Kafka answered lately."""
        now = asyncio.get_running_loop().time()
        return self._answered_at is not None and now - self._answered_at < ANSWERED_WITHIN_S

    def stop(self) -> None:
        """Finish the records in hand, commit, leave the group."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until `stop`; reconnect with backoff when Kafka is away.

        Raises:
            TooManyDeadLettersError: more than 100 unusable records within an hour.
        """
        try:
            await self._run()
        finally:
            await self._dead_letters.close()

    async def _run(self) -> None:
        pause_s = 0.2
        while not self._stopping.is_set():
            consumer = self._new_consumer()
            try:
                await ensure_topics(self._bootstrap_servers, self._group)
                await consumer.start()
                pause_s = 0.2
                await self._consume(consumer)
            except (KafkaError, OSError, TemporaryError) as error:
                LOG.warning("Kafka is away", extra={"why": repr(error)})
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            finally:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(consumer.stop(), STOP_WITHIN_S)

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
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            metadata_max_age_ms=10_000,
        )

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        while not self._stopping.is_set():
            polled = await consumer.getmany(timeout_ms=500, max_records=100)
            await self._note_answer(consumer, has_records=bool(polled))
            done = await asyncio.gather(
                *(self._handle_partition(consumer, *each) for each in polled.items())
            )
            offsets = {partition: offset for partition, offset in done if offset is not None}
            if offsets:
                await self._commit(consumer, offsets)

    async def _note_answer(self, consumer: AIOKafkaConsumer, *, has_records: bool) -> None:
        """Note when Kafka last answered a member of the group: with records, or when asked.

        An empty poll is no answer: aiokafka gives one as well while no broker is there.
        """
        now = asyncio.get_running_loop().time()
        answered_at = self._answered_at
        if answered_at is None and not consumer.assignment():
            return
        if not has_records:
            if answered_at is not None and now - answered_at < ASK_EVERY_S:
                return
            try:
                await asyncio.wait_for(consumer.topics(), ASK_WITHIN_S)
            except (KafkaError, OSError, TimeoutError) as error:
                LOG.warning("Kafka does not answer", extra={"why": repr(error)})
                return
        self._answered_at = now

    async def _commit(self, consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        try:
            await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            # The partition went to another member meanwhile.  It reads the same records again, and
            # the handled-event marks keep the effects at one.
            LOG.info("a commit came after a rebalance")

    async def _handle_partition(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        records: list["ConsumerRecord[bytes, bytes]"],
    ) -> tuple[TopicPartition, int | None]:
        """Handle in order; returns the offset to commit, None when nothing is done.

        At a temporary failure the partition is wound back to the record, so that polling goes on
        (a member that does not poll is put out of the group) and the order is kept.
        """
        done: int | None = None
        for record in records:
            try:
                await self._handle_record(record, self._failures.get(partition, 0))
            except TooManyDeadLettersError:
                raise
            except Exception as error:
                failures = self._failures[partition] = self._failures.get(partition, 0) + 1
                is_defect = not isinstance(error, TemporaryError)
                LOG.warning(
                    "a record waits for another try",
                    extra={"topic": record.topic, "offset": record.offset, "why": repr(error)},
                    exc_info=is_defect,
                )
                with contextlib.suppress(IllegalStateError):  # revoked meanwhile
                    consumer.seek(partition, record.offset)
                await self._pause(min(0.1 * 2 ** min(failures, 10), LONGEST_PAUSE_S))
                break
            self._failures.pop(partition, None)
            done = record.offset + 1
        return partition, done

    async def _handle_record(self, record: "ConsumerRecord[bytes, bytes]", failures: int) -> None:
        try:
            event = events.decode(record.value)
            await self._handle(event)
        except PermanentError as error:
            await self._bury(record, error)
        except TemporaryError:
            raise
        except Exception as error:
            if failures + 1 < MAX_TRIES_OF_A_DEFECT:
                raise
            await self._bury(record, error)
        else:
            _HANDLED.labels(record.topic, "handled").inc()

    async def _bury(self, record: "ConsumerRecord[bytes, bytes]", error: Exception) -> None:
        """Put a record nobody can use where an operator finds it, with the reason."""
        now = asyncio.get_running_loop().time()
        if len(self._dead_at) == MAX_DEAD_LETTERS_AN_HOUR and now - self._dead_at[0] < 3_600:
            raise TooManyDeadLettersError(
                f"{MAX_DEAD_LETTERS_AN_HOUR} records of {record.topic} were unusable within an hour"
            )
        LOG.error(
            "a record goes to the dead-letter topic",
            extra={"topic": record.topic, "offset": record.offset, "why": repr(error)},
        )
        headers = [
            ("error", repr(error)[:1_000].encode()),
            ("topic", record.topic.encode()),
            ("partition", str(record.partition).encode()),
            ("offset", str(record.offset).encode()),
        ]
        topic = dead_letter_topic(record.topic, self._group)
        key = (record.key or b"").decode(errors="replace")
        await self._dead_letters.send([Record(topic, key, record.value or b"")], headers)
        self._dead_at.append(now)
        _HANDLED.labels(record.topic, "dead_letter").inc()

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)
