"""A person's own notifications."""

from tests.builders import a_notification
from tests.rest.people import Rest, registered


async def test_an_account_lists_its_own_notifications(rest: Rest) -> None:
    """A person lists their own notifications, newest first, without the template data."""
    person, other = await registered(rest), await registered(rest)
    mine = [a_notification(account_id=person.id) for _ in range(3)]
    for notification in [*mine, a_notification(account_id=other.id)]:
        await rest.parts.store.notifications.add(notification)

    first = (await person.get("/v1/me/notifications", params={"limit": 2})).json()
    second = (
        await person.get("/v1/me/notifications", params={"cursor": first["next_cursor"]})
    ).json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == [notification.id for notification in reversed(mine)]
    assert first["items"][0]["state"] == "pending"
    assert "data" not in first["items"][0]
