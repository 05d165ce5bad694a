"""Edits and deletions of messages, over two gateways and a real store."""

import asyncio

from marketplace.storage import MongoStore
from tests.realtime.apps import Talk
from tests.realtime.conftest import Connect, Gateways


async def test_a_deleted_message_cannot_be_edited(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """On any gateway, a deleted message cannot be edited; a second deletion gets the first answer."""
    one, two = [await connect(gateway, talk.customer) for gateway in gateways]
    vendor = await connect(gateways[1], talk.vendor)
    await vendor.ok("join_conversation", talk.named())
    message = (await one.ok("send_message", talk.says("m-1", "at 5")))["message"]
    about = talk.named(message_id=message["id"])
    await two.ok("edit_message", {**about, "body": "at 6"})

    deleted = await one.ok("delete_message", about)

    for app in (one, two):
        assert await app.refused("edit_message", {**about, "body": "at 7"}) == "wrong_state"
        assert await app.ok("delete_message", about) == deleted
    await vendor.has_up_to(3)
    assert len(vendor.named("message.deleted")) == 1
    assert await store.entries.heads([talk.id]) == {talk.id: 3}


async def test_a_deletion_is_the_last_entry_when_edits_race_it(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """When edits over one gateway race a deletion over the other, the deletion is last."""
    one, two = [await connect(gateway, talk.customer) for gateway in gateways]
    for number in range(40):
        message = (await one.ok("send_message", talk.says(f"m-{number}")))["message"]
        about = talk.named(message_id=message["id"])
        edits = [
            app.call("edit_message", {**about, "body": f"{n}"}) for n, app in enumerate([one, two])
        ]

        await asyncio.gather(*edits, two.ok("delete_message", about))

    kept = await store.entries.after(talk.id, 0, 500)
    last = {entry.message_id: entry.kind for entry in kept if entry.message_id is not None}
    assert [entry.sequence for entry in kept] == list(range(1, len(kept) + 1))
    assert set(last.values()) == {"deletion"}


async def test_an_edit_without_a_change_creates_no_entry(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """An edit that changes nothing gets the entry that wrote the body, and nothing is announced."""
    one, two = [await connect(gateway, talk.customer) for gateway in gateways]
    vendor = await connect(gateways[1], talk.vendor)
    await vendor.ok("join_conversation", talk.named())
    message = (await one.ok("send_message", talk.says("m-1", "at 5")))["message"]
    about = talk.named(message_id=message["id"])

    unchanged = (await one.ok("edit_message", {**about, "body": "at 5"}))["entry"]
    edit = (await one.ok("edit_message", {**about, "body": "at 6"}))["entry"]
    same = (await two.ok("edit_message", {**about, "body": "at 6"}))["entry"]

    assert (unchanged["kind"], unchanged["id"]) == ("message", message["id"])
    assert edit == same
    await vendor.has_up_to(2)
    assert len(vendor.named("message.edited")) == 1
    assert await store.entries.heads([talk.id]) == {talk.id: 2}


async def test_sending_a_message_moves_the_senders_read_position(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Sending a message marks everything before it as read by the sender."""
    customer, vendor = [
        await connect(gateways[0], person) for person in (talk.customer, talk.vendor)
    ]
    await vendor.ok("send_message", talk.says("m-1"))
    await customer.ok("send_message", talk.says("m-2"))
    await vendor.ok("send_message", talk.says("m-3"))

    joined = await vendor.ok("join_conversation", talk.named())

    read = {
        position["account_id"]: position["read_sequence"] for position in joined["read_positions"]
    }
    assert read == {talk.customer.id: 2, talk.vendor.id: 3}
