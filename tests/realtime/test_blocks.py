"""A block holds on every gateway from its acknowledgement on, whether Redis tells of it or not."""

import asyncio
from dataclasses import replace

import pytest

from marketplace.actions import blocks
from marketplace.actions.conversations import add_notice
from marketplace.domain.accounts import Actor, Role
from marketplace.ports import Repositories
from marketplace.storage import MongoStore
from realtime import conversations
from tests.builders import NOW
from tests.realtime.apps import App, Talk
from tests.realtime.conftest import Connect, Gateways


async def _both(gateways: Gateways, connect: Connect, talk: Talk) -> tuple[App, App]:
    """The customer's app on one gateway, the vendor's on the other, joined."""
    apps = (await connect(gateways[0], talk.customer), await connect(gateways[1], talk.vendor))
    for each in apps:
        await each.ok("join_conversation", talk.named())
    return apps


async def _block(gateways: Gateways, talk: Talk) -> None:
    actor = Actor(talk.customer.id, Role.CUSTOMER)
    await blocks.block(gateways[0].parts.world, actor, talk.id)


async def _block_silently(store: MongoStore, talk: Talk) -> None:
    """As a process does that is killed between the commit and the announcement."""

    async def work(tx: Repositories) -> None:
        await tx.conversations.save(replace(talk.conversation, blocked_by=(talk.customer.id,)))
        actor = Actor(talk.customer.id, Role.CUSTOMER)
        await add_notice(tx, talk.id, "conversation_closed", {}, actor, NOW)

    await store.transact(work)


async def test_no_message_is_acknowledged_after_the_block(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """Both write at full speed over two gateways: behind the block's number there is nothing."""
    apps = await _both(gateways, connect, talk)
    answers: list[list[dict[str, object]]] = [[], []]
    is_over = asyncio.Event()

    async def write(number: int, lane: int) -> None:
        count = 0
        while not is_over.is_set():
            count += 1
            says = talk.says(f"{number}-{lane}-{count}")
            answers[number].append(await apps[number].call("send_message", says))

    writing = [asyncio.create_task(write(n, lane)) for n in (0, 1) for lane in range(4)]
    async with asyncio.timeout(60):
        while min(map(len, answers)) < 20:  # noqa: ASYNC110 # of answers to calls
            await asyncio.sleep(0.001)
    await _block(gateways, talk)
    before = [len(each) for each in answers]
    async with asyncio.timeout(60):
        while any(len(each) < n + 20 for each, n in zip(answers, before, strict=True)):  # noqa: ASYNC110 # as above
            await asyncio.sleep(0.001)
    is_over.set()
    await asyncio.gather(*writing)

    kept = await store.entries.after(talk.id, 0, 5_000)
    assert kept[-1].code == "conversation_closed"
    given = [each for of_app in answers for each in of_app]
    refusals = [each["error"] for each in given if not each["ok"]]
    assert len(given) - len(refusals) == len(kept) - 1
    assert {each["code"] for each in refusals} == {"blocked"}  # type: ignore[index] # an error is an object
    for each in apps:
        await each.has_up_to(kept[-1].sequence)
        assert each.sequences() == [entry.sequence for entry in kept]


@pytest.mark.parametrize("is_announced", [True, False])
async def test_typing_and_receipts_do_not_cross_a_block(
    gateways: Gateways,
    connect: Connect,
    talk: Talk,
    store: MongoStore,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_announced: bool,
) -> None:
    """At once when it is announced, and soon when that was lost; nor is a joining app told of them."""
    customer, vendor = await _both(gateways, connect, talk)
    for number, each in enumerate((customer, vendor)):
        await each.ok("send_message", talk.says(f"m{number}"))
        await each.ok("mark_read", talk.named(sequence=1))
    await customer.until(lambda: len(customer.named("receipt.updated")) == 2)

    if is_announced:
        await _block(gateways, talk)
        for each in (customer, vendor):
            await each.until(lambda each=each: bool(each.named("conversation.updated")))  # type: ignore[misc] # bound in the loop
    else:
        monkeypatch.setattr(conversations, "BLOCK_HEARD_WITHIN_S", 0.0)
        await _block_silently(store, talk)
    for each in (customer, vendor):
        typing = talk.named(is_typing=True)
        assert await each.refused("set_typing", typing) == "blocked"
        assert await each.refused("send_message", talk.says("late")) == "blocked"
    await vendor.ok("mark_read", talk.named(sequence=2))
    again = await customer.ok("join_conversation", talk.named())

    assert customer.named("typing.updated") == vendor.named("typing.updated") == []
    assert len(customer.named("receipt.updated")) == 2
    assert again["conversation"]["is_open"] is False
    assert again["conversation"]["blocked_by_me"] is True
    assert [each["account_id"] for each in again["read_positions"]] == [talk.customer.id]
