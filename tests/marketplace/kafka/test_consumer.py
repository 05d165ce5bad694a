"""One group member on a real broker: retries, dead letters, commits and rebalances."""

import asyncio

import orjson
import pytest
from prometheus_client import REGISTRY

from marketplace import events
from marketplace.errors import PermanentError, TemporaryError
from marketplace.events import Event
from marketplace.kafka import (
    TooManyDeadLettersError,
    dead_letters,
)
from tests.marketplace.kafka.bench import WITHIN_S, Bench, Log, an_event


async def test_a_temporary_error_is_retried_in_order(bench: Bench) -> None:
    """Later records wait; none is skipped, and none becomes a dead letter."""
    one, two, three = an_event(), an_event(), an_event()
    log = Log({two.id: [TemporaryError("away")] * 4})
    await bench.send(one, two, three)

    bench.member(log.handle)
    await log.until(three.id)
    await bench.stop()

    assert log.handled == [one.id, two.id, three.id]
    assert log.tried.count(two.id) == 5
    assert await bench.committed() == 3


async def test_a_permanent_error_is_dead_lettered_at_once(bench: Bench) -> None:
    """A dead letter has the record, its position and the error; later ones are handled."""
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


async def test_an_event_of_a_later_version_is_skipped(bench: Bench) -> None:
    """During an update a later version writes events that this one does not know."""
    good, last = an_event(), an_event()
    record = orjson.loads(events.encode(an_event()))
    later = [
        orjson.dumps(record | {"name": "rfi.teleported"}),
        orjson.dumps(record | {"version": 2}),
    ]
    log = Log({})
    await bench.send(*later, good, *later, last)

    bench.member(log.handle)
    await log.until(last.id)
    await bench.stop()

    assert log.handled == [good.id, last.id]
    assert await bench.committed() == 6
    labels = {"topic": bench.topic, "outcome": "unknown"}
    assert REGISTRY.get_sample_value("parley_kafka_records_handled_total", labels) == 4
    labels = {"topic": bench.topic, "outcome": "dead_letter"}
    assert REGISTRY.get_sample_value("parley_kafka_records_handled_total", labels) is None


async def test_a_defect_is_tried_three_times_and_then_dead_lettered(bench: Bench) -> None:
    """A defect may pass, so it gets three attempts; after that, the others must not wait."""
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
    """A defect of ours must not drain the topic: the consumer raises and stops."""
    monkeypatch.setattr(dead_letters, "MAX_PER_HOUR", 3)
    log = Log()
    await bench.send(*(b"bad" for _ in range(10)))

    _, task = bench.member(log.handle)
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(TooManyDeadLettersError, match="3 records"):
            await task

    assert len(await bench.dead_letters(3)) == 3


async def test_an_offset_is_committed_only_after_the_effect(bench: Bench) -> None:
    """A member that dies during the work leaves the record to the next member."""
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


async def test_a_stop_finishes_and_commits_records_in_flight(bench: Bench) -> None:
    """After an orderly shutdown, nothing is handled twice."""
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


async def test_members_share_the_partitions_and_rebalance(bench: Bench) -> None:
    """A rebalance during the work loses nothing."""
    before = [an_event() for _ in range(20)]
    log = Log()
    for partition in (0, 1):
        await bench.send(*before[partition::2], partition=partition)
    consumer, task = bench.member(log.handle)
    await log.until(*(event.id for event in before[:4]))

    second, _ = bench.member(log.handle)
    async with asyncio.timeout(WITHIN_S):
        while not second.is_polling:  # noqa: ASYNC110 # driven by its loop
            await asyncio.sleep(0.02)
    after = [an_event() for _ in range(20)]
    for partition in (0, 1):
        await bench.send(*after[partition::2], partition=partition)
    consumer.stop()
    await task
    last = an_event()
    await bench.send(last, partition=1)
    await log.until(*(event.id for event in [*before, *after, last]))
    await bench.stop()

    assert (await bench.committed(0), await bench.committed(1)) == (20, 21)
