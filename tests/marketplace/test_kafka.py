"""The producer and the consumer loop over a real broker."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from marketplace import events, kafka
from marketplace.domain.ids import new_id
from marketplace.errors import PermanentError, TemporaryError
from marketplace.events import Event
from marketplace.kafka import (
    EventConsumer,
    EventProducer,
    Record,
    TooManyDeadLettersError,
    dead_letter_topic,
    ensure_topics,
)
from tests.marketplace.every_event import an_event_of

WITHIN_S = 40.0
Handle = Callable[[Event], Awaitable[None]]


@pytest_asyncio.fixture
async def topic(kafka_bootstrap_servers: str, group: str) -> AsyncIterator[str]:
    """A topic of one's own with two partitions, and its dead-letter topic."""
    name = f"topic-{secrets.token_hex(4)}"
    await ensure_topics(kafka_bootstrap_servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap_servers)
    await admin.start()
    await admin.create_topics(
        [NewTopic(name, 2, 1), NewTopic(dead_letter_topic(name, group), 1, 1)]
    )
    yield name
    await admin.delete_topics([name, dead_letter_topic(name, group)])
    await admin.close()


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> str:
    """A group of one's own, with short pauses; the topics are made by the tests."""

    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr(kafka, "ensure_topics", nothing)
    monkeypatch.setattr(kafka, "LONGEST_PAUSE_S", 0.1)
    return f"group-{secrets.token_hex(4)}"


def an_event() -> Event:
    """An event with an id of its own."""
    return replace(an_event_of("vendor.applied"), id=new_id())


class Bench:
    """Sends to one partition of a topic, and runs members of a group over it."""

    def __init__(self, bootstrap_servers: str, group: str, topic: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.group = group
        self.topic = topic
        self._members: list[tuple[EventConsumer, asyncio.Task[None]]] = []

    async def send(self, *values: bytes | Event, partition: int = 0) -> None:
        """Append to a partition, in order."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap_servers, acks="all")
        await producer.start()
        for each in values:
            value = events.encode(each) if isinstance(each, Event) else each
            await producer.send_and_wait(self.topic, value, key=b"k", partition=partition)
        await producer.stop()

    def member(self, handle: Handle) -> tuple[EventConsumer, "asyncio.Task[None]"]:
        """Start a member."""
        consumer = EventConsumer(self.bootstrap_servers, self.group, [self.topic], handle)
        self._members.append((consumer, asyncio.create_task(consumer.run())))
        return self._members[-1]

    async def stop(self) -> None:
        """Stop all members that run."""
        for consumer, _ in self._members:
            consumer.stop()
        await asyncio.gather(*(task for _, task in self._members), return_exceptions=True)

    async def committed(self, partition: int = 0) -> int:
        """The group's offset; 0 when there is none."""
        looker = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            group_id=self.group,
            enable_auto_commit=False,
        )
        await looker.start()
        try:
            return int(await looker.committed(TopicPartition(self.topic, partition)) or 0)
        finally:
            await looker.stop()

    async def dead_letters(self, count: int) -> list[Any]:
        """So many records of the dead-letter topic."""
        reader = AIOKafkaConsumer(
            dead_letter_topic(self.topic, self.group),
            bootstrap_servers=self.bootstrap_servers,
            auto_offset_reset="earliest",
        )
        await reader.start()
        try:
            async with asyncio.timeout(WITHIN_S):
                return [await reader.getone() for _ in range(count)]
        finally:
            await reader.stop()


@pytest_asyncio.fixture
async def bench(kafka_bootstrap_servers: str, group: str, topic: str) -> AsyncIterator[Bench]:
    """A group over a topic."""
    made = Bench(kafka_bootstrap_servers, group, topic)
    yield made
    await made.stop()


class Log:
    """Keeps what was handled, and fails where it is told to."""

    def __init__(self, failures: dict[str, list[Exception]] | None = None) -> None:
        self.tried: list[str] = []
        self.handled: list[str] = []
        self._failures = failures or {}
        self._changed = asyncio.Event()

    async def handle(self, event: Event) -> None:
        """Handle or fail."""
        self.tried.append(event.id)
        waiting = self._failures.get(event.id)
        if waiting:
            raise waiting.pop(0)
        self.handled.append(event.id)
        self._changed.set()

    async def until(self, *ids: str) -> None:
        """Wait until all of these were handled."""
        async with asyncio.timeout(WITHIN_S):
            while not set(ids) <= set(self.handled):
                self._changed.clear()
                await self._changed.wait()


async def test_a_temporary_error_is_tried_again_and_the_order_is_kept(bench: Bench) -> None:
    """What comes behind waits; nothing is left out and nothing goes to the dead letters."""
    one, two, three = an_event(), an_event(), an_event()
    log = Log({two.id: [TemporaryError("away")] * 4})
    await bench.send(one, two, three)

    bench.member(log.handle)
    await log.until(three.id)
    await bench.stop()

    assert log.handled == [one.id, two.id, three.id]
    assert log.tried.count(two.id) == 5
    assert await bench.committed() == 3


