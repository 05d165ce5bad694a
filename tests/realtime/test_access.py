"""What a connection was found to be allowed, kept until the account's access changes."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Conversation
from marketplace.domain.vendors import VendorState
from marketplace.errors import Code, ParleyError
from realtime import access as module
from realtime.access import Access
from tests import memory
from tests.builders import a_conversation, a_vendor


class Store:
    """An in-memory store with a vendor, whose look-ups of conversations a test can hold up."""

    def __init__(self) -> None:
        self.kept = memory.Store()
        self.world = memory.a_world(store=self.kept)
        self.vendor = a_vendor()
        self.looked_up: list[str] = []
        self.may_answer, self.is_asked = asyncio.Event(), asyncio.Event()
        self.may_answer.set()
        self._get = self.kept.conversations.get
        self.kept.conversations.get = self._look_up  # type: ignore[method-assign] # records

    async def _look_up(self, conversation_id: str) -> Conversation | None:
        self.looked_up.append(conversation_id)
        self.is_asked.set()
        await self.may_answer.wait()
        return await self._get(conversation_id)

    async def conversation(self) -> Conversation:
        """A conversation of the vendor."""
        conversation: Conversation = a_conversation()
        customer, vendor = conversation.participants
        with_vendor = replace(vendor, account_id=self.vendor.id)
        conversation = replace(conversation, participants=(customer, with_vendor))
        await self.kept.conversations.add(conversation)
        return conversation

    async def suspend(self) -> None:
        """Suspend the vendor."""
        suspended = replace(self.vendor, state=VendorState.SUSPENDED)
        await self.kept.vendors.save(suspended)


@pytest.fixture
async def store() -> Store:
    """A store with an active vendor."""
    store = Store()
    await store.kept.vendors.add(store.vendor)
    return store


@pytest.fixture
def access(store: Store) -> Access:
    """The access of a connection of the vendor."""
    return Access(store.world, Actor(store.vendor.id, Role.VENDOR))


async def test_a_conversation_is_looked_up_once(store: Store, access: Access) -> None:
    """Every later call gets the first answer without asking the store."""
    found = await store.conversation()

    for _ in range(3):
        assert await access.conversation(found.id) == found
        assert await access.writable_conversation(found.id) == found

    assert store.looked_up == [found.id]


async def test_a_change_of_access_makes_every_call_look_up_again(
    store: Store, access: Access
) -> None:
    """Nothing that was found before the change is used after it."""
    found = await store.conversation()
    await access.writable_conversation(found.id)
    await store.suspend()

    access.forget()

    with pytest.raises(ParleyError) as refused:
        await access.writable_conversation(found.id)
    assert refused.value.code is Code.FORBIDDEN
    assert store.looked_up == [found.id] * 2
    assert not access.may_write
    assert await access.conversation(found.id) == found


async def test_a_look_up_from_before_a_change_is_not_cached(store: Store, access: Access) -> None:
    """The look-up that was in flight answers its own call, and no later one."""
    found = await store.conversation()
    store.may_answer.clear()
    in_flight = asyncio.create_task(access.writable_conversation(found.id))
    await store.is_asked.wait()

    access.forget()
    store.may_answer.set()
    assert await in_flight == found

    await access.conversation(found.id)
    assert store.looked_up == [found.id] * 2


async def test_a_stale_conversation_is_looked_up_again(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is blocked is at most as old as the bound says."""
    found = await store.conversation()
    assert await access.recent_conversation(found.id) == found
    await store.kept.conversations.save(replace(found, blocked_by=("customer",)))
    assert (await access.recent_conversation(found.id)).is_open

    monkeypatch.setattr(module, "BLOCK_NOTICED_WITHIN_S", -1.0)

    assert not (await access.recent_conversation(found.id)).is_open


async def test_a_message_does_not_wait_when_everything_is_cached(
    store: Store, access: Access
) -> None:
    """It is handed to the writer in the turn in which it arrived."""
    found = await store.conversation()
    await access.writable_conversation(found.id)

    assert _without_waiting(access.writable_conversation(found.id)) == found


async def test_messages_keep_their_order_during_a_look_up(store: Store, access: Access) -> None:
    """A message to a known conversation does not overtake one whose conversation is looked up."""
    known, other = await store.conversation(), await store.conversation()
    await access.writable_conversation(known.id)
    store.may_answer.clear()
    store.is_asked.clear()
    order: list[str] = []

    async def send(conversation: Conversation) -> None:
        await access.writable_conversation(conversation.id)
        order.append(conversation.id)

    sending = [asyncio.create_task(send(to)) for to in (other, known, other, known)]
    await store.is_asked.wait()
    assert order == []
    assert _without_waiting(access.conversation(known.id)) == known  # a read is not held up

    store.may_answer.set()
    await asyncio.gather(*sending)
    assert order == [other.id, known.id, other.id, known.id]
    assert store.looked_up == [known.id, other.id]


async def test_a_refusal_does_not_delay_the_next_message(store: Store, access: Access) -> None:
    """A conversation of somebody else is refused, and is looked up each time."""
    found = await store.conversation()
    foreign = a_conversation()
    await store.kept.conversations.add(foreign)
    await access.writable_conversation(found.id)

    for _ in range(2):
        with pytest.raises(ParleyError) as refused:
            await access.writable_conversation(foreign.id)
        assert refused.value.code is Code.NOT_FOUND

    assert _without_waiting(access.writable_conversation(found.id)) == found
    assert store.looked_up == [found.id, foreign.id, foreign.id]


async def test_the_oldest_of_too_many_conversations_is_evicted(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound, the conversation that was looked up first is looked up again."""
    monkeypatch.setattr(module, "MAX_CONVERSATIONS", 2)
    first, second, third = [await store.conversation() for _ in range(3)]
    for conversation in (first, second, third, second, first):
        await access.conversation(conversation.id)

    assert store.looked_up == [first.id, second.id, third.id, first.id]


def _without_waiting(work: Coroutine[Any, Any, Conversation]) -> Conversation:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        conversation: Conversation = done.value
        return conversation
    work.close()
    raise AssertionError("it waited")
