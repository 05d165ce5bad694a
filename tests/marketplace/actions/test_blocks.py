"""Blocking and unblocking a conversation."""

import pytest

from marketplace.actions import blocks, conversations, quotes
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation
from marketplace.domain.rfis import Rfi
from marketplace.errors import Code
from tests.builders import an_actor, quote_figures
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


class Talk:
    """A running conversation and its two participants."""

    def __init__(
        self, stage: Stage, rfi: Rfi, conversation: Conversation, customer: Actor, vendor: Actor
    ) -> None:
        self.stage, self.rfi, self.conversation = stage, rfi, conversation
        self.customer, self.vendor = customer, vendor

    async def says(self, actor: Actor, client_message_id: str) -> str:
        """Send a message as the gateway does, with the conversation as first loaded."""
        appended = await conversations.send_message(
            self.stage.world,
            actor,
            self.conversation,
            client_message_id=client_message_id,
            body="Hello",
            attachment_ids=[],
        )
        return appended.entry.id

    async def notices(self) -> list[str | None]:
        """The codes of the notices after the quote."""
        entries = await self.stage.store.entries.after(self.conversation.id, 2, 100)
        return [entry.code for entry in entries if entry.code]


@pytest.fixture
async def talk(stage: Stage) -> Talk:
    """A conversation between a customer and a vendor that has quoted."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(vendor, rfi)
    conversation = await stage.store.conversations.get(quote.conversation_id)
    assert conversation is not None
    return Talk(stage, rfi, conversation, customer, vendor)


async def test_neither_side_can_write_to_a_blocked_conversation(talk: Talk) -> None:
    """No message, edit or quote is accepted; people can still delete their own messages."""
    world, about = talk.stage.world, talk.conversation
    message_id = await talk.says(talk.vendor, "m-1")

    await blocks.block(world, talk.customer, about.id)

    for command in (
        talk.says(talk.customer, "m-2"),
        talk.says(talk.vendor, "m-2"),
        conversations.edit_message(world, talk.vendor, about, message_id, "Hello again"),
        quotes.submit(
            world, talk.vendor, talk.rfi.id, quote_figures(rfi_revision=talk.rfi.revision)
        ),
    ):
        assert await refused(command) is Code.BLOCKED
    assert await talk.says(talk.vendor, "m-1") == message_id
    await conversations.delete_message(world, talk.vendor, about, message_id)


async def test_a_conversation_reopens_when_no_block_is_left(talk: Talk) -> None:
    """It reopens once both blocks are removed; close and reopening are each announced once."""
    world, about = talk.stage.world, talk.conversation

    for step, who, is_open in (
        (blocks.block, talk.customer, False),
        (blocks.block, talk.customer, False),
        (blocks.block, talk.vendor, False),
        (blocks.unblock, talk.customer, False),
        (blocks.unblock, talk.vendor, True),
        (blocks.unblock, talk.vendor, True),
    ):
        assert (await step(world, who, about.id)).is_open is is_open

    await talk.says(talk.vendor, "m-1")
    assert await talk.notices() == ["conversation_closed", "conversation_reopened"]
    assert talk.stage.event_names()[-4:] == [
        "conversation.blocked",
        "conversation.blocked",
        "conversation.unblocked",
        "conversation.unblocked",
    ]


async def test_each_side_sees_its_own_state_of_a_block(talk: Talk) -> None:
    """The blocker sees its own block; the other side sees only that it is closed."""
    await blocks.block(talk.stage.world, talk.customer, talk.conversation.id)

    announced = {
        announcement.room: announcement.data
        for announcement in talk.stage.live.named("conversation.updated")
    }
    common = {"conversation_id": talk.conversation.id, "is_open": False, "position": 4}
    assert announced == {
        f"account:{talk.customer.account_id}": {**common, "blocked_by_me": True},
        f"account:{talk.vendor.account_id}": {**common, "blocked_by_me": False},
    }


async def test_a_read_position_is_not_announced_across_a_block(talk: Talk) -> None:
    """The reader's own position still moves, but the other side is not notified."""
    world, about = talk.stage.world, talk.conversation
    blocked = await blocks.block(world, talk.customer, about.id)

    moved = await conversations.mark_position(world, talk.vendor, blocked, delivered=0, read=3)

    assert moved is not None
    assert moved.read_sequence == 3
    assert talk.stage.live.named("receipt.updated") == []


async def test_a_stranger_cannot_block_a_conversation(talk: Talk) -> None:
    """For a non-participant, a conversation does not exist."""
    for step in (blocks.block, blocks.unblock):
        for conversation_id in (talk.conversation.id, "unknown"):
            command = step(talk.stage.world, an_actor(), conversation_id)
            assert await refused(command) is Code.NOT_FOUND
