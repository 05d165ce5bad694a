"""The messages that an email covers."""

from marketplace.ports import World
from notify.unread import Unread, unread, unread_bodies
from tests.builders import a_deletion, a_message, an_edit
from tests.notify.helpers import a_case, keep, of_messages, stored_message


def test_edits_count_and_deleted_messages_are_left_out() -> None:
    """The email shows what the app shows, even if the edit came after the last message."""
    first = a_message(id="m1", sequence=1, body="one", sender_id="carla")
    second = a_message(id="m2", sequence=2, body="two", sender_id="carla")
    entries = [
        first,
        second,
        an_edit(sequence=3, message_id="m1", body="ONE"),
        a_deletion(sequence=4, message_id="m2"),
    ]

    assert unread_bodies(entries, "vince", 2) == ("ONE",)


def test_own_and_later_messages_are_not_quoted() -> None:
    """A later message has its own notification."""
    entries = [
        a_message(sequence=1, body="mine", sender_id="vince"),
        a_message(sequence=2, body="yours", sender_id="carla"),
        a_message(sequence=3, body="later", sender_id="carla"),
        an_edit(sequence=4, message_id="of another mail"),
        a_deletion(sequence=5, message_id="of another mail"),
    ]

    assert unread_bodies(entries, "vince", 2) == ("yours",)


async def test_read_messages_are_not_quoted(world: World) -> None:
    """Read up to the first of three, two are left; read up to the last, none is."""
    case = await keep(world.store, a_case())
    for sequence, body in enumerate(("one", "two", "three"), start=1):
        await stored_message(world.store, case, sequence, body)
    data = of_messages(case, 1, 3).data

    assert await unread(world.store, case.vendor.id, data) == Unread(False, ("one", "two", "three"))

    await world.store.read_positions.advance(
        case.conversation.id, case.vendor.id, delivered=3, read=1
    )
    assert await unread(world.store, case.vendor.id, data) == Unread(False, ("two", "three"))

    await world.store.read_positions.advance(
        case.conversation.id, case.vendor.id, delivered=3, read=3
    )
    assert await unread(world.store, case.vendor.id, data) == Unread(True, ())


async def test_an_answer_counts_as_reading(world: World) -> None:
    """An answer sent elsewhere counts like a read receipt."""
    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1, "one")
    await stored_message(world.store, case, 2, "two")
    data = of_messages(case, 1, 2).data
    answer = a_message(conversation_id=case.conversation.id, sender_id=case.vendor.id)
    await world.store.transact(lambda tx: tx.entries.add_next(answer))

    assert await unread(world.store, case.vendor.id, data) == Unread(True, ())


async def test_a_deletion_long_after_its_message_keeps_it_out_of_the_email(world: World) -> None:
    """Three hundred messages lie between the two."""
    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1, "the alarm code")
    for sequence in range(2, 302):
        await stored_message(world.store, case, sequence, f"message {sequence}")
    (first,) = await world.store.entries.after(case.conversation.id, 0, 1)
    await world.store.entries.add_next(
        a_deletion(
            conversation_id=case.conversation.id,
            sequence=302,
            message_id=first.id,
            sender_id=case.customer.id,
        )
    )

    found = await unread(world.store, case.vendor.id, of_messages(case, 1, 301).data)

    assert "the alarm code" not in found.bodies
    assert len(found.bodies) == 300
