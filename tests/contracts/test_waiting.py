"""What waits, by its last change; what happened, by its moment."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from marketplace.domain.conversations import Entry
from marketplace.domain.matches import MatchState
from marketplace.domain.quote_revisions import revision_of
from marketplace.domain.quotes import QuoteState
from marketplace.domain.rfis import RfiState
from marketplace.ports import Repositories, Store
from tests.builders import (
    NOW,
    a_match,
    a_message,
    a_notice,
    a_quote,
    a_revision,
    a_vendor_north,
    an_accepted_match,
    an_rfi,
)
from tests.builders import a_place as denver

SECOND = timedelta(seconds=1)
BEGINNING = (datetime(1970, 1, 1, tzinfo=NOW.tzinfo), "")


async def test_rfis_are_walked_by_their_last_change(store: Store) -> None:
    """Each once, oldest first, whatever the size of the page; other states are left out."""
    changed = [an_rfi(updated_at=NOW - n * SECOND) for n in (3, 1, 1, 2)]
    for rfi in (*changed, an_rfi(state=RfiState.DRAFT), an_rfi(updated_at=NOW + SECOND)):
        await store.rfis.add(rfi, a_revision(rfi))

    walked, after = [], BEGINNING
    while page := await store.rfis.changed(RfiState.OPEN, after, NOW, 3):
        walked += page
        after = (page[-1].updated_at, page[-1].id)

    expected = sorted(changed, key=lambda rfi: (rfi.updated_at, rfi.id))
    assert walked == expected
    later = await store.rfis.changed(RfiState.OPEN, (NOW - 2 * SECOND, "~"), NOW, 10)
    assert later == expected[2:]


async def test_matches_are_walked_by_their_last_change(store: Store) -> None:
    """As RFIs are."""
    old, new = a_match(updated_at=NOW - SECOND), a_match()
    for match in (new, old, an_accepted_match()):
        await store.matches.add(match)

    assert await store.matches.changed(MatchState.OFFERED, BEGINNING, NOW, 10) == [old, new]
    assert await store.matches.changed(MatchState.OFFERED, (NOW, new.id), NOW, 10) == []
    assert await store.matches.changed(MatchState.OFFERED, BEGINNING, NOW - SECOND, 10) == [old]


async def test_quotes_that_expire_are_walked_by_their_last_change(store: Store) -> None:
    """As RFIs are; those without an end, and those that wait no more, are left out."""
    old, new = a_quote(valid_until=NOW, updated_at=NOW - SECOND), a_quote(valid_until=NOW)
    others = (a_quote(), a_quote(valid_until=NOW, state=QuoteState.CLOSED))
    for quote in (new, old, *others):
        await store.quotes.add(quote)

    assert await store.quotes.expiring(BEGINNING, NOW, 10) == [old, new]
    assert await store.quotes.expiring(BEGINNING, NOW, 1) == [old]
    assert await store.quotes.expiring((NOW, new.id), NOW, 10) == []
    assert await store.quotes.expiring(BEGINNING, NOW - SECOND, 10) == [old]


async def test_revisions_are_read_backwards(store: Store) -> None:
    """In the order of (moment, number): clocks of two processes may differ."""
    rfi = an_rfi()
    await store.rfis.add(rfi, a_revision(rfi))
    times = {1: NOW, 2: NOW, 3: NOW - SECOND}
    for number in (2, 3):
        rfi = replace(rfi, revision=number, updated_at=times[number])
        await store.rfis.save(rfi, a_revision(rfi))

    async def numbers(at: datetime, revision: int, limit: int = 10) -> list[int]:
        found = await store.rfis.revisions_before(rfi.id, at, revision, limit)
        return [revision.revision for revision in found]

    assert await numbers(NOW + SECOND, 0) == [2, 1, 3]
    assert await numbers(NOW + SECOND, 0, limit=2) == [2, 1]
    assert await numbers(NOW, 2) == [1, 3]
    assert await numbers(NOW, 0) == [3]


async def test_the_revisions_of_several_quotes_are_read_backwards_together(store: Store) -> None:
    """Newest first; quotes of other RFIs are left out."""
    one, two = a_quote(), a_quote(updated_at=NOW + SECOND)
    for quote in (one, two, a_quote()):
        await store.quotes.keep_revision(revision_of(quote))
    ids = [one.id, two.id]

    newest_first = [revision_of(two), revision_of(one)]
    assert await store.quotes.revisions_before(ids, NOW + 2 * SECOND, "", 10) == newest_first
    assert await store.quotes.revisions_before(ids, NOW + SECOND, "", 10) == newest_first[1:]
    first = revision_of(one)
    assert await store.quotes.revisions_before(ids, NOW, first.key, 10) == []
    assert await store.quotes.revisions_before([], NOW + SECOND, "", 10) == []


async def _add(store: Store, *entries: Entry) -> list[Entry]:
    async def work(tx: Repositories) -> list[Entry]:
        return [await tx.entries.add_next(entry) for entry in entries]

    return await store.transact(work)


async def test_notices_are_read_backwards_without_the_messages(store: Store) -> None:
    """Those of several conversations concurrently, newest first."""
    early, late, other = await _add(
        store,
        a_notice(conversation_id="c1"),
        a_notice(conversation_id="c1", at=NOW + SECOND),
        a_notice(conversation_id="c2"),
    )
    await _add(store, a_message(conversation_id="c1"), a_notice(conversation_id="c3"))

    found = await store.entries.notices_before(["c1", "c2"], NOW + 2 * SECOND, "", 10)
    same_moment = sorted((early, other), key=lambda entry: entry.id, reverse=True)
    assert found == [late, *same_moment]
    assert await store.entries.notices_before(["c1", "c2"], NOW + SECOND, "", 1) == same_moment[:1]
    assert await store.entries.notices_before(["c1"], NOW, early.id, 10) == []


async def test_the_senders_of_a_conversation_are_found(store: Store) -> None:
    """Notices do not count, nor messages of somebody else or in another conversation."""
    await _add(
        store,
        a_message(conversation_id="c1", sender_id="vera"),
        a_notice(conversation_id="c1", sender_id="carla"),
        a_message(conversation_id="c2", sender_id="carla"),
    )

    assert await store.entries.has_message_of("c1", "vera")
    assert not await store.entries.has_message_of("c1", "carla")


async def test_full_vendors_are_those_that_would_suit(store: Store) -> None:
    """Active, of the category, in reach and at capacity, closest first and not too far away."""
    near, middle, far = (a_vendor_north(km * 1_000, capacity=2, open_matches=2) for km in (1, 2, 9))
    short = a_vendor_north(3_000, radius_m=1_000, capacity=0)
    other = a_vendor_north(1_000, capacity=0, categories=("roofing",))
    for vendor in (far, middle, near, short, other, a_vendor_north(1_500)):
        await store.vendors.add(vendor)

    async def full(within_m: int, limit: int) -> list[str]:
        found = await store.vendors.full("plumbing", denver(), within_m, limit)
        return [nearby.vendor.id for nearby in found]

    assert await full(5_000, 10) == [near.id, middle.id]
    assert await full(500_000, 10) == [near.id, middle.id, far.id]
    assert await full(500_000, 1) == [near.id]


@pytest.mark.parametrize("state", [RfiState.OPEN, RfiState.WITHDRAWN])
async def test_an_expiry_and_an_end_read_back_equal(store: Store, state: RfiState) -> None:
    """The new fields are kept through a revision, and unset when they are None again."""
    rfi = an_rfi(state=state, expires_at=NOW, ended_reason="expired")
    await store.rfis.add(rfi, a_revision(rfi))
    cleared = replace(rfi, revision=2, expires_at=None, ended_reason=None)

    assert await store.rfis.get(rfi.id) == rfi
    await store.rfis.save(cleared, a_revision(cleared))
    assert await store.rfis.get(rfi.id) == cleared
