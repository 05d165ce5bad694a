"""Log lines as collectors read them."""

import asyncio
import io
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import pytest

from marketplace import logs, tasks
from tests.log_lines import log_lines

LOG = logs.get_logger("tests.logs")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a line belongs to."""

    account_id: str | None
    correlation_id: str | None = None


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """What a process called realtime-1 writes."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(logs.formatter("realtime-1"))
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield output
    logger.removeHandler(handler)


def test_each_log_record_is_one_line_of_json(output: io.StringIO) -> None:
    """The object has the time, the level, the process, the logger and any further fields."""
    LOG.info("two\nlines", rfi_id="r1", odd=object, at="never")

    (line,) = output.getvalue().splitlines()
    logged = orjson.loads(line)
    assert list(logged)[:5] == ["at", "level", "process", "logger", "message"]
    assert logged["message"] == "two\nlines"
    assert (logged["level"], logged["process"], logged["logger"]) == (
        "info",
        "realtime-1",
        "tests.logs",
    )
    assert logged["rfi_id"] == "r1"
    assert logged["at"].endswith("+00:00")


def test_a_librarys_record_takes_the_same_way(output: io.StringIO) -> None:
    """Libraries log with `logging`, with arguments and fields of their own."""
    logging.getLogger("tests.logs").warning("no broker at %s", "b:9092", extra={"node": 3})

    logged = orjson.loads(output.getvalue())
    assert (logged["message"], logged["node"]) == ("no broker at b:9092", 3)
    assert (logged["level"], logged["process"]) == ("warning", "realtime-1")


def test_an_exception_is_logged_on_one_line(output: io.StringIO) -> None:
    """A traceback stays on its line, so that a line-based collector keeps it together."""
    try:
        raise KeyError("which")
    except KeyError as error:
        LOG.exception("it failed")
        LOG.error("it failed", exc_info=error)

    for line in output.getvalue().splitlines():
        assert "KeyError: 'which'" in orjson.loads(line)["exception"]


def test_a_librarys_repeated_record_is_logged_once_in_ten_seconds() -> None:
    """An outage of Kafka does not fill the disk; our own log records are never suppressed."""
    once = logs.RepeatFilter()

    def passes(name: str, at: float) -> bool:
        record = logging.makeLogRecord({"name": name, "msg": "no broker %s", "args": (at,)})
        record.created = at
        return once.filter(record)

    for library in ("aiokafka.conn", "opentelemetry.sdk.trace"):
        assert [passes(library, at) for at in (100.0, 101.0, 109.9, 110.1)] == [
            True,
            False,
            False,
            True,
        ]
    assert [passes("relay.relay", at) for at in (100.0, 100.1)] == [True, True]


def test_secrets_are_masked_everywhere() -> None:
    """Secrets are masked in the message, in extra fields and in a library's traceback."""
    secrets = ("SG.key-of-ours", 'quoted"one')
    formatter = logs.formatter("notify-1", {secret.replace('"', '\\"') for secret in secrets})
    try:
        raise ValueError(f"Invalid header value b'Bearer {secrets[0]}'")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, f"sent {secrets[1]}", None, sys.exc_info()
        )
    record.header = f"Bearer {secrets[0]}"

    line = formatter.format(record)

    logged = orjson.loads(line)
    assert "Invalid header value" in logged["exception"]
    for secret in secrets:
        assert secret not in str(logged)


def test_a_line_has_the_ids_that_are_known_of_its_origin(output: io.StringIO) -> None:
    """A library's line has them too; after the work, and for what is unknown, there are none."""
    with logs.bound(Origin("a1", "c1")):
        LOG.info("ours")
        logging.getLogger("tests.logs").info("a library's")
        with logs.bound(Origin(None, "c2")):
            LOG.info("within", account_id="said by the line itself")
    LOG.info("after")

    ours, library, within, after = map(orjson.loads, output.getvalue().splitlines())
    assert (ours["account_id"], ours["correlation_id"]) == ("a1", "c1")
    assert (library["account_id"], library["correlation_id"]) == ("a1", "c1")
    assert (within["account_id"], within["correlation_id"]) == ("said by the line itself", "c2")
    assert not set(logs.IDS) & set(after)
    assert "request_id" not in ours


async def test_concurrent_work_does_not_mix_its_ids() -> None:
    """Each task has the origin that it bound, whichever runs in between."""

    async def work(number: int) -> None:
        logs.bind(Origin(f"a{number}"))
        await asyncio.sleep(0)
        LOG.info("worked", number=number)

    with log_lines() as lines:
        await asyncio.gather(*(asyncio.create_task(work(number)) for number in range(3)))

    logged = {line["number"]: line["account_id"] for line in lines.of("worked")}
    assert logged == {0: "a0", 1: "a1", 2: "a2"}


async def test_work_for_many_has_no_ids_of_whoever_started_it() -> None:
    """A batch that one call starts is written for others too; its own failure names none."""

    async def write() -> None:
        LOG.info("wrote a batch")
        raise ValueError

    with log_lines() as lines, logs.bound(Origin("a1", "c1")):
        await asyncio.wait([tasks.keep(write(), "writer")])
        await asyncio.sleep(0)

    for message in ("wrote a batch", "a task failed"):
        (line,) = lines.of(message)
        assert not set(logs.IDS) & set(line)
