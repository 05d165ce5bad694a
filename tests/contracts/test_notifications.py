"""The delivery log of notifications."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.ids import new_id
from marketplace.ports import Repositories, Store
from tests.builders import NOW, a_notification
from tests.contracts.helpers import all_pages

LEASE = timedelta(seconds=30)
SMS, EMAIL = Channel.SMS, Channel.EMAIL


async def _only(store: Store, account_id: str) -> Notification:
    ((only,),) = await all_pages(lambda at: store.notifications.of_account(account_id, at), 10)
    return only


async def _add_in_transaction(store: Store, notification: Notification) -> None:
    await store.transact(lambda to: to.notifications.add(notification))


async def test_a_notification_is_unique_by_event_account_and_channel(store: Store) -> None:
    """A duplicate is ignored; another channel, account or event makes another notification."""
    first = a_notification(event_id="e1", account_id="carla", channel="sms")
    await store.notifications.add(first)

    await store.notifications.add(replace(first, id="another", kind="other"))
    assert await _only(store, "carla") == first

    for other in (
        a_notification(event_id="e1", account_id="carla", channel="email"),
        a_notification(event_id="e2", account_id="carla", channel="sms"),
        a_notification(event_id="e1", account_id="vince", channel="sms"),
    ):
        await store.notifications.add(other)
    pages = await all_pages(lambda at: store.notifications.of_account("carla", at), 10)
    assert [len(page) for page in pages] == [3]


async def test_concurrent_duplicates_store_one_notification(store: Store) -> None:
    """Overlapping deliveries of one event create one notification, and none of them fails."""
    rivals = [a_notification(event_id="e1", account_id="carla") for _ in range(20)]

    await asyncio.gather(
        *(store.notifications.add(notification) for notification in rivals[:10]),
        *(_add_in_transaction(store, notification) for notification in rivals[10:]),
    )

    assert await _only(store, "carla") in rivals


async def test_a_claimed_notification_is_sending_until_its_lease_expires(store: Store) -> None:
    """The claim counts an attempt and sets the end of this worker's lease."""
    notification = a_notification()
    await store.notifications.add(notification)

    claimed = await store.notifications.claim_due(SMS, NOW, NOW + LEASE)

    assert claimed == replace(
        notification, state=NotificationState.SENDING, attempts=1, due_at=NOW + LEASE
    )
    assert await store.notifications.claim_due(SMS, NOW + LEASE / 2, NOW + 2 * LEASE) is None


async def test_an_attempt_with_an_expired_lease_is_claimed_again(store: Store) -> None:
    """When a worker dies, the next one gets its notification with the attempt counted."""
    await store.notifications.add(a_notification())
    await store.notifications.claim_due(SMS, NOW, NOW + LEASE)

    again = await store.notifications.claim_due(SMS, NOW + LEASE, NOW + 2 * LEASE)

    assert again is not None
    assert (again.attempts, again.due_at) == (2, NOW + 2 * LEASE)


async def test_notifications_are_claimed_in_due_order_and_none_early(store: Store) -> None:
    """Notifications are claimed in the order they fell due, and none before it is due."""
    for late_s in (10, 30, 20, -1):
        due_at = NOW - timedelta(seconds=late_s)
        await store.notifications.add(a_notification(due_at=due_at, kind=f"{late_s} s late"))

    claimed = [await store.notifications.claim_due(SMS, NOW, NOW + LEASE) for _ in range(4)]

    kinds = [notification.kind for notification in claimed if notification is not None]
    assert kinds == ["30 s late", "20 s late", "10 s late"]
    assert claimed[3] is None


async def test_an_abandoned_attempt_keeps_its_place_by_due_time(store: Store) -> None:
    """Abandoned attempts and new notifications share one order, by due time."""
    abandoned, fresh = a_notification(due_at=NOW - 2 * LEASE), a_notification(due_at=NOW)
    await store.notifications.add(abandoned)
    await store.notifications.claim_due(SMS, NOW - 2 * LEASE, NOW - LEASE)
    await store.notifications.add(fresh)

    claimed = await store.notifications.claim_due(SMS, NOW, NOW + LEASE)

    assert claimed is not None
    assert claimed.id == abandoned.id


async def test_no_notification_is_claimed_twice(store: Store) -> None:
    """Twenty workers on ten notifications claim each of them once."""
    for _ in range(10):
        await store.notifications.add(a_notification())

    claimed = await asyncio.gather(
        *(store.notifications.claim_due(SMS, NOW, NOW + LEASE) for _ in range(20))
    )

    ids = [notification.id for notification in claimed if notification is not None]
    assert len(ids) == len(set(ids)) == 10


