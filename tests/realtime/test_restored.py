"""MongoDB is restored from a backup while gateways run, and apps that are ahead notice."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from marketplace.actions import rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.settings import Settings
from marketplace.storage import MongoStore, epoch
from marketplace.storage.entry_writer import EntryWriter
from marketplace.storage.restore import after_restore
from tests.builders import a_message, rfi_content
from tests.realtime.apps import App, Talk
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import gateway

READ_EVERY_S = 0.1
NOTICED_WITHIN_S = 1.0
Backup = Mapping[str, list[dict[str, Any]]]


@pytest_asyncio.fixture
async def gateways(store: MongoStore, settings: Settings) -> AsyncIterator[Gateways]:
    """Two gateways that read the epoch often."""
    settings = replace(settings, limit_scale=1_000.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(epoch, "READ_EVERY_S", READ_EVERY_S)
        async with gateway(settings, "realtime-1") as one, gateway(settings, "realtime-2") as two:
            yield one, two


async def _backup(store: MongoStore) -> Backup:
    names = await store.database.list_collection_names()
    return {name: await store.database[name].find().to_list(None) for name in names}


async def _restore(store: MongoStore, backup: Backup) -> None:
    for name in await store.database.list_collection_names():
        await store.database[name].delete_many({})
        if backup.get(name):
            await store.database[name].insert_many(backup[name])


async def _report_restore(settings: Settings) -> list[str]:
    """Tell the deployment about the restore; returns what was printed."""
    lines: list[str] = []
    await after_restore(
        settings.mongodb_url, settings.mongodb_database, lines.append, NOTICED_WITHIN_S
    )
    return lines


def _sequences(answer: Mapping[str, Any]) -> list[int]:
    return [entry["sequence"] for entry in answer["entries"]]


async def _say(app: App, talk: Talk, *bodies: str) -> list[int]:
    """Send messages one after the other; returns their sequences."""
    sent = [await app.ok("send_message", talk.says(f"{id(app)}-{body}", body)) for body in bodies]
    return [answer["message"]["sequence"] for answer in sent]


async def test_an_app_ahead_of_the_backup_gets_the_new_entries(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """An app ahead of the backup, joined, returning or reading, does not keep old entries 7 to 11."""
    customer = await connect(gateways[0], talk.customer)
    vendor = await connect(gateways[1], talk.vendor)
    joined = await customer.ok("join_conversation", talk.named())
    await _say(vendor, talk, *"123456")
    backup = await _backup(store)
    await _say(vendor, talk, *"abcde")
    await customer.has_up_to(11)

    await _restore(store, backup)
    await _report_restore(settings)

    await customer.until(lambda: bool(customer.named("gap")))
    (gap,) = customer.named("gap")
    assert (gap["room"], gap["head"]) == (f"conversation:{talk.id}", 6)
    assert gap["is_snapshot"]
    assert gap["epoch"] != joined["epoch"]
    customer.pushes.clear()
    assert await _say(vendor, talk, "new-7", "new-8", "new-9") == [7, 8, 9]
    await customer.has_up_to(9)
    assert [message["body"] for message in customer.named("message.sent")] == [
        "new-7",
        "new-8",
        "new-9",
    ]

    back = await connect(gateways[0], talk.customer)
    for payload in (
        {"after_sequence": 11},
        {"after_sequence": 8, "epoch": joined["epoch"]},
        {"after_sequence": 11, "epoch": joined["epoch"]},
    ):
        for call in ("join_conversation", "fetch_entries"):
            answer = await back.ok(call, talk.named(**payload))
            assert _sequences(answer) == list(range(1, 10)), (call, payload)
            assert [entry["body"] for entry in answer["entries"]][6] == "new-7"
            assert (answer["is_snapshot"], answer["epoch"]) == (True, gap["epoch"])
    answer = await back.ok("join_conversation", talk.named(after_sequence=7, epoch=gap["epoch"]))
    assert (_sequences(answer), answer["is_snapshot"]) == ([8, 9], False)


async def test_an_rfi_feed_starts_a_new_epoch(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """An RFI's revision number in another epoch is another revision."""
    world, actor = gateways[1].parts.world, Actor(talk.customer.id, Role.CUSTOMER)
    rfi = await rfis.draft(world, actor, rfi_content())
    backup = await _backup(store)
    await rfis.revise(world, actor, rfi.id, 1, {"title": "Lost"})
    app = await connect(gateways[0], talk.customer)
    before = await app.ok("join_rfi", {"rfi_id": rfi.id, "after_revision": 1})

    await _restore(store, backup)
    await _report_restore(settings)
    await app.until(lambda: bool(app.named("gap")))
    await rfis.revise(world, actor, rfi.id, 1, {"title": "Kept"})
    await app.until(lambda: bool(app.named("rfi.changed")))

    (changed,) = app.named("rfi.changed")
    assert (changed["revision"], changed["changes"][0]["new"]) == (2, "Kept")
    payload = {"rfi_id": rfi.id, "after_revision": 2}
    again = await app.ok("join_rfi", {**payload, "epoch": before["epoch"]})
    assert (again["is_snapshot"], again["rfi"]["title"]) == (True, "Kept")
    assert again["epoch"] != before["epoch"]
    assert not (await app.ok("join_rfi", {**payload, "epoch": again["epoch"]}))["is_snapshot"]


