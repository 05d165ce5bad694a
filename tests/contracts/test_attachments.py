"""Attachments and uploads: parts, owners, claims, and what is left unused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.domain.attachments import Attachment, Owner, OwnerKind, Part, require_usable
from marketplace.domain.pages import PageRequest
from marketplace.domain.policy import Upload
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, Store
from tests.builders import NOW, an_attachment, an_upload
from tests.contracts.helpers import concurrently

DAY = timedelta(days=1)
RFI = Owner(OwnerKind.RFI, "rfi-1")
MESSAGE = Owner(OwnerKind.MESSAGE, "talk-1", "m:1")


async def kept(store: Store, attachment: Attachment) -> Attachment:
    """The attachment as it is stored now."""
    found = await store.attachments.get(attachment.id)
    assert found is not None
    return found


async def test_an_attachment_comes_back_equal(store: Store) -> None:
    """Whatever its state and its owner; an unknown one is None."""
    for attachment in (
        an_attachment(),
        an_attachment(owner=MESSAGE, claimed_at=NOW, unused_since=None),
        an_attachment(owner=RFI, unused_since=None, width=None, thumbnail_id=None),
        an_upload(sha256="a" * 64, parts={"2": Part("blob", 1_000, "b" * 64)}),
    ):
        await store.attachments.add(attachment)
        assert await kept(store, attachment) == attachment
        changed = replace(attachment, name="other.jpg")
        await store.attachments.save(changed)
        assert await store.attachments.get_many([attachment.id, "unknown"]) == {
            attachment.id: changed
        }
    assert await store.attachments.get("unknown") is None


async def test_of_parts_under_one_number_the_first_stays(store: Store) -> None:
    """Concurrent ones all learn which; parts of other numbers are kept beside it."""
    upload = an_upload()
    await store.attachments.add(upload)
    parts = [Part(f"blob-{n}", 1_000, f"{n}" * 64) for n in range(8)]

    stored = await concurrently(
        *(store.attachments.add_part(upload.id, 1, part, NOW + DAY) for part in parts),
        store.attachments.add_part(upload.id, 3, parts[0], NOW + DAY),
    )

    found = await kept(store, upload)
    assert set(stored[:-1]) == {found.parts["1"]}
    assert found.parts["1"] in parts
    assert found.parts["3"] == parts[0]
    assert found.unused_since == NOW + DAY


async def test_what_is_not_uploading_takes_no_part(store: Store) -> None:
    """Neither a file that is ready, nor one that was deleted."""
    ready = an_attachment()
    await store.attachments.add(ready)

    for id_ in (ready.id, "unknown"):
        with pytest.raises(ParleyError) as refused:
            await store.attachments.add_part(id_, 1, Part("blob", 1, "a" * 64), NOW)
        assert refused.value.code is Code.NOT_FOUND


async def test_an_owner_that_lets_go_leaves_it_unused(store: Store) -> None:
    """Only what it owns itself."""
    mine, theirs = an_attachment(), an_attachment()
    for attachment, owner in ((mine, RFI), (theirs, MESSAGE)):
        await store.attachments.add(attachment)
        await store.attachments.use([attachment.id], owner)

    await store.attachments.release([mine.id, theirs.id], RFI, NOW + DAY)

    assert await kept(store, mine) == replace(mine, unused_since=NOW + DAY)
    assert await kept(store, theirs) == replace(theirs, owner=MESSAGE, unused_since=None)


async def test_of_owners_at_a_time_one_gets_it(store: Store) -> None:
    """Transactions that find it unused and then use it: one does, and the others are refused."""
    attachment = an_attachment()
    await store.attachments.add(attachment)

    async def take(to: Repositories, owner: Owner) -> None:
        found = await to.attachments.get_many([attachment.id])
        require_usable(found, [attachment.id], attachment.account_id, owner)
        await to.attachments.use([attachment.id], owner, NOW)

    owners = [Owner(OwnerKind.MESSAGE, "talk-1", f"m-{n}") for n in range(8)]
    results = await concurrently(
        *(store.transact(lambda to, owner=owner: take(to, owner)) for owner in owners)  # type: ignore[misc] # bound in the loop
    )

    taken = [owner for owner, result in zip(owners, results, strict=True) if result is None]
    assert [(await kept(store, attachment)).owner] == taken
    assert all(isinstance(result, ParleyError) for result in results if result is not None)


async def test_a_claim_is_settled_unless_it_was_renewed(store: Store) -> None:
    """A message that was sent again since has another claim."""
    attachment = an_attachment()
    await store.attachments.add(attachment)
    await store.attachments.use([attachment.id], MESSAGE, NOW)
    assert [found.id for found in await store.attachments.claimed(NOW + DAY, 10)] == [attachment.id]
    assert await store.attachments.claimed(NOW, 10) == []

    await store.attachments.settle(attachment.id, NOW - DAY)
    assert (await kept(store, attachment)).claimed_at == NOW
    await store.attachments.settle(attachment.id, NOW)

    assert await store.attachments.claimed(NOW + DAY, 10) == []
    assert (await kept(store, attachment)).owner == MESSAGE


async def test_the_unused_ones_are_found(store: Store) -> None:
    """Those that nothing has owned since before a moment, oldest first."""
    ages = [DAY, 3 * DAY, 2 * DAY, timedelta(0)]
    attachments = [an_attachment(unused_since=NOW - age) for age in ages]
    used = an_attachment(unused_since=NOW - DAY)
    for attachment in (*attachments, used):
        await store.attachments.add(attachment)
    await store.attachments.use([used.id], RFI)

    found = await store.attachments.unused(NOW, 2)

    assert [attachment.id for attachment in found] == [attachments[1].id, attachments[2].id]
    await store.attachments.remove(attachments[1].id)
    assert len(await store.attachments.unused(NOW, 10)) == 2


async def test_the_bytes_of_an_account_are_added_up(store: Store) -> None:
    """Those of all its files, in whatever state, and of no others."""
    for attachment in (
        an_attachment(account_id="carla", bytes=3_000_000_000),
        an_upload(account_id="carla", bytes=500),
        an_attachment(account_id="maya", bytes=7),
    ):
        await store.attachments.add(attachment)

    assert await store.attachments.stored_bytes("carla") == 3_000_000_500
    assert await store.attachments.stored_bytes("nobody") == 0


async def test_of_those_who_keep_uploads_at_once_nobody_is_forgotten(store: Store) -> None:
    """Concurrent transactions that append an upload lose none of them."""

    async def add(to: Repositories, upload: Upload) -> None:
        await to.uploads.keep("carla", [*await to.uploads.of("carla"), upload], NOW)

    uploads = [Upload(NOW + timedelta(seconds=n), n) for n in range(10)]
    await concurrently(
        *(store.transact(lambda to, upload=upload: add(to, upload)) for upload in uploads)  # type: ignore[misc] # bound in the loop
    )

    stored = await store.uploads.of("carla")
    assert sorted(stored, key=lambda upload: upload.at) == uploads
    assert await store.uploads.of("maya") == []


async def test_the_attachments_of_an_account_are_listed_newest_first(store: Store) -> None:
    """Page by page, whatever their state; those of others are not among them."""
    own = [an_attachment(account_id="account-1"), an_upload(account_id="account-1")]
    for attachment in (*own, an_attachment()):
        await store.attachments.add(attachment)

    first = await store.attachments.of_account("account-1", PageRequest(1))
    second = await store.attachments.of_account("account-1", PageRequest(1, first.next_cursor))

    assert [*first.items, *second.items] == own[::-1]
    assert second.next_cursor is None