async def test_a_final_notification_is_never_claimed(store: Store) -> None:
    """Sent, failed and suppressed are final."""
    for state in (
        NotificationState.SENT,
        NotificationState.FAILED,
        NotificationState.SUPPRESSED,
    ):
        await store.notifications.add(a_notification())
        claimed = await store.notifications.claim_due(SMS, NOW, NOW + LEASE)
        assert claimed is not None
        settled = replace(claimed, state=state, reason="why", provider_id="p1")
        assert await store.notifications.settle(settled)

        assert await store.notifications.claim_due(SMS, NOW + LEASE, NOW + 2 * LEASE) is None
        assert await _only(store, settled.account_id) == settled


async def test_a_postponed_notification_is_due_at_its_new_time(store: Store) -> None:
    """After a temporary failure, a notification is pending until its new due time."""
    await store.notifications.add(a_notification())
    claimed = await store.notifications.claim_due(SMS, NOW, NOW + LEASE)
    assert claimed is not None
    later = NOW + timedelta(minutes=5)

    assert await store.notifications.settle(
        replace(claimed, state=NotificationState.PENDING, due_at=later, reason="busy")
    )

    assert await store.notifications.claim_due(SMS, NOW + LEASE, later) is None
    again = await store.notifications.claim_due(SMS, later, later + LEASE)
    assert again is not None
    assert again.attempts == 2


async def test_an_accounts_notifications_are_paged_newest_first(store: Store) -> None:
    """The pages hold each of the account's notifications once."""
    mine = [a_notification(account_id="carla") for _ in range(5)]
    for notification in (*mine, a_notification()):
        await store.notifications.add(notification)

    pages = await all_pages(lambda at: store.notifications.of_account("carla", at), 2)

    newest_first = mine[::-1]
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]


async def test_claimable_notifications_are_counted_up_to_a_bound(store: Store) -> None:
    """Due ones and ended leases count, up to the bound; final and later ones do not."""
    for number in range(3):
        await store.notifications.add(a_notification(event_id=f"due{number}", due_at=NOW))
    later = a_notification(event_id="later", due_at=NOW + LEASE)
    sent = a_notification(event_id="sent", due_at=NOW, state=NotificationState.SENT)
    await store.notifications.add(later)
    await store.notifications.add(sent)

    assert await store.notifications.count_due(NOW, most=10) == 3
    assert await store.notifications.count_due(NOW, most=2) == 2
    await store.notifications.claim_due(SMS, NOW, NOW + LEASE)
    assert await store.notifications.count_due(NOW, most=10) == 2
    assert await store.notifications.count_due(NOW + LEASE, most=10) == 4


def _a_digest(key: str, first: int, last: int, **named: Any) -> Notification:
    data = {"digest": key, "first_sequence": first, "sequence": last}
    return a_notification(event_id=f"{key}:{first}", data=data, **named)


async def test_the_latest_digest_begins_last(store: Store) -> None:
    """State and creation time do not matter; other notifications are not digests."""
    latest = _a_digest("c1:carla", 7, 9, state=NotificationState.SENT)
    for notification in (
        latest,
        _a_digest("c1:carla", 1, 6),
        _a_digest("c2:carla", 1, 1),
        a_notification(),
    ):
        await store.notifications.add(notification)

    found = await store.notifications.latest_digests(["c1:carla", "c3:carla"])

    assert found == {"c1:carla": latest}


async def test_a_message_joins_only_a_pending_digest(store: Store) -> None:
    """The result is the number of digests still pending; a digest's sequence never goes back."""
    pending, ahead = _a_digest("c1:carla", 1, 2), _a_digest("c2:carla", 1, 8)
    claimed = _a_digest("c3:carla", 1, 2, state=NotificationState.SENDING)
    for notification in (pending, ahead, claimed):
        await store.notifications.add(notification)

    joined = await store.notifications.join_digests(
        {pending.id: 5, ahead.id: 5, claimed.id: 5}, NOW + LEASE
    )

    keys = ["c1:carla", "c2:carla", "c3:carla"]
    found = await store.notifications.latest_digests(keys)
    assert joined == 2
    assert [found[key].data["sequence"] for key in keys] == [5, 8, 2]
    assert [found[key].updated_at for key in keys] == [NOW + LEASE, NOW + LEASE, NOW]


async def test_a_claimed_digest_includes_every_message_that_joined(store: Store) -> None:
    """When a claim and a join race, the claim includes the message or the join fails."""
    for number in range(20):
        digest = _a_digest(f"c{number}:carla", 1, 1)
        await store.notifications.add(digest)

        claimed, joined = await asyncio.gather(
            store.notifications.claim_due(SMS, NOW, NOW + LEASE),
            store.notifications.join_digests({digest.id: 2}, NOW),
        )

        assert claimed is not None
        assert claimed.data["sequence"] == 1 + joined