async def test_a_room_notices_an_unannounced_restore(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """A head that stays below what was delivered is enough, and no app has to join first."""
    customer = await connect(gateways[0], talk.customer)
    vendor = await connect(gateways[1], talk.vendor)
    await customer.ok("join_conversation", talk.named())
    await _say(vendor, talk, *"123")
    backup = await _backup(store)
    await _say(vendor, talk, *"45")
    await customer.has_up_to(5)

    await _restore(store, backup)
    await customer.until(lambda: bool(customer.named("gap")), 20)

    (gap,) = customer.named("gap")
    assert (gap["head"], gap["is_snapshot"]) == (3, True)


async def test_gaps_of_a_writer_that_missed_the_restore_are_closed(
    store: MongoStore, settings: Settings
) -> None:
    """Messages acknowledged after an unnoticed restore are kept in order, and their gap is closed."""
    writer = EntryWriter(store.entries)
    first = [a_message(conversation_id="c") for _ in range(6)]
    for message in first[:3]:
        await writer.append(message)
    backup = await _backup(store)
    for message in first[3:]:
        await writer.append(message)
    await _restore(store, backup)
    late = [a_message(conversation_id="c") for _ in range(2)]
    for message in late:
        assert (await writer.append(message)).entry.sequence > 6
    await store.read_positions.advance("c", "carla", delivered=6, read=6)

    lines = await _report_restore(settings)

    kept = await store.entries.after("c", 0, 20)
    assert [entry.sequence for entry in kept] == [1, 2, 3, 4, 5]
    assert [entry.id for entry in kept] == [message.id for message in (*first[:3], *late)]
    assert any("1 conversations had gaps" in line for line in lines)


async def test_read_positions_above_the_head_are_lowered(
    store: MongoStore, settings: Settings
) -> None:
    """A backup that does not show a single moment has them; they would hide unread messages."""
    writer = EntryWriter(store.entries)
    for _ in range(3):
        await writer.append(a_message(conversation_id="c"))
    await store.read_positions.advance("c", "carla", delivered=9, read=7)
    await store.read_positions.advance("c", "victor", delivered=2, read=1)

    await _report_restore(settings)

    positions = {
        position.account_id: position
        for position in await store.read_positions.of_conversation("c")
    }
    assert positions["carla"].read_sequence == positions["carla"].delivered_sequence == 3
    assert positions["victor"].read_sequence == 1
