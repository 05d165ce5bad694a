"""The feeds of accounts: dense, written with their cause, bounded."""

import asyncio
from typing import Any

import pytest

from marketplace.domain.account_feed import MAX_ITEMS, FeedItem
from marketplace.ports import Repositories, Store
from tests.builders import NOW
from tests.contracts.helpers import concurrently

# An implementation may let this many more gather before it removes the oldest.
SPARE = 100


def an_item(account_id: str = "carla", **named: Any) -> FeedItem:
    """A new offer."""
    item = {"name": "match.offered", "data": {"id": "m-1", "score": 0.94}, "at": NOW}
    return FeedItem(account_id, **{**item, **named})


async def _appended(store: Store, *items: FeedItem) -> list[FeedItem]:
    return await store.feed.number(await store.transact(lambda tx: tx.feed.append(items)))


def _positions(items: list[FeedItem]) -> list[int]:
    return [item.position for item in items]


async def test_items_are_numbered_from_1_for_each_account(store: Store) -> None:
    """Each account has numbers of its own, and an item reads back as it was appended."""
    data = {"id": "m-1", "state": "offered", "reasons": ["closest"], "closed_reason": None}

    first = await _appended(store, an_item(data=data), an_item("vince"), an_item())
    second = await _appended(store, an_item(name="rfi.awarded"))

    assert [(item.account_id, item.position) for item in [*first, *second]] == [
        ("carla", 1),
        ("vince", 1),
        ("carla", 2),
        ("carla", 3),
    ]
    assert await store.feed.after("carla", 0, 10) == [first[0], first[2], *second]
    assert first[0].data == data
    assert await store.feed.heads(["carla", "vince", "nobody"]) == {
        "carla": 3,
        "vince": 1,
        "nobody": 0,
    }
    assert await store.feed.newest_head("carla") == 3
    assert await store.feed.newest_head("nobody") == 0


async def test_appending_nothing_stores_nothing(store: Store) -> None:
    """An action that tells nobody appends nothing."""
    assert await _appended(store) == []
    assert await store.feed.after("carla", 0, 10) == []
    assert await store.feed.before("carla", None, 10) == []
    assert await store.feed.heads([]) == {}


async def test_items_are_paged_in_both_directions(store: Store) -> None:
    """After a position oldest first; before one, those next to it."""
    await _appended(store, *(an_item() for _ in range(9)))

    assert _positions(await store.feed.after("carla", 4, 3)) == [5, 6, 7]
    assert _positions(await store.feed.after("carla", 8, 3)) == [9]
    assert _positions(await store.feed.before("carla", 4, 2)) == [2, 3]
    assert _positions(await store.feed.before("carla", None, 2)) == [8, 9]
    assert await store.feed.before("carla", 1, 2) == []


async def test_an_aborted_transaction_leaves_no_item_and_no_gap(store: Store) -> None:
    """Work that fails leaves no item, and no gap."""

    async def fails(tx: Repositories) -> None:
        await tx.feed.append([an_item(), an_item("vince")])
        raise RuntimeError("on purpose")

    await _appended(store, an_item())
    with pytest.raises(RuntimeError, match="on purpose"):
        await store.transact(fails)

    assert _positions(await _appended(store, an_item())) == [2]
    assert await store.feed.heads(["carla", "vince"]) == {"carla": 2, "vince": 0}


async def test_items_of_one_transaction_are_numbered_in_their_order(store: Store) -> None:
    """However often the transaction appends, and in whatever order the numbers are asked for."""

    async def work(tx: Repositories) -> list[FeedItem]:
        first = await tx.feed.append([an_item(), an_item()])
        return [*first, *await tx.feed.append([an_item()])]

    items = await store.transact(work)

    assert _positions(await store.feed.number(items[::-1])) == [3, 2, 1]
    assert _positions(await store.feed.after("carla", 0, 10)) == [1, 2, 3]


