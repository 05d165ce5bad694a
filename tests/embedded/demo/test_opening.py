"""A conversation opened in bulk, compared with one that the actions opened."""

import json
import re
from dataclasses import replace
from typing import Any

from embedded.demo.bulk import insert_together
from embedded.demo.opening import MATCHING, Pair, opened
from embedded.demo.seed import content_for
from marketplace.actions import matches, rfis
from marketplace.authenticators import WebAuthn
from marketplace.derived_secrets import DerivedSecrets
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.vendors import ServiceArea
from marketplace.ports import World
from marketplace.schemas.rfis import DraftRfi
from marketplace.storage import MongoStore
from marketplace.storage.entry_writer import EntryWriter
from tests.builders import NOW, FixedClock, a_place, a_vendor, an_account
from tests.memory import PUBLIC_URL, Live, Passwords, PresenceStore
from tests.memory.blobs import files

_WRITTEN = (
    "rfis", "rfi_revisions", "matches", "conversations", "entries", "outbox", "vendors",
    "timers", "feed_items", "feed_heads",
)  # fmt: skip
_ID = re.compile(r"\b[0-9a-f]{32}\b")


def _world(store: MongoStore) -> World:
    return World(
        store=store,
        entry_log=EntryWriter(store.entries),
        live=Live(),
        presence=PresenceStore(),
        passwords=Passwords(),
        secrets=DerivedSecrets("0" * 32),
        authenticators=lambda: WebAuthn(PUBLIC_URL),
        clock=FixedClock(),
        files=files(),
    )


async def _by_the_actions(world: World, customer: Account, vendor_id: str) -> None:
    actor = Actor(customer.id, Role.CUSTOMER)
    written: dict[str, Any] = {
        "category": "plumbing",
        "title": "A seeded conversation",
        "description": "Made by `parley seed`.",
        "location": a_place(),
        "max_vendors": 1,
    }
    rfi = await rfis.draft(world, actor, DraftRfi().read(written))
    await rfis.submit(world, actor, rfi.id, rfi.revision)
    assert await matches.match_rfi(world, MATCHING, "matching", "event-1", rfi.id) == 1
    (match,) = await world.store.matches.of_rfi(rfi.id)
    await matches.accept(world, Actor(vendor_id, Role.VENDOR), match.id)


async def _database_text(store: MongoStore) -> str:
    """Everything in the database as text, with ids replaced by numbers in order of occurrence."""
    documents: dict[str, list[dict[str, Any]]] = {}
    for name in _WRITTEN:
        found = await store.database[name].find().to_list(None)
        for document in found:
            if name == "outbox":
                document["value"] = json.loads(document["value"])
        # Ids created in the same millisecond are in any order.
        documents[name] = sorted(
            found, key=lambda document: (document.get("revision"), document.get("name"))
        )
    text = json.dumps(documents, default=str, sort_keys=True, indent=1)
    numbers: dict[str, str] = {}
    return _ID.sub(lambda found: numbers.setdefault(found[0], f"id-{len(numbers)}"), text)


async def test_a_bulk_load_writes_the_same_documents_as_the_actions(store: MongoStore) -> None:
    """Every document and every event is the same, field by field, except for the ids."""
    world = _world(store)
    customer = an_account(name="Carla Reyes")
    area = ServiceArea(a_place(), 100)

    vendor = a_vendor(service_area=area, capacity=1)
    await store.accounts.add(customer)
    await store.vendors.add(vendor)
    await _by_the_actions(world, customer, vendor.id)
    by_the_actions = await _database_text(store)

    for name in _WRITTEN:
        await store.database[name].delete_many({})
    vendor = replace(vendor, open_matches=1)
    await store.vendors.add(vendor)
    pair = Pair(customer, vendor)
    _, documents = opened(pair, content_for(pair), NOW, world.policy)
    await insert_together(store, documents)

    assert await _database_text(store) == by_the_actions
    assert '"rfi.submitted"' in by_the_actions
    assert '"conversation.started"' in by_the_actions
