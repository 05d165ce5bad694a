"""Muting and archiving."""

import asyncio
from dataclasses import replace

import pytest_asyncio

from marketplace.actions import conversations, inbox
from marketplace.domain.accounts import Actor
from marketplace.domain.inbox import InboxRow
from marketplace.errors import Code
from tests.builders import an_actor
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.talk import SpokenTalk


@pytest_asyncio.fixture
async def talk(stage: Stage) -> SpokenTalk:
    """A conversation with one message of the vendor."""
    talk = SpokenTalk(stage)
    await stage.store.conversations.add(talk.conversation)
    await talk.says(talk.vendor, "m-1")
    return talk


async def _row(talk: SpokenTalk, actor: Actor) -> InboxRow:
    return await inbox.own_row(talk.stage.world, actor, talk.conversation.id)


async def test_muting_pushes_once_to_the_persons_own_apps(talk: SpokenTalk) -> None:
    """Doing it again changes and tells nothing; the other side learns nothing."""
    world, id_ = talk.stage.world, talk.conversation.id

    for is_muted in (True, True, False):
        row = await inbox.mute(world, talk.customer, id_, is_muted=is_muted)
        assert row.is_muted is is_muted

    told = talk.stage.live.named("inbox.updated")
    assert {announcement.room for announcement in told} == {f"account:{talk.customer.account_id}"}
    assert [announcement.data["is_muted"] for announcement in told] == [True, False]
    assert [announcement.position for announcement in told] == [None, None]
    assert not (await _row(talk, talk.vendor)).is_muted


async def test_reading_on_one_app_is_pushed_to_the_others(talk: SpokenTalk) -> None:
    """With the head, so that they know whether anything is unread; in a blocked conversation too."""
    world, about = talk.stage.world, talk.conversation
    await talk.says(talk.vendor, "m-2")
    blocked = replace(about, blocked_by=(talk.vendor.account_id,))

    for read, conversation in ((1, about), (1, about), (2, blocked)):
        await conversations.mark_position(
            world, talk.customer, conversation, delivered=0, read=read
        )
    await conversations.mark_position(world, talk.vendor, about, delivered=2, read=0)

    pushed = talk.stage.live.named("inbox.read")
    assert {announcement.room for announcement in pushed} == {f"account:{talk.customer.account_id}"}
    assert [announcement.data for announcement in pushed] == [
        {"conversation_id": about.id, "read_sequence": read, "head": 2} for read in (1, 2)
    ]


async def test_the_next_message_ends_the_archiving(talk: SpokenTalk) -> None:
    """Or when one asks for it; both leave what is unread as it is."""
    world, id_ = talk.stage.world, talk.conversation.id

    archived = await inbox.archive(world, talk.customer, id_)
    assert (archived.is_archived, archived.unread) == (True, 1)
    await talk.says(talk.vendor, "m-2")
    assert not (await _row(talk, talk.customer)).is_archived

    assert (await inbox.archive(world, talk.customer, id_)).is_archived
    assert (await inbox.archive(world, talk.customer, id_)).is_archived
    assert not (await inbox.unarchive(world, talk.customer, id_)).is_archived
    assert not (await inbox.unarchive(world, talk.customer, id_)).is_archived
    assert len(talk.stage.live.named("inbox.updated")) == 3


async def test_a_concurrent_message_is_never_archived_unseen(talk: SpokenTalk) -> None:
    """Whichever comes first: what is archived is what was there."""
    for number in range(20):
        await asyncio.gather(
            inbox.archive(talk.stage.world, talk.customer, talk.conversation.id),
            talk.says(talk.vendor, f"race-{number}"),
        )
        row = await _row(talk, talk.customer)
        settings = talk.stage.store.tables.inbox_settings
        archived = settings[talk.conversation.id, talk.customer.account_id].archived_sequence
        assert row.is_archived == (archived == row.head)


async def test_a_stranger_finds_and_changes_nothing(talk: SpokenTalk) -> None:
    """Neither a conversation of others nor one that does not exist."""
    stranger, world = an_actor(), talk.stage.world
    before = talk.stage.store.tables.snapshot()

    for id_ in (talk.conversation.id, "unknown"):
        for asked in (
            inbox.own_row(world, stranger, id_),
            inbox.mute(world, stranger, id_, is_muted=True),
            inbox.archive(world, stranger, id_),
            inbox.unarchive(world, stranger, id_),
        ):
            assert await refused(asked) is Code.NOT_FOUND

    assert talk.stage.store.tables.snapshot() == before
    assert talk.stage.live.named("inbox.updated") == []