async def test_adding_many_leaves_existing_notifications_unchanged(store: Store) -> None:
    """A notification that exists already stays as it is."""
    first = a_notification(event_id="e1", account_id="carla")
    await store.notifications.add(first)
    second = a_notification(event_id="e2", account_id="carla")

    await store.transact(
        lambda to: to.notifications.add_many([replace(first, id="another"), second])
    )

    pages = await all_pages(lambda at: store.notifications.of_account("carla", at), 10)
    assert pages == [[second, first]]


async def test_each_channel_is_claimed_separately(store: Store) -> None:
    """A claim returns only its own channel's, however overdue the other channel's are."""
    sms = a_notification(channel="sms", due_at=NOW - LEASE)
    email = a_notification(channel="email")
    await store.notifications.add(sms)
    await store.notifications.add(email)

    claimed = await store.notifications.claim_due(EMAIL, NOW, NOW + LEASE)

    assert claimed is not None
    assert claimed.id == email.id
    assert await store.notifications.claim_due(EMAIL, NOW, NOW + LEASE) is None


async def test_only_the_attempt_with_the_claim_can_settle_it(store: Store) -> None:
    """An outcome that arrives after its lease has ended changes nothing."""
    await store.notifications.add(a_notification(account_id="carla"))
    late = await store.notifications.claim_due(SMS, NOW, NOW + LEASE)
    next_one = await store.notifications.claim_due(SMS, NOW + LEASE, NOW + 2 * LEASE)
    assert late is not None
    assert next_one is not None
    put_off = replace(late, state=NotificationState.PENDING, reason="outcome_unknown")
    sent = replace(next_one, state=NotificationState.SENT, provider_id="SM1")

    assert not await store.notifications.settle(put_off)
    assert await _only(store, "carla") == next_one

    assert await store.notifications.settle(sent)
    for stale in (put_off, replace(sent, state=NotificationState.FAILED)):
        assert not await store.notifications.settle(stale)
        assert not await store.transact(partial(_settle, notification=stale))
    assert await _only(store, "carla") == sent


async def _settle(tx: Repositories, notification: Notification) -> bool:
    return await tx.notifications.settle(notification)


async def test_provider_ids_of_other_notifications_are_found(store: Store) -> None:
    """The notification's own provider id and unknown ids are not reported."""
    held = a_notification(state=NotificationState.SENT, provider_id="SM1")
    own = a_notification(state=NotificationState.SENT, provider_id="SM2")
    for notification in (held, own, a_notification()):
        await store.notifications.add(notification)

    found = await store.notifications.known_ids(["SM1", "SM2", "SM3"], own.id)

    assert found == {"SM1"}
    assert await store.notifications.known_ids([], own.id) == frozenset()


async def test_a_name_is_replaced_in_notifications_about_an_rfi(store: Store) -> None:
    """Only in those of the account, about the RFI, with the name."""

    def named(**named: Any) -> Notification:
        fields = {"account_id": "vince", "event_id": new_id(), **named}
        return a_notification(**fields)

    message = named(data={"rfi_id": "r1", "sender_name": "Carla", "title": "Carla"})
    quote = named(data={"rfi_id": "r1", "vendor_name": "Carla"})
    others = [
        named(data={"rfi_id": "r1", "sender_name": "Luis"}),
        named(data={"rfi_id": "r2", "sender_name": "Carla"}),
        named(account_id="maya", data={"rfi_id": "r1", "sender_name": "Carla"}),
    ]
    await store.notifications.add_many([message, quote, *others])

    await store.notifications.rename("vince", "r1", "Carla", "Gone")

    ((*found,),) = await all_pages(lambda at: store.notifications.of_account("vince", at), 10)
    data = {notification.id: notification.data for notification in found}
    assert data[message.id] == {"rfi_id": "r1", "sender_name": "Gone", "title": "Carla"}
    assert data[quote.id] == {"rfi_id": "r1", "vendor_name": "Gone"}
    assert data[others[0].id] == others[0].data
    assert data[others[1].id] == others[1].data
    assert await _only(store, "maya") == others[2]


async def test_forgetting_an_account_keeps_the_notice_that_is_on_its_way(store: Store) -> None:
    """It returns True once nothing is left; other accounts keep theirs."""
    states = [NotificationState.PENDING, NotificationState.SENT, NotificationState.SENDING]
    for kind in ("security", "match_offered"):
        for state in states:
            await store.notifications.add(
                a_notification(account_id="carla", event_id=new_id(), kind=kind, state=state)
            )
    other = a_notification(account_id="luis")
    await store.notifications.add(other)

    assert not await store.notifications.forget("carla", "security")

    ((*left,),) = await all_pages(lambda at: store.notifications.of_account("carla", at), 10)
    assert {(kept.kind, kept.state) for kept in left} == {
        ("security", NotificationState.PENDING),
        ("security", NotificationState.SENDING),
    }
    assert await store.notifications.forget("carla", "nothing")
    assert await _only(store, "luis") == other
