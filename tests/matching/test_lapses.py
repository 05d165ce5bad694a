"""Documents expire over MongoDB, in two processes at a time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

from marketplace.actions.lapses import expire_document
from marketplace.domain import lifetimes
from marketplace.domain.pages import PageRequest
from marketplace.domain.policy import Policy
from marketplace.domain.timers import TimerKind
from marketplace.domain.vendor_documents import DocumentType
from marketplace.domain.vendors import VendorState
from marketplace.storage import MongoStore
from marketplace.timer_runner import TimerRunner
from tests import memory
from tests.builders import NOW, FixedClock, a_vendor
from tests.rows import a_document

COUNT = 64
KIND = TimerKind.DOCUMENT_EXPIRY
REQUIRED = {"plumbing": frozenset({DocumentType.LICENCE})}


def a_process(store: MongoStore, clock: FixedClock) -> TimerRunner:
    """The timers of one process of matching."""
    policy = Policy(required_documents=REQUIRED)
    world = replace(memory.a_world(clock=clock), store=store, policy=policy)
    return TimerRunner(world, {KIND: partial(expire_document, world)})


async def test_a_document_expires_once_although_two_processes_handle_it(
    mongodb_store: MongoStore,
) -> None:
    """Each vendor is suspended once, with one decision and one event."""
    store, clock = mongodb_store, FixedClock()
    vendors = [a_vendor() for _ in range(COUNT)]
    for vendor in vendors:
        document = a_document(vendor_id=vendor.id, expires_at=NOW + timedelta(days=1))
        await store.vendors.add(vendor)
        await store.vendor_documents.save_many([document])
        await store.timers.set_many(lifetimes.timers_of_document(document))
    processes = [a_process(store, clock) for _ in range(2)]

    clock.advance(days=1)
    for _ in range(COUNT):
        handled = await asyncio.gather(*(process.handle_due(KIND) for process in processes))
        if not any(handled):
            break

    for vendor in vendors:
        found = await store.vendors.get(vendor.id)
        assert found is not None
        assert found.state is VendorState.SUSPENDED
        decisions = await store.decisions.of([vendor.id], None, PageRequest())
        assert len(decisions.items) == 1
        suspended = {"key": vendor.id, "name": "vendor.suspended"}
        assert await store.database["outbox"].count_documents(suspended) == 1
