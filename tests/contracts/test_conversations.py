"""Conversations and their participants' read positions."""

import asyncio
from dataclasses import replace

from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Participant, ReadPosition
from marketplace.ports import Store
from tests.builders import a_conversation
from tests.contracts.helpers import all_pages


async def test_a_stored_conversation_reads_back_equal(store: Store) -> None:
    """A conversation keeps its participants in order; an unknown conversation is None."""
    conversation = a_conversation()
    await store.conversations.add(conversation)

    assert await store.conversations.get(conversation.id) == conversation
    assert await store.conversations.get("unknown") is None


async def test_an_accounts_conversations_are_paged_newest_first(store: Store) -> None:
    """The pages hold each conversation of the account once, whether as customer or as vendor."""
    carla = Participant("carla", Role.CUSTOMER, "Carla Reyes")
    vince = Participant("vince", Role.VENDOR, "Front Range Plumbing")
    both = [a_conversation(participants=(carla, vince)) for _ in range(5)]
    for conversation in (*both, a_conversation()):
        await store.conversations.add(conversation)

    carlas = await all_pages(lambda at: store.conversations.of_account("carla", at), 2)
    vinces = await all_pages(lambda at: store.conversations.of_account("vince", at), 5)

    newest_first = both[::-1]
    assert carlas == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    assert vinces == [newest_first]


async def test_the_participants_of_many_are_told_together(store: Store) -> None:
    """Each conversation comes with its participants' accounts; unknown ones are left out."""
    one, other = a_conversation(), a_conversation()
    for conversation in (one, other):
        await store.conversations.add(conversation)

    found = await store.conversations.participants([one.id, other.id, "unknown"])

    assert found == {
        conversation.id: tuple(participant.account_id for participant in conversation.participants)
        for conversation in (one, other)
    }


async def test_a_read_position_only_moves_forward(store: Store) -> None:
    """A lower number changes nothing and returns None; the two numbers move independently."""
    move = store.read_positions.advance

    assert await move("c", "carla", delivered=5, read=3) == ReadPosition("c", "carla", 5, 3)
    assert await move("c", "carla", delivered=5, read=3) is None
    assert await move("c", "carla", delivered=4, read=2) is None
    assert await move("c", "carla", delivered=2, read=4) == ReadPosition("c", "carla", 5, 4)
    assert await move("c", "carla", delivered=9, read=0) == ReadPosition("c", "carla", 9, 4)
    assert await store.read_positions.of_conversation("c") == [ReadPosition("c", "carla", 9, 4)]


async def test_reading_a_message_also_marks_it_delivered(store: Store) -> None:
    """Advancing the read sequence advances the delivered sequence with it."""
    moved = await store.read_positions.advance("c", "carla", delivered=0, read=7)

    assert moved == ReadPosition("c", "carla", 7, 7)


async def test_a_mark_at_zero_changes_nothing(store: Store) -> None:
    """A first call with both numbers at zero returns None."""
    assert await store.read_positions.advance("c", "carla", delivered=0, read=0) is None


async def test_concurrent_marks_leave_the_highest_position(store: Store) -> None:
    """One person's apps mark in any order, and each number ends at its highest value."""
    marks = [(n, 50 - n) for n in range(50)]

    moved = await asyncio.gather(
        *(
            store.read_positions.advance("c", "carla", delivered=delivered, read=read)
            for delivered, read in marks
        )
    )

    assert await store.read_positions.of_conversation("c") == [ReadPosition("c", "carla", 50, 50)]
    assert ReadPosition("c", "carla", 50, 50) in moved


async def test_read_positions_are_found_by_conversation_and_by_account(store: Store) -> None:
    """A conversation has everybody's positions; an account has its own in the given ones."""
    for conversation_id, account_id in (("c1", "carla"), ("c1", "vince"), ("c2", "carla")):
        await store.read_positions.advance(conversation_id, account_id, delivered=1, read=1)

    of_first = await store.read_positions.of_conversation("c1")
    of_carla = await store.read_positions.of_account("carla", ["c1", "c2", "c3"])

    assert {position.account_id for position in of_first} == {"carla", "vince"}
    assert of_carla == {
        "c1": ReadPosition("c1", "carla", 1, 1),
        "c2": ReadPosition("c2", "carla", 1, 1),
    }
    assert await store.read_positions.of_account("vince", ["c2"]) == {}
    assert await store.read_positions.of_conversation("c3") == []


async def test_many_read_positions_are_read_at_once(store: Store) -> None:
    """Read sequences come by conversation and account; pairs without a position are left out."""
    await store.read_positions.advance("c1", "carla", delivered=5, read=4)
    await store.read_positions.advance("c2", "vince", delivered=2, read=0)

    found = await store.read_positions.read_by([("c1", "carla"), ("c2", "vince"), ("c1", "vince")])

    assert found == {("c1", "carla"): 4, ("c2", "vince"): 0}


async def test_a_conversation_is_replaced_as_a_whole(store: Store) -> None:
    """Saving a conversation adds a block and removes it again."""
    conversation = a_conversation()
    await store.conversations.add(conversation)
    blocked = replace(conversation, blocked_by=("carla", "vince"))

    await store.conversations.save(blocked)
    assert await store.conversations.get(conversation.id) == blocked

    await store.conversations.save(conversation)
    assert await store.conversations.get(conversation.id) == conversation


async def test_blocked_conversations_are_found_among_many(store: Store) -> None:
    """Each blocked conversation comes with who blocks it; open and unknown ones are left out."""
    still_open, blocked = a_conversation(), a_conversation(blocked_by=("carla",))
    for conversation in (still_open, blocked):
        await store.conversations.add(conversation)

    found = await store.conversations.blocks([still_open.id, blocked.id, "unknown"])

    assert found == {blocked.id: ("carla",)}
    assert await store.conversations.blocks([]) == {}
