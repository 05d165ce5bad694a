"""Chat messages to absent people: one open digest per conversation and person."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.events import Event, decode
from marketplace.ports import World, account_room
from marketplace.storage import MongoStore
from notify.digests import Digests
from notify.handler import GROUP, Handler
from tests import memory
from tests.builders import NOW, FixedClock
from tests.notify.helpers import (
    Case,
    a_case,
    keep,
    of_account,
    of_match,
    of_message,
    of_messages,
    only,
    states,
    stored_message,
)

PENDING, SENDING = NotificationState.PENDING, NotificationState.SENDING
SENT = NotificationState.SENT
DUE = NOW + timedelta(seconds=5)
LEASE_ENDS = DUE + timedelta(minutes=1)


@pytest.fixture
def digests(world: World) -> Digests:
    """Digests of chat over the world's store."""
    return Digests(world)


async def stored_messages(store: MongoStore, case: Case, *sequences: int) -> list[Event]:
    """Store the customer's messages with these sequences, which must be next; returns events."""
    return [await stored_message(store, case, sequence) for sequence in sequences]


async def claimed(store: MongoStore) -> Notification:
    """Claim the notification that is due, as a worker does."""
    found = await store.notifications.claim_due(Channel.EMAIL, DUE, LEASE_ENDS)
    assert found is not None
    return found


async def counts(store: MongoStore) -> Counter[str]:
    """The number of documents that notify has written, by collection."""
    names = ("notifications", "outbox", "handled_events")
    return Counter({name: await store.database[name].count_documents({}) for name in names})


async def _events(store: MongoStore) -> list[Event]:
    """The events in the outbox."""
    found = await store.database["outbox"].find().to_list(None)
    return [decode(document["value"]) for document in found]


def windows(found: list[Notification]) -> list[tuple[int, int]]:
    """The first and last sequence that each digest covers."""
    return [(digest.data["first_sequence"], digest.data["sequence"]) for digest in found]


async def test_a_message_to_a_connected_recipient_writes_nothing(
    digests: Digests, world: World, store: MongoStore
) -> None:
    """The vendor sees it in the app; neither a notification nor a mark is written."""
    case = await keep(store, a_case())
    await world.presence.connected(case.vendor.id)

    await digests.handle_batch(await stored_messages(store, case, 1, 2))

    assert (await counts(store)).total() == 0


async def test_a_digest_belongs_to_the_trace_of_the_message_that_opened_it(
    digests: Digests, store: MongoStore, live: memory.Live
) -> None:
    """In a batch of many conversations each digest, its event and its push keep their own."""
    cases = [await keep(store, a_case()) for _ in range(2)]
    batch = [
        replace(await stored_message(store, case, 1), traceparent=f"of {case.vendor.id}")
        for case in cases
    ]

    await digests.handle_batch(batch)

    for case in cases:
        (digest,) = await of_account(store, case.vendor.id)
        assert digest.traceparent == f"of {case.vendor.id}"
    assert {event.key: event.traceparent for event in await _events(store)} == {
        case.vendor.id: f"of {case.vendor.id}" for case in cases
    }
    assert {push.room: push.traceparent for push in live.named("notification.created")} == {
        account_room(case.vendor.id): f"of {case.vendor.id}" for case in cases
    }


async def test_the_first_message_to_an_absent_recipient_opens_a_digest(
    digests: Digests, store: MongoStore, live: memory.Live
) -> None:
    """The digest is due after five seconds, by email, and is announced to the recipient's apps."""
    case = await keep(store, a_case())

    await digests.handle_batch(await stored_messages(store, case, 1))

    digest = await only(store, case.vendor.id)
    assert (digest.channel, digest.state, digest.due_at) == ("email", PENDING, DUE)
    assert windows([digest]) == [(1, 1)]
    assert await of_account(store, case.customer.id) == []
    assert [push.data["id"] for push in live.named("notification.created")] == [digest.id]


