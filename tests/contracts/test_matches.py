"""Matches."""

from dataclasses import replace
from functools import partial

import pytest

from marketplace.domain.matches import MatchState
from marketplace.domain.pages import PageRequest
from marketplace.domain.policy import DAY
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, Store
from tests.builders import NOW, a_match, an_accepted_match
from tests.contracts.helpers import all_pages, concurrently


async def test_a_stored_match_reads_back_equal(store: Store) -> None:
    """A match reads back equal by id and by (RFI, vendor); an unknown match is None."""
    match = an_accepted_match(closed_reason="customer chose another")
    await store.matches.add(match)

    assert await store.matches.get(match.id) == match
    assert await store.matches.of_pair(match.rfi_id, match.vendor_id) == match
    assert await store.matches.get("unknown") is None
    assert await store.matches.of_pair(match.rfi_id, "unknown") is None
    assert await store.matches.of_pair("unknown", match.vendor_id) is None


async def test_a_pair_is_matched_once(store: Store) -> None:
    """Of ten concurrent matches of the same RFI and vendor, one is stored."""
    rivals = [a_match(rfi_id="rfi", vendor_id="vendor") for _ in range(10)]

    outcomes = await concurrently(*(store.matches.add(match) for match in rivals))

    assert outcomes.count(None) == 1
    assert await store.matches.of_rfi("rfi") == [rivals[outcomes.index(None)]]


async def test_check_then_add_creates_one_match_under_concurrency(store: Store) -> None:
    """Ten transactions that add the match unless it exists all succeed and create one match."""

    async def match_once(to: Repositories) -> bool:
        if await to.matches.of_pair("rfi", "vendor") is not None:
            return False
        await to.matches.add(a_match(rfi_id="rfi", vendor_id="vendor"))
        return True

    outcomes = await concurrently(*(store.transact(match_once) for _ in range(10)))

    assert sorted(map(bool, outcomes)) == [False] * 9 + [True]
    assert all(isinstance(outcome, bool) for outcome in outcomes)
    assert len(await store.matches.of_rfi("rfi")) == 1


async def test_a_saved_match_replaces_every_field(store: Store) -> None:
    """Saving a match replaces all its fields."""
    match = a_match()
    await store.matches.add(match)
    accepted = replace(match, state=MatchState.ACCEPTED, conversation_id="c")

    await store.matches.save(accepted, MatchState.OFFERED)

    assert await store.matches.get(match.id) == accepted


async def test_a_save_from_a_stale_state_is_refused(store: Store) -> None:
    """A decision based on an outdated state is refused with a code, and nothing changes."""
    match = a_match(state=MatchState.CLOSED)
    await store.matches.add(match)

    with pytest.raises(ParleyError) as refused:
        await store.matches.save(replace(match, state=MatchState.ACCEPTED), MatchState.OFFERED)

    assert refused.value.code is Code.WRONG_STATE
    assert await store.matches.get(match.id) == match


async def test_only_one_of_a_concurrent_acceptance_and_closing_succeeds(store: Store) -> None:
    """When a vendor accepts while the customer withdraws, one of the two is refused."""
    match = a_match()
    await store.matches.add(match)
    ends = [MatchState.ACCEPTED, MatchState.CLOSED, MatchState.DECLINED] * 4

    outcomes = await concurrently(
        *(store.matches.save(replace(match, state=state), MatchState.OFFERED) for state in ends)
    )

    kept = await store.matches.get(match.id)
    assert outcomes.count(None) == 1
    assert kept is not None
    assert kept.state is ends[outcomes.index(None)]


async def test_an_rfis_matches_are_listed_closest_first(store: Store) -> None:
    """An RFI's list holds all its matches in every state, and no other RFI's."""
    far, near, middle = (
        a_match(rfi_id="rfi", distance_m=900, state=MatchState.DECLINED),
        a_match(rfi_id="rfi", distance_m=100),
        a_match(rfi_id="rfi", distance_m=500),
    )
    for match in (far, near, middle, a_match()):
        await store.matches.add(match)

    assert await store.matches.of_rfi("rfi") == [near, middle, far]


async def test_a_vendors_matches_are_paged_newest_first_by_state(store: Store) -> None:
    """The pages hold each of the vendor's matches once; a state filters them."""
    mine = [a_match(vendor_id="vendor") for _ in range(4)]
    accepted = an_accepted_match(vendor_id="vendor")
    for match in (*mine, accepted, a_match()):
        await store.matches.add(match)
    of_vendor = partial(store.matches.of_vendor, "vendor", offered_before=NOW - DAY)

    every = await all_pages(lambda at: of_vendor(state=None, request=at), 3)
    offered = await all_pages(lambda at: of_vendor(state=MatchState.OFFERED, request=at), 3)

    newest_first = [accepted, *mine[::-1]]
    assert every == [newest_first[:3], newest_first[3:]]
    assert offered == [mine[:0:-1], mine[:1]]


async def test_expired_offers_are_listed_as_closed_and_found_oldest_first(store: Store) -> None:
    """Only offers expire: an accepted match does not, and a more recent offer is still open."""
    older = a_match(vendor_id="vendor", offered_at=NOW - 2 * DAY)
    old = a_match(vendor_id="vendor", offered_at=NOW - DAY)
    accepted = an_accepted_match(vendor_id="vendor", offered_at=NOW - 2 * DAY)
    closed = a_match(vendor_id="vendor", state=MatchState.CLOSED)
    fresh = a_match(vendor_id="vendor")
    for match in (old, older, accepted, closed, fresh, a_match(offered_at=NOW - 2 * DAY)):
        await store.matches.add(match)

    async def listed(state: MatchState) -> set[str]:
        page = await store.matches.of_vendor("vendor", state, PageRequest(), NOW - DAY)
        return {match.id for match in page.items}

    assert await listed(MatchState.OFFERED) == {fresh.id}
    assert await listed(MatchState.CLOSED) == {old.id, older.id, closed.id}
    assert await listed(MatchState.ACCEPTED) == {accepted.id}
    assert await store.matches.offered_before(["vendor", "other"], NOW - DAY, 10) == [older, old]
    assert await store.matches.offered_before(["vendor"], NOW - DAY, 1) == [older]
    assert await store.matches.offered_before([], NOW - DAY, 10) == []


async def test_many_pairs_are_read_at_once(store: Store) -> None:
    """The result holds the pairs that exist, and no match of the same vendors on other RFIs."""
    one, two, crossed = (
        a_match(rfi_id="r1", vendor_id="v1"),
        a_match(rfi_id="r2", vendor_id="v2", state=MatchState.DECLINED),
        a_match(rfi_id="r1", vendor_id="v2"),
    )
    for match in (one, two, crossed):
        await store.matches.add(match)

    found = await store.matches.of_pairs([("r1", "v1"), ("r2", "v2"), ("r3", "v1")])

    assert sorted(found, key=lambda match: match.id) == sorted(
        (one, two), key=lambda match: match.id
    )
    assert await store.matches.of_pairs([]) == []
