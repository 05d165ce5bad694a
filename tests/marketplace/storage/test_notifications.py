"""Reading a large delivery log."""

from marketplace.domain.notifications import NotificationState
from marketplace.storage import MongoStore
from tests.builders import a_notification


async def test_the_latest_digest_is_found_by_the_index_alone(store: MongoStore) -> None:
    """The cost does not grow with the number of digests or notifications."""
    for number in range(1, 40):
        data = {"digest": "c1:carla", "first_sequence": number, "sequence": number}
        await store.notifications.add(
            a_notification(event_id=f"e{number}", data=data, state=NotificationState.SENT)
        )
    await store.database.command("profile", 2)

    found = await store.notifications.latest_digests(["c1:carla", "c2:carla"])

    await store.database.command("profile", 0)
    query = await store.database["system.profile"].find_one(
        {"command.aggregate": "notifications"}, sort=[("ts", -1)]
    )
    assert found["c1:carla"].data["sequence"] == 39
    assert query is not None
    assert query["planSummary"].startswith("DISTINCT_SCAN")
    assert query["docsExamined"] == 1