async def test_later_messages_join_the_digest_without_further_writes(
    digests: Digests, store: MongoStore, live: memory.Live
) -> None:
    """Three hundred messages, in batches, write no more than the first one did."""
    case = await keep(store, a_case())
    await digests.handle_batch(await stored_messages(store, case, 1))

    for begin in range(2, 300, 60):
        await digests.handle_batch(await stored_messages(store, case, *range(begin, begin + 60)))

    assert await counts(store) == {"notifications": 1, "outbox": 1, "handled_events": 1}
    digest = await only(store, case.vendor.id)
    assert (windows([digest]), digest.due_at) == ([(1, 301)], DUE)
    assert len(live.announcements) == 1


async def test_one_batch_opens_one_digest_for_each_conversation(
    digests: Digests, store: MongoStore
) -> None:
    """Messages of twelve conversations, mixed, open more digests than fit into one transaction."""
    cases = [await keep(store, a_case()) for _ in range(12)]
    batch = [await stored_message(store, case, number) for number in (1, 2, 3) for case in cases]

    await digests.handle_batch(batch)

    for case in cases:
        assert windows(await of_account(store, case.vendor.id)) == [(1, 3)]
    assert await counts(store) == {"notifications": 12, "outbox": 12, "handled_events": 12}


async def test_each_side_gets_a_digest_of_the_others_messages(
    digests: Digests, store: MongoStore
) -> None:
    """Each side gets a separate digest, with the name that the conversation has for the other."""
    case = await keep(store, a_case())
    first, second = await stored_messages(store, case, 1, 2)
    entry = await store.entries.get(second.id)
    assert entry is not None

    await digests.handle_batch([first, of_message(replace(entry, sender_id=case.vendor.id))])

    to_vendor, to_customer = await only(store, case.vendor.id), await only(store, case.customer.id)
    assert (windows([to_vendor]), to_vendor.data["sender_name"]) == ([(1, 1)], "Carla Reyes")
    assert (windows([to_customer]), to_customer.data["sender_name"]) == (
        [(2, 2)],
        "Front Range Plumbing",
    )


async def test_a_message_during_the_send_opens_the_next_digest(
    digests: Digests, store: MongoStore
) -> None:
    """A digest that a worker has claimed takes no more messages."""
    case = await keep(store, a_case())
    await digests.handle_batch(await stored_messages(store, case, 1, 2))
    await claimed(store)

    await digests.handle_batch(await stored_messages(store, case, 3, 4))

    found = await of_account(store, case.vendor.id)
    assert states(found) == [(SENDING, None), (PENDING, None)]
    assert windows(found) == [(1, 2), (3, 4)]


async def test_a_postponed_digest_takes_more_messages(digests: Digests, store: MongoStore) -> None:
    """While the provider is down, a long talk makes one email and not one every five seconds."""
    case = await keep(store, a_case())
    await digests.handle_batch(await stored_messages(store, case, 1))
    for sequence in (2, 3, 4):
        postponed = replace(await claimed(store), state=PENDING, due_at=DUE)
        assert await store.notifications.settle(postponed)
        await digests.handle_batch(await stored_messages(store, case, sequence))

    assert windows(await of_account(store, case.vendor.id)) == [(1, 4)]


async def test_a_concurrent_claim_loses_no_message(digests: Digests, store: MongoStore) -> None:
    """A message that arrives during a claim is in exactly one digest that will be sent."""
    for _ in range(25):
        case = await keep(store, a_case())
        await digests.handle_batch(await stored_messages(store, case, 1))
        later = await stored_messages(store, case, 2, 3)

        taken, _ = await asyncio.gather(claimed(store), digests.handle_batch(later))

        found = await of_account(store, case.vendor.id)
        assert found[0].data["sequence"] == taken.data["sequence"]
        assert windows(found) in ([(1, 3)], [(1, 1), (2, 3)])
        assert await store.notifications.settle(replace(taken, state=SENT))
        for _ in found[1:]:
            assert await store.notifications.settle(replace(await claimed(store), state=SENT))


async def test_a_redelivered_batch_changes_nothing(digests: Digests, store: MongoStore) -> None:
    """A repeated batch, or a part of it, changes nothing, whether its digest is open or sent."""
    case = await keep(store, a_case())
    batch = await stored_messages(store, case, 1, 2, 3)
    for again in (batch, batch, batch[1:]):
        await digests.handle_batch(again)
    assert await store.notifications.settle(replace(await claimed(store), state=SENT))

    for again in (batch, batch[1:], batch[2:]):
        await digests.handle_batch(again)

    assert windows(await of_account(store, case.vendor.id)) == [(1, 3)]
    assert await counts(store) == {"notifications": 1, "outbox": 1, "handled_events": 1}


