"""Batches, failures and lag: the partitions are independent."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import chain

from marketplace import events
from marketplace.errors import TemporaryError
from marketplace.events import Event
from tests.log_lines import log_lines
from tests.marketplace.kafka.bench import WITHIN_S, Bench, Log, an_event, until_lag


async def test_a_failing_record_does_not_delay_another_partition(bench: Bench) -> None:
    """Only the records of one partition wait for each other."""
    stuck, free = an_event(), [an_event() for _ in range(5)]
    log = Log({stuck.id: [TemporaryError("away")] * 100_000})
    await bench.send(stuck, partition=0)

    bench.member(log.handle)
    for event in free:
        await bench.send(event, partition=1)
    await log.until(*(event.id for event in free))

    assert stuck.id not in log.handled


async def test_temporary_failures_use_up_no_attempts(bench: Bench) -> None:
    """Temporary failures do not use up the three attempts that a defect gets."""
    shaky, good = an_event(), an_event()
    log = Log(
        {
            shaky.id: [TemporaryError("away")] * 4
            + [KeyError("x"), TemporaryError("away"), KeyError("x")]
        }
    )
    await bench.send(shaky, good)

    bench.member(log.handle)
    await log.until(good.id)
    await bench.stop()

    assert log.handled == [shaky.id, good.id]
    assert log.tried.count(shaky.id) == 8


async def test_a_line_about_a_record_has_the_ids_of_its_event(bench: Bench) -> None:
    """Whoever logs, the handler or the consumer, the line leads to the request that began it."""
    shaky, good = an_event(), an_event()
    log = Log({shaky.id: [TemporaryError("away")]})

    async def handle(event: Event) -> None:
        logging.getLogger("tests.handler").warning("handling")
        await log.handle(event)

    await bench.send(shaky, good)
    with log_lines() as lines:
        bench.member(handle)
        await log.until(good.id)
        await bench.stop()

    (failed,) = lines.of("a record failed; it will be retried")
    handled = [line["correlation_id"] for line in lines.of("handling")]
    assert handled == [shaky.correlation_id] * 2 + [good.correlation_id]
    assert failed["correlation_id"] == shaky.correlation_id
    assert failed["account_id"] == shaky.actor["account_id"]


async def test_a_batch_is_handled_together(bench: Bench) -> None:
    """A batch holds the records that have arrived, in order, and is committed as a whole."""
    sent = [an_event() for _ in range(50)]
    batches: list[list[str]] = []
    is_done = asyncio.Event()

    async def handle(batch: Sequence[Event]) -> None:
        batches.append([event.id for event in batch])
        if sum(map(len, batches)) == len(sent):
            is_done.set()

    await bench.send(*sent)
    bench.batch_member(handle, 20)
    async with asyncio.timeout(WITHIN_S):
        await is_done.wait()
    await bench.stop()

    assert list(chain.from_iterable(batches)) == [event.id for event in sent]
    assert max(map(len, batches)) <= 20 < len(sent) / len(batches) * 2
    assert await bench.committed() == 50


async def test_only_the_defective_record_of_a_batch_is_dead_lettered(bench: Bench) -> None:
    """The other records of the batch, and those after it, are handled."""
    before, bad, unreadable, after = an_event(), an_event(), b"no JSON", an_event()
    log = Log({bad.id: [KeyError("x")] * 99})
    await bench.send(before, bad, unreadable, after)

    bench.member(log.handle, batch_size=10)
    await log.until(before.id, after.id)
    await bench.stop()

    assert {before.id, after.id} == set(log.handled)
    buried = await bench.dead_letters(2)
    assert [record.value for record in buried] == [events.encode(bad), unreadable]
    assert await bench.committed() == 4


async def test_a_slow_record_does_not_delay_another_partition(bench: Bench) -> None:
    """While one record's handling hangs, the other partition's records are handled."""
    slow, free = an_event(), [an_event() for _ in range(5)]
    log, began, go_on = Log(), asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        if event.id == slow.id:
            began.set()
            await go_on.wait()
        await log.handle(event)

    await bench.send(slow, partition=0)
    bench.member(handle)
    async with asyncio.timeout(WITHIN_S):
        await began.wait()
    for event in free:
        await bench.send(event, partition=1)
    await log.until(*(event.id for event in free))

    assert slow.id not in log.handled
    go_on.set()
    await log.until(slow.id)


async def test_lag_is_measured_by_topic(bench: Bench) -> None:
    """The metric counts the records waiting behind a failing one, and 0 once it succeeds."""
    first = an_event()
    log = Log({first.id: [TemporaryError("away")] * 100_000})
    await bench.send(first, *(an_event() for _ in range(9)))

    bench.member(log.handle)
    await until_lag(bench.topic, 10)
    log.failures[first.id].clear()
    await until_lag(bench.topic, 0)

    assert len(log.handled) == 10