async def test_items_of_a_killed_process_are_numbered_by_whoever_reads(store: Store) -> None:
    """It committed, and died before it numbered what it had appended."""
    await _appended(store, an_item())
    orphans = await store.transact(lambda tx: tx.feed.append([an_item(), an_item("vince")]))

    assert await store.feed.heads(["carla", "vince"]) == {"carla": 2, "vince": 1}
    assert _positions(await store.feed.after("carla", 1, 10)) == [2]
    assert _positions(await _appended(store, an_item())) == [3]
    assert _positions(await store.feed.number(orphans)) == [2, 1]


async def test_an_item_has_one_number_however_many_ask_for_it(store: Store) -> None:
    """Processes that number the same items at the same time agree."""
    items = await store.transact(lambda tx: tx.feed.append([an_item() for _ in range(5)]))

    answers = await asyncio.gather(
        *(store.feed.number(items) for _ in range(8)), *(store.feed.heads(["carla"]) for _ in "ab")
    )

    assert all(_positions(answer) == [1, 2, 3, 4, 5] for answer in answers[:8])  # type: ignore[arg-type] # items
    assert answers[8:] == [{"carla": 5}] * 2


async def test_sixty_four_concurrent_appends_are_dense_and_stored_once(store: Store) -> None:
    """Those who tell one account at the same time get its numbers one after the other."""

    async def tell(number: int) -> int:
        items = (an_item(data={"n": number}), an_item(f"other-{number}"))
        return (await _appended(store, *items))[0].position

    positions = await asyncio.gather(*map(tell, range(64)))

    assert sorted(positions) == list(range(1, 65))
    kept = await store.feed.after("carla", 0, 200)
    assert _positions(kept) == list(range(1, 65))
    assert sorted(item.data["n"] for item in kept) == list(range(64))


async def test_transactions_with_the_same_accounts_in_any_order_commit(
    store: Store,
) -> None:
    """Neither of two transactions waits for the other for ever."""
    pairs = [("carla", "vince"), ("vince", "carla")] * 8

    await concurrently(*(_appended(store, *map(an_item, pair)) for pair in pairs))

    assert await store.feed.heads(["carla", "vince"]) == {"carla": 16, "vince": 16}


async def test_an_account_keeps_its_newest_thousand_items(store: Store) -> None:
    """Older items leave, and the numbers go on."""
    for _ in range(12):
        await _appended(store, *(an_item() for _ in range(SPARE)))
    await _appended(store, an_item("vince"))

    kept = await store.feed.before("carla", None, 2_000)

    assert MAX_ITEMS <= len(kept) <= MAX_ITEMS + SPARE
    assert _positions(kept) == list(range(1_201 - len(kept), 1_201))
    assert _positions(await store.feed.after("vince", 0, 10)) == [1]


async def test_concurrent_reads_of_heads_get_their_own_values(store: Store) -> None:
    """Concurrent questions share a query, and not an answer."""
    await _appended(store, *(an_item(f"a{n}") for n in range(30) for _ in range(n)))

    heads = await asyncio.gather(*(store.feed.heads([f"a{n}"]) for n in range(30)))

    assert heads == [{f"a{n}": n} for n in range(30)]


async def test_an_erased_account_leaves_no_item_and_no_name(store: Store) -> None:
    """Its own feed is deleted, and others read another name for it."""
    about = {"vendor_id": "vince", "vendor_name": "Vince Ortega"}
    other = {"vendor_id": "wendy", "vendor_name": "Wendy Hall"}
    await _appended(store, an_item(data=about), an_item(data=other), an_item("vince", data=about))
    await store.transact(lambda tx: tx.feed.append([an_item(data=about), an_item("vince")]))

    await store.feed.rename("carla", "vince", "deleted account")
    await store.feed.forget("vince")

    names = [item.data["vendor_name"] for item in await store.feed.after("carla", 0, 10)]
    assert names == ["deleted account", "Wendy Hall", "deleted account"]
    assert await store.feed.after("vince", 0, 10) == []
    assert await store.feed.heads(["vince"]) == {"vince": 0}
