"""The calls on conversations, over two gateways and a real store."""

import asyncio
from typing import Any

import pytest

from marketplace.actions import feeds
from marketplace.actions.feeds import ConversationSnapshot
from marketplace.domain.accounts import Role
from marketplace.ids import new_id
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime import typing as realtime_typing
from tests.realtime.apps import Talk, a_person, a_talk, written
from tests.realtime.conftest import Connect, Gateways


async def test_a_message_is_acknowledged_stored_and_pushed_on_both_gateways(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """The acknowledgement, the push on each gateway and the stored message are all the same."""
    customer = await connect(gateways[0], talk.customer)
    vendor = await connect(gateways[1], talk.vendor)
    for app in (customer, vendor):
        await app.ok("join_conversation", talk.named())

    message = (await customer.ok("send_message", talk.says("m-1", "naïve 🙂")))["message"]
    for app in (customer, vendor):
        await app.has_up_to(1)

    assert message["sequence"] == 1
    assert message["client_message_id"] == "m-1"
    assert (message["sender_id"], message["channel"]) == (talk.customer.id, "app")
    assert customer.named("message.sent") == vendor.named("message.sent") == [message]
    kept = await store.entries.get(message["id"])
    assert kept is not None
    assert kept.body == "naïve 🙂"


async def test_joining_during_sends_misses_and_duplicates_nothing(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """The snapshot ends at head and the pushes begin at head + 1, however often an app joins."""
    sender = await connect(gateways[0], talk.vendor)
    apps = [await connect(gateways[number % 2], talk.customer) for number in range(6)]
    all_joined, sent = asyncio.Event(), 0

    async def send_until_all_have_joined() -> None:
        nonlocal sent
        while not all_joined.is_set():
            await sender.send_many(talk, range(sent, sent + 100))
            sent += 100

    sending = asyncio.create_task(send_until_all_have_joined())
    joined = [(app, await app.ok("join_conversation", talk.named())) for app in apps]
    all_joined.set()
    await sending

    for app, snapshot in joined:
        head = snapshot["head"]
        await app.has_up_to(sent)
        assert [entry["sequence"] for entry in snapshot["entries"]] == list(
            range(max(1, head - 199), head + 1)
        )
        assert app.sequences() == list(range(head + 1, sent + 1))


async def test_a_slow_join_ends_although_the_conversation_goes_on(
    gateways: Gateways, connect: Connect, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages arrive faster than a snapshot is read: it is read once, and pushes follow it."""
    sender, member, app = [
        await connect(gateways[0], account)
        for account in (talk.vendor, talk.customer, talk.customer)
    ]
    await member.ok("join_conversation", talk.named())
    read_snapshot, reads = feeds.read_snapshot, 0

    async def slowly(*args: Any, **kwargs: Any) -> ConversationSnapshot:
        nonlocal reads
        reads += 1
        snapshot = await read_snapshot(*args, **kwargs)
        await sender.send_many(talk, range(10 * reads, 10 * reads + 10))
        await member.has_up_to(10 * reads)
        return snapshot

    monkeypatch.setattr(feeds, "read_snapshot", slowly)
    snapshot = await app.ok("join_conversation", talk.named())
    await app.has_up_to(10)

    assert (reads, snapshot["head"]) == (1, 0)
    assert app.sequences() == list(range(1, 11))


async def test_concurrent_senders_see_one_order(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """With both sides writing at once, everybody sees one dense order, each message once."""
    apps = [await connect(gateways[0], talk.customer), await connect(gateways[1], talk.vendor)]
    for app in apps:
        await app.ok("join_conversation", talk.named())

    acknowledged = await asyncio.gather(*(app.send_many(talk, range(100)) for app in apps))
    for app in apps:
        await app.has_up_to(200)

    kept = await store.entries.after(talk.id, 0, 400)
    assert [entry.sequence for entry in kept] == list(range(1, 201))
    for app, messages in zip(apps, acknowledged, strict=True):
        assert app.sequences() == list(range(1, 201))
        assert [message["id"] for message in app.named("message.sent")] == [
            entry.id for entry in kept
        ]
        assert {message["id"] for message in messages} <= {entry.id for entry in kept}
        numbers = [message["sequence"] for message in messages]
        assert numbers == sorted(numbers)


async def test_a_resend_gets_the_first_answer_from_any_gateway(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """One message is stored; the same client_message_id with another body is refused."""
    one, two = [await connect(gateway, talk.customer) for gateway in gateways]
    first = await one.ok("send_message", talk.says("m-1", "Hello"))
    await one.ok("send_message", talk.says("m-2"))

    again = await two.ok("send_message", talk.says("m-1", "Hello"))

    assert again == first
    assert (
        await two.refused("send_message", talk.says("m-1", "Other")) == "client_message_id_reused"
    )
    assert await store.entries.heads([talk.id]) == {talk.id: 2}


async def test_a_returning_app_gets_exactly_what_it_missed(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """`after_sequence` is all it needs, on another gateway and after any time."""
    sender = await connect(gateways[0], talk.vendor)
    await sender.send_many(talk, range(5))

    back = await connect(gateways[1], talk.customer)
    snapshot = await back.ok("join_conversation", talk.named(after_sequence=3))

    assert [entry["sequence"] for entry in snapshot["entries"]] == [4, 5]
    assert (snapshot["head"], snapshot["has_more"]) == (5, False)
    await sender.send_many(talk, [6])
    await back.has_up_to(6)
    assert back.sequences() == [6]


async def test_a_long_absence_is_caught_up_in_pages(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """A join returns at most 200 entries and says if there are more; `fetch_entries` has them."""
    await written(store, talk, 430)
    app = await connect(gateways[0], talk.customer)

    snapshot = await app.ok("join_conversation", talk.named(after_sequence=10))
    numbers, has_more = [entry["sequence"] for entry in snapshot["entries"]], snapshot["has_more"]
    assert (numbers, has_more) == (list(range(11, 211)), True)
    while has_more:
        page = await app.ok("fetch_entries", talk.named(after_sequence=numbers[-1], limit=90))
        numbers += [entry["sequence"] for entry in page["entries"]]
        has_more = page["has_more"]
        assert page["head"] == 430

    assert numbers == list(range(11, 431))


async def test_long_messages_make_pages_shorter(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """No answer is too large for a slow network; the next pages have the rest."""
    vendor = await connect(gateways[0], talk.vendor)
    payloads = [talk.says(f"m-{number}", f"{number}" + "x" * 7_900) for number in range(60)]
    await asyncio.gather(*(vendor.ok("send_message", payload) for payload in payloads))
    customer = await connect(gateways[0], talk.customer)

    newest = await customer.ok("join_conversation", talk.named())
    page = await customer.ok("join_conversation", talk.named(after_sequence=0))
    numbers = [entry["sequence"] for entry in page["entries"]]
    while page["has_more"]:
        assert len(page["entries"]) == 25
        page = await customer.ok("fetch_entries", talk.named(after_sequence=numbers[-1], limit=200))
        numbers += [entry["sequence"] for entry in page["entries"]]

    assert [entry["sequence"] for entry in newest["entries"]] == list(range(36, 61))
    assert newest["has_more"]
    assert numbers == list(range(1, 61))


async def test_history_is_read_backwards_in_pages(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """A plain join returns the last 200 entries; earlier pages go back to the first."""
    await written(store, talk, 230)
    app = await connect(gateways[0], talk.customer)

    snapshot = await app.ok("join_conversation", talk.named())
    assert (snapshot["entries"][0]["sequence"], snapshot["has_more"]) == (31, True)
    page = await app.ok("fetch_entries", talk.named(before_sequence=31, limit=25))
    assert [entry["sequence"] for entry in page["entries"]] == list(range(6, 31))
    assert page["has_more"]
    page = await app.ok("fetch_entries", talk.named(before_sequence=6, limit=25))
    assert [entry["sequence"] for entry in page["entries"]] == [1, 2, 3, 4, 5]
    assert not page["has_more"]


async def test_edits_and_deletions_share_the_sequence_of_messages(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Edits and deletions have sequences, are pushed, and are found by later readers."""
    customer, vendor = (
        await connect(gateways[0], talk.customer),
        await connect(gateways[1], talk.vendor),
    )
    await vendor.ok("join_conversation", talk.named())
    message = (await customer.ok("send_message", talk.says("m-1", "at 5")))["message"]
    about = talk.named(message_id=message["id"])

    edit = await customer.ok("edit_message", {**about, "body": "at 6"})
    await customer.ok("delete_message", about)
    await vendor.has_up_to(3)

    assert (edit["entry"]["sequence"], edit["entry"]["kind"]) == (2, "edit")
    names = [name for name, data in vendor.pushes if "sequence" in data]
    assert names == ["message.sent", "message.edited", "message.deleted"]
    (edited,) = vendor.named("message.edited")
    assert (edited["message_id"], edited["body"]) == (message["id"], "at 6")
    page = await vendor.ok("fetch_entries", talk.named(after_sequence=0))
    assert [entry["kind"] for entry in page["entries"]] == ["message", "edit", "deletion"]


async def test_only_the_sender_can_change_a_message(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Only its sender can edit or delete a message; an unknown id is `not_found`."""
    customer = await connect(gateways[0], talk.customer)
    vendor = await connect(gateways[0], talk.vendor)
    message = (await customer.ok("send_message", talk.says("m-1")))["message"]
    edit = await customer.ok("edit_message", talk.named(message_id=message["id"], body="Better"))
    about = talk.named(message_id=message["id"])

    assert await vendor.refused("edit_message", {**about, "body": "Mine"}) == "forbidden"
    assert await vendor.refused("delete_message", about) == "forbidden"
    nothing = talk.named(message_id=new_id())
    assert await customer.refused("delete_message", nothing) == "not_found"
    assert edit["entry"]["message_id"] == message["id"]


async def test_read_positions_only_move_forward_and_not_beyond_the_head(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """The other participant gets each move once; moving back is no error and changes nothing."""
    customer, vendor = (
        await connect(gateways[0], talk.customer),
        await connect(gateways[1], talk.vendor),
    )
    await vendor.ok("join_conversation", talk.named())
    await vendor.send_many(talk, range(5))

    assert await customer.refused("mark_read", talk.named(sequence=6)) == "validation_failed"
    await customer.ok("mark_delivered", talk.named(sequence=4))
    await customer.ok("mark_read", talk.named(sequence=3))
    await customer.ok("mark_read", talk.named(sequence=2))
    await customer.ok("mark_read", talk.named(sequence=5))
    await vendor.until(lambda: len(vendor.named("receipt.updated")) == 3)

    receipts = [
        (receipt["account_id"], receipt["delivered_sequence"], receipt["read_sequence"])
        for receipt in vendor.named("receipt.updated")
    ]
    me = talk.customer.id
    assert receipts == [(me, 4, 0), (me, 4, 3), (me, 5, 5)]
    snapshot = await vendor.ok("join_conversation", talk.named())
    read = {
        position["account_id"]: position["read_sequence"] for position in snapshot["read_positions"]
    }
    assert read == {me: 5, talk.vendor.id: 5}  # a sender has read what precedes its message


async def test_typing_expires_and_is_not_replayed(
    gateways: Gateways, connect: Connect, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typing ends when an app falls silent, and is not replayed to one that joins later."""
    monkeypatch.setattr(realtime_typing, "TTL_S", 0.3)
    customer, vendor = (
        await connect(gateways[0], talk.customer),
        await connect(gateways[1], talk.vendor),
    )
    await vendor.ok("join_conversation", talk.named())

    await customer.ok("set_typing", talk.named(is_typing=True))
    await vendor.until(lambda: len(vendor.named("typing.updated")) == 2)

    updates = vendor.named("typing.updated")
    assert [update["is_typing"] for update in updates] == [True, False]
    assert {update["account_id"] for update in updates} == {talk.customer.id}
    late = await connect(gateways[1], talk.vendor)
    await late.ok("join_conversation", talk.named())
    await vendor.send_many(talk, [1])
    await late.has_up_to(1)
    assert late.named("typing.updated") == []


async def test_sending_ends_typing(gateways: Gateways, connect: Connect, talk: Talk) -> None:
    """Sending a message ends typing, before the time-out."""
    customer, vendor = (
        await connect(gateways[0], talk.customer),
        await connect(gateways[1], talk.vendor),
    )
    await vendor.ok("join_conversation", talk.named())

    await customer.ok("set_typing", talk.named(is_typing=True))
    await customer.ok("send_message", talk.says("m-1"))
    await vendor.until(lambda: len(vendor.named("typing.updated")) == 2, within_s=4)

    assert [update["is_typing"] for update in vendor.named("typing.updated")] == [True, False]


async def test_a_connection_that_left_receives_no_pushes(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """After `leave_conversation` nothing is pushed; another join returns a new snapshot."""
    customer = await connect(gateways[0], talk.customer)
    witness = await connect(gateways[0], talk.vendor)
    for app in (customer, witness):
        await app.ok("join_conversation", talk.named())

    await customer.ok("leave_conversation", talk.named())
    await witness.ok("send_message", talk.says("m-1"))
    await witness.has_up_to(1)
    snapshot = await customer.ok("join_conversation", talk.named(after_sequence=0))
    await witness.ok("send_message", talk.says("m-2"))
    await customer.has_up_to(2)

    assert snapshot["head"] == 1
    assert customer.sequences() == [2]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("join_conversation", {}),
        ("fetch_entries", {"after_sequence": 0}),
        ("send_message", {"client_message_id": "m-1", "body": "Hello"}),
        ("edit_message", {"message_id": "m", "body": "Hello"}),
        ("delete_message", {"message_id": "m"}),
        ("mark_delivered", {"sequence": 1}),
        ("mark_read", {"sequence": 1}),
        ("set_typing", {"is_typing": True}),
    ],
)
async def test_another_accounts_conversation_is_not_found(
    name: str,
    more: dict[str, object],
    gateways: Gateways,
    connect: Connect,
    store: MongoStore,
    settings: Settings,
) -> None:
    """The answer is the same as for an id that does not exist, so that ids cannot be probed."""
    talk = await a_talk(store, settings)
    await written(store, talk)
    stranger = await connect(gateways[0], await a_person(store, settings, Role.VENDOR))

    for conversation_id in (talk.id, new_id()):
        code = await stranger.refused(name, {"conversation_id": conversation_id, **more})
        assert code == "not_found"
