"""The spans of commands to a real MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pymongo.errors import OperationFailure

from marketplace import tracing
from marketplace.ports import Repositories
from marketplace.settings import Settings
from marketplace.storage import MongoStore, open_store
from marketplace.tracing import Kind
from tests.builders import a_vendor, an_account
from tests.collector import Collector, collecting
from tests.marketplace.every_event import a_vendor_event


@pytest_asyncio.fixture
async def traced(
    settings: Settings, store: MongoStore
) -> AsyncIterator[tuple[MongoStore, Collector]]:
    """A store that was opened while tracing was on, over the same database."""
    with collecting() as collector:
        tracing.configure("rest-1", collector.url)
        opened = await open_store(settings)
        yield opened, collector
        await opened.close()
        await asyncio.to_thread(tracing.shut_down)


async def spans_of(collector: Collector) -> list[tuple[str, dict[str, Any]]]:
    """The names and attributes of the commands within the one request."""
    await asyncio.to_thread(tracing.shut_down)
    *commands, request = collector.spans
    assert {span.parent_id for span in commands} <= {request.span_id}
    return [(span.name, span.attributes) for span in commands]


async def test_a_transaction_shows_its_commands_by_name(
    traced: tuple[MongoStore, Collector],
) -> None:
    """Every command has the request as its parent, although a thread runs it."""
    store, collector = traced
    vendor = a_vendor()

    async def work(tx: Repositories) -> None:
        await tx.vendors.add(vendor)
        await tx.outbox.add(a_vendor_event(vendor))

    with tracing.begun("POST /v1/accounts", Kind.SERVER):
        await store.transact(work)

    assert await spans_of(collector) == [
        (name, {"db.system.name": "mongodb", "db.operation.name": operation, **collection})
        for name, operation, collection in (
            ("insert vendors", "insert", {"db.collection.name": "vendors"}),
            ("insert outbox", "insert", {"db.collection.name": "outbox"}),
            ("commitTransaction", "commitTransaction", {}),
        )
    ]


async def test_a_command_outside_a_trace_has_no_span(
    traced: tuple[MongoStore, Collector],
) -> None:
    """Each process asks MongoDB for due work, leases and health every second."""
    store, collector = traced

    await store.ping()
    with tracing.begun("GET /v1/rfis", Kind.SERVER):
        pass

    assert await spans_of(collector) == []


async def test_a_failed_command_names_its_error(
    traced: tuple[MongoStore, Collector],
) -> None:
    """By MongoDB's code; its sentence may quote a document."""
    store, collector = traced
    account = an_account()

    with (
        tracing.begun("POST /v1/accounts", Kind.SERVER),
        pytest.raises(OperationFailure, match="no such command"),
    ):
        await store.database.command("carla", account.email)

    ((_, attributes),) = await spans_of(collector)
    assert attributes["error.type"] == "CommandNotFound"
