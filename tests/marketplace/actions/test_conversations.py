"""The message actions: what they check, append and announce."""

import pytest

from marketplace.actions import conversations, inbox
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Channel
from marketplace.errors import Code
from tests.builders import an_actor
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.talk import SpokenTalk


@pytest.fixture
def talk(stage: Stage) -> SpokenTalk:
    """A conversation without entries."""
    return SpokenTalk(stage)


async def test_a_resent_message_is_announced_once(talk: SpokenTalk) -> None:
    """A resend gets the first answer and pushes nothing."""
    first = await talk.says(talk.customer, "m-1")
    again = await talk.says(talk.customer, "m-1")

    assert (first.is_new, again.is_new) == (True, False)
    assert again.entry == first.entry
    assert first.entry.channel is Channel.APP
    (announcement,) = talk.stage.live.named("message.sent")
    assert (announcement.position, announcement.data["id"]) == (1, first.entry.id)


async def test_another_body_under_the_same_id_is_refused(talk: SpokenTalk) -> None:
    """The refusal reveals the app's defect, instead of losing a message silently."""
    await talk.says(talk.customer, "m-1", "Hello")

    assert await refused(talk.says(talk.customer, "m-1", "Other")) is (
        Code.CLIENT_MESSAGE_ID_REUSED
    )
    assert (await talk.says(talk.vendor, "m-1", "Other")).is_new


async def test_a_stranger_can_do_nothing(talk: SpokenTalk) -> None:
    """A non-participant can neither send, change, mark nor read."""
    stranger = an_actor()
    message = (await talk.says(talk.customer, "m-1")).entry
    world, about = talk.stage.world, talk.conversation

    for command in (
        talk.says(stranger, "m-2"),
        conversations.edit_message(world, stranger, about, message.id, "Mine"),
        conversations.delete_message(world, stranger, about, message.id),
        conversations.mark_position(world, stranger, about, delivered=0, read=1),
        conversations.own_conversation(world, stranger, about.id),
    ):
        assert await refused(command) is Code.NOT_FOUND


async def test_a_message_of_another_conversation_cannot_be_changed(talk: SpokenTalk) -> None:
    """Even its sender cannot change a message through another conversation."""
    elsewhere = SpokenTalk(talk.stage)
    message = (await elsewhere.says(elsewhere.customer, "m-1")).entry
    sender = Actor(talk.customer.account_id, Role.CUSTOMER)

    command = conversations.delete_message(talk.stage.world, sender, talk.conversation, message.id)

    assert await refused(command) is Code.NOT_FOUND


async def test_unread_is_the_head_minus_the_read_position(talk: SpokenTalk) -> None:
    """The unread count follows from the head and the read position, so it cannot drift."""
    await talk.stage.store.conversations.add(talk.conversation)
    for number in range(5):
        await talk.says(talk.vendor, f"m-{number}")
    await conversations.mark_position(
        talk.stage.world, talk.customer, talk.conversation, delivered=0, read=3
    )

    row = await inbox.own_row(talk.stage.world, talk.customer, talk.conversation.id)

    assert (row.head, row.read_sequence, row.unread) == (5, 3, 2)
    beyond = conversations.mark_position(
        talk.stage.world, talk.customer, talk.conversation, delivered=6, read=0
    )
    assert await refused(beyond) is Code.VALIDATION_FAILED


async def test_an_unchanged_position_is_not_announced(talk: SpokenTalk) -> None:
    """Marking the same position again announces nothing."""
    await talk.says(talk.vendor, "m-1")

    for _ in range(3):
        await conversations.mark_position(
            talk.stage.world, talk.customer, talk.conversation, delivered=0, read=1
        )

    assert len(talk.stage.live.named("receipt.updated")) == 1