async def test_a_permanent_error_goes_to_the_dead_letters_at_once(bench: Bench) -> None:
    """With the record as it was, and where, and why; the next ones are handled."""
    bad, good = an_event(), an_event()
    log = Log({bad.id: [PermanentError("no such thing")]})
    await bench.send(bad, b"no JSON", b"", good)

    bench.member(log.handle)
    await log.until(good.id)
    await bench.stop()

    refused, unreadable, empty = await bench.dead_letters(3)
    assert (refused.value, unreadable.value, empty.value) == (events.encode(bad), b"no JSON", b"")
    headers = dict(unreadable.headers)
    assert (headers["topic"], headers["offset"]) == (bench.topic.encode(), b"1")
    assert b"no such thing" in dict(refused.headers)["error"]
    assert log.tried.count(bad.id) == 1
    assert await bench.committed() == 4


async def test_a_defect_is_tried_three_times_and_then_buried(bench: Bench) -> None:
    """It may be a passing one; if it is not, the others must not wait for ever."""
    passing, lasting, good = an_event(), an_event(), an_event()
    log = Log({passing.id: [KeyError("x")] * 2, lasting.id: [KeyError("y")] * 9})
    await bench.send(passing, lasting, good)

    bench.member(log.handle)
    await log.until(good.id)
    await bench.stop()

    assert log.handled == [passing.id, good.id]
    assert (log.tried.count(passing.id), log.tried.count(lasting.id)) == (3, 3)
    (buried,) = await bench.dead_letters(1)
    assert buried.value == events.encode(lasting)


async def test_too_many_dead_letters_stop_the_consumer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours must not empty the topic; it says so and ends."""
    monkeypatch.setattr(kafka, "MAX_DEAD_LETTERS_AN_HOUR", 3)
    log = Log()
    await bench.send(*(b"bad" for _ in range(10)))

    _, task = bench.member(log.handle)
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(TooManyDeadLettersError, match="3 records"):
            await task

    assert len(await bench.dead_letters(3)) == 3


async def test_an_offset_is_committed_after_the_effect_and_not_before(bench: Bench) -> None:
    """A member that dies in the middle leaves the record to the next one."""
    first, second = an_event(), an_event()
    began = asyncio.Event()

    async def hang(event: Event) -> None:
        if event.id == second.id:
            began.set()
            await asyncio.Event().wait()

    await bench.send(first, second)
    _, task = bench.member(hang)
    async with asyncio.timeout(WITHIN_S):
        await began.wait()
    assert await bench.committed() == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    log = Log()
    bench.member(log.handle)
    await log.until(second.id)
    await bench.stop()
    assert await bench.committed() == 2


async def test_a_stop_finishes_what_is_in_hand_and_commits_it(bench: Bench) -> None:
    """Nothing is done twice after an orderly end."""
    event = an_event()
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_: Event) -> None:
        began.set()
        await go_on.wait()

    await bench.send(event)
    consumer, task = bench.member(slowly)
    async with asyncio.timeout(WITHIN_S):
        await began.wait()
    consumer.stop()
    go_on.set()
    await task

    assert await bench.committed() == 1


async def test_members_share_the_partitions_and_take_over_from_each_other(bench: Bench) -> None:
    """A rebalance in the middle of the work loses nothing."""
    before = [an_event() for _ in range(20)]
    log = Log()
    for partition in (0, 1):
        await bench.send(*before[partition::2], partition=partition)
    consumer, task = bench.member(log.handle)
    await log.until(*(each.id for each in before[:4]))

    second, _ = bench.member(log.handle)
    async with asyncio.timeout(WITHIN_S):
        while not second.is_polling:  # noqa: ASYNC110 # of its loop
            await asyncio.sleep(0.02)
    after = [an_event() for _ in range(20)]
    for partition in (0, 1):
        await bench.send(*after[partition::2], partition=partition)
    consumer.stop()
    await task
    last = an_event()
    await bench.send(last, partition=1)
    await log.until(*(each.id for each in [*before, *after, last]))
    await bench.stop()

    assert (await bench.committed(0), await bench.committed(1)) == (20, 21)


async def test_a_failing_record_does_not_hold_up_another_partition(bench: Bench) -> None:
    """Order is promised for a key; the others go on."""
    stuck, free = an_event(), [an_event() for _ in range(5)]
    log = Log({stuck.id: [TemporaryError("away")] * 100_000})
    await bench.send(stuck, partition=0)

    bench.member(log.handle)
    for each in free:
        await bench.send(each, partition=1)
    await log.until(*(each.id for each in free))

    assert stuck.id not in log.handled


@pytest.mark.usefixtures("kafka_bootstrap_servers")
async def test_without_a_broker_sending_is_a_temporary_error() -> None:
    """The caller keeps what it has and comes again."""
    producer = EventProducer("127.0.0.1:9")

    with pytest.raises(TemporaryError):
        await producer.send([Record("rfis", "k", b"{}")])
    with pytest.raises(TemporaryError):
        await ensure_topics("127.0.0.1:9")


async def test_topics_are_made_once_by_however_many(kafka_bootstrap_servers: str) -> None:
    """Processes that start together all find them there."""
    group = f"group-{secrets.token_hex(4)}"

    await asyncio.gather(*(ensure_topics(kafka_bootstrap_servers, group) for _ in range(4)))
    await ensure_topics(kafka_bootstrap_servers, group)

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap_servers)
    await admin.start()
    names = set(await admin.list_topics())
    await admin.close()
    assert {*events.TOPICS, *(dead_letter_topic(each, group) for each in events.TOPICS)} <= names
