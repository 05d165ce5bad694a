"""Sessions."""

import asyncio
from datetime import timedelta

from marketplace.ports import Store
from tests.builders import NOW, a_session
from tests.contracts.helpers import all_pages


async def test_a_session_is_stored_until_it_is_deleted(store: Store) -> None:
    """A session reads back equal until the log-out; a second log-out is no error."""
    session = a_session()
    await store.sessions.add(session)
    assert await store.sessions.get(session.id) == session

    await store.sessions.delete(session.id)
    await store.sessions.delete(session.id)

    assert await store.sessions.get(session.id) is None


async def test_many_sessions_are_checked_at_once(store: Store) -> None:
    """The sessions that have not ended are returned, and concurrent callers each get their own."""
    first, second, ended = a_session(), a_session(), a_session()
    for session in (first, second, ended):
        await store.sessions.add(session)
    await store.sessions.delete(ended.id)

    concurrently = await asyncio.gather(
        store.sessions.alive([first.id, second.id, ended.id, "never"]),
        store.sessions.alive([first.id]),
        store.sessions.alive([ended.id]),
        store.sessions.alive([]),
    )

    assert list(concurrently) == [{first.id, second.id}, {first.id}, set(), set()]


async def test_an_expired_session_is_deleted_automatically(store: Store) -> None:
    """An expired session disappears without an explicit delete.

    The server first removes expired documents a minute after its start.
    """
    session = a_session(expires_at=NOW - timedelta(days=365 * 30))
    await store.sessions.add(session)

    async with asyncio.timeout(75):
        while await store.sessions.get(session.id) is not None:  # noqa: ASYNC110 # the server does not announce it
            await asyncio.sleep(0.1)


async def test_only_one_concurrent_rotation_of_a_token_wins(store: Store) -> None:
    """The hash is replaced once, so a stolen token used alongside the real one is noticed."""
    session = a_session(refresh_token_hash="first")
    await store.sessions.add(session)

    won = await asyncio.gather(
        *(store.sessions.rotate(session.id, "first", f"next-{n}", NOW) for n in range(20))
    )

    kept = await store.sessions.get(session.id)
    assert sorted(won) == [False] * 19 + [True]
    assert kept is not None
    assert kept.refresh_token_hash == f"next-{won.index(True)}"
    assert (kept.previous_refresh_token_hash, kept.rotated_at) == ("first", NOW)


async def test_rotating_a_deleted_session_fails(store: Store) -> None:
    """A refresh after a log-out does not restore the session."""
    assert not await store.sessions.rotate("gone", "first", "next", NOW)
    assert await store.sessions.get("gone") is None


async def test_an_accounts_sessions_are_paged_newest_first(store: Store) -> None:
    """Other accounts' sessions are not among them."""
    kept = [a_session(account_id="carla", device="Firefox on Linux") for _ in range(3)]
    for session in (*kept, a_session(account_id="luis")):
        await store.sessions.add(session)

    pages = await all_pages(lambda at: store.sessions.of_account("carla", at), 2)

    assert pages == [[kept[2], kept[1]], [kept[0]]]


async def test_a_proof_of_who_somebody_is_keeps_its_time(store: Store) -> None:
    """A refresh changes neither the time nor the number; a session that ended stays ended."""
    session = a_session(refresh_token_hash="first")
    await store.sessions.add(session)

    await store.sessions.authenticated(session.id, NOW, 3)
    await store.sessions.authenticated("gone", NOW, 3)
    await store.sessions.rotate(session.id, "first", "next", NOW)

    kept = await store.sessions.get(session.id)
    assert kept is not None
    assert (kept.authenticated_at, kept.credentials) == (NOW, 3)
    assert await store.sessions.get("gone") is None


async def test_all_sessions_of_an_account_end_except_one(store: Store) -> None:
    """The ids of those that ended are returned; other accounts' sessions go on."""
    own = [a_session(account_id="carla") for _ in range(3)]
    other = a_session(account_id="luis")
    for session in (*own, other):
        await store.sessions.add(session)
    ids = [session.id for session in own]

    ended = await store.transact(lambda tx: tx.sessions.delete_all("carla", ids[1]))

    assert sorted(ended) == [ids[0], ids[2]]
    assert await store.sessions.alive([*ids, other.id]) == {ids[1], other.id}
    assert await store.sessions.delete_all("carla") == [ids[1]]