async def test_concurrent_deliveries_of_one_batch_open_one_digest(
    world: World, store: MongoStore
) -> None:
    """After a rebalance, the same batch in ten processes opens one digest."""
    case = await keep(store, a_case())
    batch = await stored_messages(store, case, 1, 2, 3)

    await asyncio.gather(*(Digests(world).handle_batch(batch) for _ in range(10)))

    assert windows(await of_account(store, case.vendor.id)) == [(1, 3)]
    assert await counts(store) == {"notifications": 1, "outbox": 1, "handled_events": 1}


async def test_a_recipient_that_has_read_everything_gets_no_email(
    digests: Digests, store: MongoStore
) -> None:
    """A recipient gets no email once everything is read, however late the event is handled.

    A recipient who has read only a part gets one.
    """
    case = await keep(store, a_case())
    batch = await stored_messages(store, case, 1, 2)
    await store.read_positions.advance(case.conversation.id, case.vendor.id, delivered=2, read=2)

    await digests.handle_batch(batch)
    assert (await counts(store)).total() == 0

    await digests.handle_batch([*batch, *await stored_messages(store, case, 3)])
    assert windows(await of_account(store, case.vendor.id)) == [(1, 3)]


async def test_messages_handled_by_the_previous_version_are_not_repeated(
    digests: Digests, store: MongoStore
) -> None:
    """Messages that the previous version handled are not covered again.

    It marks each message, and its digests have no key; other messages open a new digest.
    """
    case = await keep(store, a_case())
    before = await stored_messages(store, case, 1, 2)
    await store.notifications.add(of_messages(case, 1, 2, due_at=DUE, event_id=before[0].id))
    await store.transact(lambda tx: _marked(tx, before))

    await digests.handle_batch(before)
    assert windows(await of_account(store, case.vendor.id)) == [(1, 2)]

    await digests.handle_batch([*before, *await stored_messages(store, case, 3)])
    assert windows(await of_account(store, case.vendor.id)) == [(1, 2), (3, 3)]


async def _marked(tx: Any, messages: list[Event]) -> None:
    await tx.handled.mark_many(GROUP, [message.id for message in messages])


async def test_a_message_of_an_unknown_conversation_is_skipped(
    digests: Digests, store: MongoStore
) -> None:
    """A message of an unknown conversation notifies nobody."""
    await digests.handle_batch(await stored_messages(store, a_case(), 1))

    assert (await counts(store)).total() == 0


async def test_a_message_to_a_deleted_account_is_skipped(
    digests: Digests, store: MongoStore
) -> None:
    """A message to an account that no longer exists is not retried forever."""
    case = a_case()
    await store.conversations.add(case.conversation)

    await digests.handle_batch(await stored_messages(store, case, 1))

    assert (await counts(store)).total() == 0


async def test_a_digests_delay_starts_when_the_event_is_handled(
    digests: Digests, store: MongoStore, clock: FixedClock
) -> None:
    """A person about to open the app gets the whole delay, even if the event waited in a backlog."""
    case = await keep(store, a_case())
    batch = await stored_messages(store, case, 1)
    clock.advance(seconds=60)

    await digests.handle_batch(batch)

    assert (await only(store, case.vendor.id)).due_at == DUE + timedelta(seconds=60)


async def test_a_match_is_sent_before_digests_that_were_due_earlier(
    digests: Digests, world: World, store: MongoStore, clock: FixedClock
) -> None:
    """A match is sent before digests that became due earlier, however many there are."""
    for _ in range(5):
        await digests.handle_batch(await stored_messages(store, await keep(store, a_case()), 1))
    clock.advance(seconds=60)
    case = await keep(store, a_case())

    await Handler(world, lambda: None).handle(of_match("match.offered", case.match))

    now = clock.now()
    first = await store.notifications.claim_due(Channel.EMAIL, now, now + timedelta(minutes=1))
    assert first is not None
    assert (first.kind, first.account_id) == ("match_offered", case.vendor.id)
