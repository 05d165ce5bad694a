"""The times at which accounts submitted RFIs."""

from datetime import datetime, timedelta

from marketplace.ports import Repositories, Store
from tests.builders import NOW
from tests.contracts.helpers import concurrently


async def test_stored_submissions_read_back(store: Store) -> None:
    """Each account reads back its own submissions, as last stored."""
    times = [NOW, NOW + timedelta(minutes=5)]

    assert await store.submissions.of("carla") == []
    await store.submissions.keep("carla", times[:1], NOW)
    await store.submissions.keep("carla", times, NOW)
    await store.submissions.keep("maya", [], NOW)

    assert await store.submissions.of("carla") == times
    assert await store.submissions.of("maya") == []


async def test_concurrent_submissions_are_all_kept(store: Store) -> None:
    """Concurrent transactions that append a submission lose none of them."""

    async def add(to: Repositories, at: datetime) -> None:
        await to.submissions.keep("carla", [*await to.submissions.of("carla"), at], NOW)

    moments = [NOW + timedelta(seconds=n) for n in range(10)]
    await concurrently(*(store.transact(lambda to, at=at: add(to, at)) for at in moments))  # type: ignore[misc] # bound in the loop

    assert sorted(await store.submissions.of("carla")) == moments
