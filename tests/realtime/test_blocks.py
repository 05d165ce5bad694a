"""A block applies on every gateway once acknowledged, whether Redis announces it or not."""

import asyncio
from dataclasses import replace

import pytest

from marketplace.actions import blocks
from marketplace.actions.conversations import add_notice
from marketplace.domain.accounts import Actor, Role
from marketplace.ports import Repositories
from marketplace.storage import MongoStore
from realtime import access
from tests.builders import NOW
from tests.realtime.apps import App, Talk
from tests.realtime.conftest import Connect, Gateways


async def _both(gateways: Gateways, connect: Connect, talk: Talk) -> tuple[App, App]:
    """Join the customer's app on one gateway and the vendor's on the other."""
    apps = (await connect(gateways[0], talk.customer), await connect(gateways[1], talk.vendor))
    for app in apps:
        await app.ok("join_conversation", talk.named())
    return apps


async def _block(gateways: Gateways, talk: Talk) -> None:
    actor = Actor(talk.customer.id, Role.CUSTOMER)
    await blocks.block(gateways[0].parts.world, actor, talk.id)


async def _block_silently(store: MongoStore, talk: Talk) -> None:
    """Block as a process does that is killed between the commit and the announcement."""

    async def work(tx: Repositories) -> None:
        await tx.conversations.save(replace(talk.conversation, blocked_by=(talk.customer.id,)))
        actor = Actor(talk.customer.id, Role.CUSTOMER)
        await add_notice(tx, talk.id, "conversation_closed", {}, actor, NOW)

    await store.transact(work)


async def test_no_message_is_acknowledged_after_a_block(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore
) -> None:
    """With both writing at full speed over two gateways, no entry follows the block's."""
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
        while min(map(len, answers)) < 20:  # noqa: ASYNC110 # answers to calls
            await asyncio.sleep(0.001)
    await _block(gateways, talk)
    before = [len(answered) for answered in answers]
    async with asyncio.timeout(60):
        while any(len(answered) < n + 20 for answered, n in zip(answers, before, strict=True)):  # noqa: ASYNC110 # as above
            await asyncio.sleep(0.001)
    is_over.set()
    await asyncio.gather(*writing)

    kept = await store.entries.after(talk.id, 0, 5_000)
    assert kept[-1].code == "conversation_closed"
    given = [answer for of_app in answers for answer in of_app]
    refusals = [answer["error"] for answer in given if not answer["ok"]]
    assert len(given) - len(refusals) == len(kept) - 1
    assert {refusal["code"] for refusal in refusals} == {"blocked"}  # type: ignore[index] # an error is an object
    for app in apps:
        await app.has_up_to(kept[-1].sequence)
        assert app.sequences() == [entry.sequence for entry in kept]


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
    """A block stops typing and receipts at once, or soon if its announcement is lost."""
    customer, vendor = await _both(gateways, connect, talk)
    for number, app in enumerate((customer, vendor)):
        await app.ok("send_message", talk.says(f"m{number}"))
        await app.ok("mark_read", talk.named(sequence=1))
    await customer.until(lambda: len(customer.named("receipt.updated")) == 2)

    if is_announced:
        await _block(gateways, talk)
        for app in (customer, vendor):
            await app.until(lambda app=app: bool(app.named("conversation.updated")))  # type: ignore[misc] # bound in the loop
    else:
        monkeypatch.setattr(access, "BLOCK_NOTICED_WITHIN_S", 0.0)
        await _block_silently(store, talk)
    for app in (customer, vendor):
        typing = talk.named(is_typing=True)
        assert await app.refused("set_typing", typing) == "blocked"
        assert await app.refused("send_message", talk.says("late")) == "blocked"
    await vendor.ok("mark_read", talk.named(sequence=2))
    again = await customer.ok("join_conversation", talk.named())

    assert customer.named("typing.updated") == vendor.named("typing.updated") == []
    assert len(customer.named("receipt.updated")) == 2
    assert again["conversation"]["is_open"] is False
    assert again["conversation"]["blocked_by_me"] is True
    assert [position["account_id"] for position in again["read_positions"]] == [talk.customer.id]
