"""Provider errors, forged tokens, oversized bodies, unknown addresses and unreadable records."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from marketplace.ids import new_id
from marketplace.kafka import dead_letter_topic
from tests.journeys import topics
from tests.journeys.app import connected
from tests.journeys.people import (
    Person,
    a_draft,
    a_submitted_rfi,
    a_vendor,
    registered,
    somewhere,
)
from tests.journeys.sandbox import faults_left, set_faults, subjects, texts
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

# nginx accepts bodies of up to 1 MiB at this address.
TOO_LARGE = 1024 * 1024 + 1


@pytest.mark.long
async def test_a_failing_provider_delays_notifications_and_duplicates_none(
    site: Site, admin: Person
) -> None:
    """A 429, a 500, and an SMS whose answer was lost on the way back: each arrives once."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    vendor = await a_vendor(site, admin, "Front Range Plumbing", place)
    mail, sms = {"channel": "email", "to": vendor.email}, {"channel": "sms", "to": vendor.phone}
    await set_faults(
        site,
        {**mail, "status": 429, "retry_after_s": 1},
        {**mail, "status": 500},
        {**sms, "status": "reset", "is_accepted": True},
    )
    await a_submitted_rfi(customer, place, title="A sink of patience")

    async def log() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await vendor.get("/v1/me/notifications"))["items"]
        return items

    def is_sent(seen: list[dict[str, Any]]) -> bool:
        return [notification["state"] for notification in seen] == ["sent", "sent"]

    # Twilio is queried a minute after the request, when its list has what it accepted.
    notifications = await eventually(log, is_sent, within_s=180)

    assert sorted(notification["channel"] for notification in notifications) == ["email", "sms"]
    assert await faults_left(site) == []
    assert await subjects(site, vendor.email) == ["New request near you: A sink of patience"]
    assert len(await texts(site, vendor.phone)) == 1


async def test_an_unreadable_record_is_dead_lettered_and_the_next_is_handled(
    site: Site, admin: Person
) -> None:
    """Both consumers dead-letter an unreadable record, and the RFI after it is matched."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    vendor = await a_vendor(site, admin, "Front Range Plumbing", place)
    draft = await a_draft(customer, place)
    garbage = f"no event {new_id()}".encode()
    await topics.put(site, "rfis", draft["id"], garbage)

    async with connected(site, vendor) as app:
        await customer.post(f"/v1/rfis/{draft['id']}/submit", if_match=1)
        await app.pushed("match.offered", rfi_id=draft["id"])

    for group in ("matching", "notify"):

        async def dead_letters(group: str = group) -> list[topics.Record]:
            return await topics.records(site, {draft["id"]}, [dead_letter_topic("rfis", group)])

        (record,) = await eventually(dead_letters)
        assert record.value == garbage
        assert record.headers["topic"] == b"rfis"
        assert b"unreadable event" in record.headers["error"]


def a_forged_token(person: Person, **changes: object) -> str:
    """The person's own claims, valid for another hour, signed with another secret."""
    claims = jwt.decode(person.token, options={"verify_signature": False})
    later = datetime.now(UTC) + timedelta(hours=1)
    return jwt.encode({**claims, "exp": later, **changes}, "not the secret " * 4, "HS256")


async def test_a_forged_token_is_refused_everywhere(site: Site) -> None:
    """Neither REST nor the socket accepts a token that Parley did not sign."""
    customer = await registered(site, "customer", "Carla Reyes")
    client, refused = socketio.AsyncClient(reconnection=False), asyncio.Event()
    reasons: list[dict[str, Any]] = []

    async def refuse(reason: dict[str, Any]) -> None:
        reasons.append(reason)
        refused.set()

    client.on("connect_error", refuse)
    for token in (a_forged_token(customer), a_forged_token(customer, role="admin")):
        bearer = {"Authorization": f"Bearer {token}"}
        is_problem(await site.http.get("/v1/me", headers=bearer), 401, "unauthenticated")
        reasons.clear()
        with pytest.raises(NotConnected):
            await client.connect(site.url, auth={"token": token}, wait_timeout=10)
        assert reasons[0]["data"]["code"] == "unauthenticated"


async def test_an_oversized_body_and_an_unknown_address_get_a_problem(site: Site) -> None:
    """A body that is too large and an unknown address both get an RFC 9457 problem."""
    customer = await registered(site, "customer", "Carla Reyes")
    bearer = {"Authorization": f"Bearer {customer.token}"}

    large = await site.http.post("/v1/rfis", headers=bearer, content=b" " * TOO_LARGE)
    nowhere = await site.http.get("/v1/nothing", headers=bearer)

    is_problem(large, 413, "payload_too_large")
    is_problem(nowhere, 404, "not_found")


def is_problem(response: httpx.Response, status: int, code: str) -> None:
    """Check that the response is a problem with this status and code, and has a request id."""
    assert response.headers["content-type"].partition(";")[0] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["title"]
    assert problem["request_id"]
