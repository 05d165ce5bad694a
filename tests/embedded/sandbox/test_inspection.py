"""The JSON that tests and tools read."""

from typing import Any

import aiohttp
import pytest

from embedded.sandbox.deliveries import Channel, Deliveries, Submission


def add(deliveries: Deliveries, to: str, channel: Channel = Channel.EMAIL, **more: Any) -> None:
    """Put a delivery into the mailbox."""
    deliveries.add([Submission(channel=channel, to=to, sender="s", provider_id="p", **more)])


async def listed(http: aiohttp.ClientSession, **query: str) -> dict[str, Any]:
    """Request a page of deliveries."""
    async with http.get("/sandbox/deliveries", params=query) as response:
        assert response.status == 200
        page: dict[str, Any] = await response.json()
        return page


async def test_delivery_is_shown_whole(http: aiohttp.ClientSession, deliveries: Deliveries) -> None:
    """An email has subject, html and custom_args; every delivery has an id and a time in UTC."""
    add(
        deliveries,
        "vera@example.com",
        text="Hi",
        subject="S",
        html="<b>Hi</b>",
        custom_args={"a": "b"},
    )
    add(deliveries, "+14155550100", Channel.MMS, media_urls=("https://e.com/a.jpg",))

    page = await listed(http)

    email, mms = page["items"]
    assert email == {
        "id": email["id"],
        "channel": "email",
        "to": "vera@example.com",
        "from": "s",
        "subject": "S",
        "text": "Hi",
        "html": "<b>Hi</b>",
        "media_urls": [],
        "custom_args": {"a": "b"},
        "provider_id": "p",
        "received_at": "2026-03-01T12:00:00Z",
    }
    assert mms["media_urls"] == ["https://e.com/a.jpg"]
    assert "html" not in mms
    assert page["next_cursor"] is None


async def test_list_is_filtered_and_paged(
    http: aiohttp.ClientSession, deliveries: Deliveries
) -> None:
    """Filters by recipient and channel combine with cursors; any id also serves as a cursor."""
    for number in range(3):
        add(deliveries, "Vera@example.com", text=str(number))
        add(deliveries, "+14155550100", Channel.SMS)

    first = await listed(http, to="vera@EXAMPLE.com", limit="2")
    second = await listed(http, to="vera@EXAMPLE.com", limit="2", after=first["next_cursor"])
    by_channel = await listed(http, channel="sms", after=first["items"][-1]["id"])

    assert [item["text"] for item in first["items"]] == ["0", "1"]
    assert [item["text"] for item in second["items"]] == ["2"]
    assert second["next_cursor"] is None
    assert len(by_channel["items"]) == 2


async def test_clear_empties_the_mailbox(
    http: aiohttp.ClientSession, deliveries: Deliveries
) -> None:
    """DELETE forgets all deliveries."""
    add(deliveries, "vera@example.com")

    async with http.delete("/sandbox/deliveries") as response:
        assert response.status == 204

    assert (await listed(http))["items"] == []


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "x"}, {"channel": "fax"}, {"after": "-1"}, {"more": "1"}]
)
async def test_invalid_query_is_refused(http: aiohttp.ClientSession, query: dict[str, str]) -> None:
    """An invalid query gets a problem document that names the parameter."""
    async with http.get("/sandbox/deliveries", params=query) as response:
        assert response.status == 422
        assert set((await response.json())["errors"]) == set(query)
