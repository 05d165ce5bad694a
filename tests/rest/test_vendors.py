"""A vendor's profile and onboarding, and the public view of vendors."""

from typing import Any

import pytest

from tests.rest.people import (
    Rest,
    an_active_vendor,
    an_admin,
    paths_of,
    refusal,
    registered,
    somewhere,
)


async def test_each_onboarding_step_completes_the_profile(rest: Rest) -> None:
    """Each field completes a step; a complete profile goes to review and becomes active."""
    vendor = await registered(rest, role="vendor")
    place = somewhere()

    first = (await vendor.get("/v1/vendors/me")).json()
    too_early = await vendor.post("/v1/vendors/me/submit")
    await vendor.patch("/v1/vendors/me", json={"company": "Bluebird", "categories": ["plumbing"]})
    half = (await vendor.get("/v1/vendors/me")).json()
    area = {"location": place, "radius_m": 10_000}
    await vendor.patch("/v1/vendors/me", json={"service_area": area, "capacity": 2})
    submitted = await vendor.post("/v1/vendors/me/submit")
    admin = await an_admin(rest)
    await admin.post(f"/v1/admin/vendors/{vendor.id}/approve", json={"reason": "Fine."})
    last = (await vendor.get("/v1/vendors/me")).json()

    assert first["state"] == "applied"
    assert first["steps"]["done"] == []
    assert refusal(too_early) == (409, "wrong_state")
    assert half["steps"] == {
        "done": ["company", "categories"],
        "to_do": ["service_area", "capacity"],
    }
    assert submitted.json()["state"] == "in_review"
    assert last["state"] == "active"
    assert last["state_reason"] == "Fine."
    assert last["service_area"] == area


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"categories": ["astrology"]}, "categories"),
        ({"categories": []}, "categories"),
        ({"capacity": "5"}, "capacity"),
        ({"capacity": 1.5}, "capacity"),
        ({"capacity": True}, "capacity"),
        (
            {"service_area": {"location": {"type": "Point"}, "radius_m": 500}},
            "service_area.location",
        ),
        (
            {
                "service_area": {
                    "location": {"type": "Point", "coordinates": [181, 0]},
                    "radius_m": 500,
                }
            },
            "service_area.location",
        ),
        (
            {
                "service_area": {
                    "location": {"type": "Point", "coordinates": [0, -90.01]},
                    "radius_m": 500,
                }
            },
            "service_area.location",
        ),
        ({"service_area": {"radius_m": 500}}, "service_area.location"),
        ({"service_area": {"polygon": {"type": "Polygon"}}}, "service_area.polygon"),
        (
            {"service_area": {"polygon": {"type": "Polygon", "coordinates": [[[0, 0]] * 62]}}},
            "service_area.polygon",
        ),
        ({"opening_hours": {"timezone": "Mars/Base", "days": {}}}, "opening_hours.timezone"),
        (
            {"opening_hours": {"timezone": "UTC", "days": {"someday": []}}},
            "opening_hours.days.someday",
        ),
        (
            {
                "opening_hours": {
                    "timezone": "UTC",
                    "days": {"monday": [{"opens": "8", "closes": "17:00"}]},
                }
            },
            "opening_hours.days.monday.0.opens",
        ),
        (
            {
                "opening_hours": {
                    "timezone": "UTC",
                    "days": {"monday": [{"opens": "09:00", "closes": "08:00"}]},
                }
            },
            "opening_hours.monday",
        ),
        ({"holidays": ["2099-02-30"]}, "holidays.0"),
        ({"holidays": ["2099-01-01"] * 61}, "holidays"),
        (
            {"pauses": [{"starts_at": "2099-01-02T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z"}]},
            "pauses",
        ),
        ({"state": "active"}, "state"),
        ({"open_matches": 0}, "open_matches"),
    ],
)
async def test_invalid_profiles_are_refused(rest: Rest, body: dict[str, Any], path: str) -> None:
    """An invalid profile is refused with its path; a vendor cannot set its own state."""
    vendor = await registered(rest, role="vendor")

    response = await vendor.patch("/v1/vendors/me", json=body)

    assert refusal(response) == (422, "validation_failed")
    assert path in paths_of(response)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/vendors/me"), ("PATCH", "/v1/vendors/me"), ("POST", "/v1/vendors/me/submit")],
)
async def test_customers_have_no_profile(rest: Rest, method: str, path: str) -> None:
    """Only vendors have a profile."""
    customer = await registered(rest)
    body = {"company": "x"} if method == "PATCH" else None

    assert refusal(await customer.ask(method, path, json=body)) == (403, "forbidden")


async def test_the_closest_vendors_come_first(rest: Rest) -> None:
    """Vendors of the category within the radius are listed by distance."""
    place = somewhere()
    longitude, latitude = place["coordinates"]
    near = await an_active_vendor(
        rest, {"type": "Point", "coordinates": [longitude, latitude + 0.01]}
    )
    far = await an_active_vendor(
        rest, {"type": "Point", "coordinates": [longitude, latitude + 0.1]}
    )
    await an_active_vendor(rest, {"type": "Point", "coordinates": [longitude, latitude + 0.5]})
    await an_active_vendor(rest, place, categories=["roofing"])

    response = await rest.client.get(
        "/v1/vendors",
        params={
            "near": f"{longitude},{latitude}",
            "radius_m": 20_000,
            "category": "plumbing",
        },
    )

    items = response.json()["items"]
    assert [vendor["id"] for vendor in items] == [near.id, far.id]
    assert [round(vendor["distance_m"], -3) for vendor in items] == [1_000, 11_000]


async def test_nearby_vendors_are_paged(rest: Rest) -> None:
    """Pages list each vendor once, and need no log-in."""
    place = somewhere()
    longitude, latitude = place["coordinates"]
    ids = [
        (
            await an_active_vendor(
                rest, {"type": "Point", "coordinates": [longitude, latitude + n / 100]}
            )
        ).id
        for n in range(3)
    ]
    params = {"near": f"{longitude},{latitude}", "limit": "1"}

    seen: list[str] = []
    while True:
        page = (await rest.client.get("/v1/vendors", params=params)).json()
        seen += [vendor["id"] for vendor in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert seen == ids


async def test_the_public_view_contains_nothing_personal(rest: Rest) -> None:
    """The public view has the company and its area: no address, phone, name, state or load."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place, company="Cedar Plumbing")
    near = ",".join(map(str, place["coordinates"]))

    one = await rest.client.get(f"/v1/vendors/{vendor.id}")
    listed = await rest.client.get("/v1/vendors", params={"near": near})

    public = {"id", "company", "categories", "service_area", "hours", "languages"}
    assert one.json().keys() == public | {"opening_hours", "holidays", "picture_ids"}
    assert listed.json()["items"][0].keys() == public | {"distance_m"}
    for response in (one, listed):
        assert vendor.email not in response.text
        assert "Vic Ortega" not in response.text


async def test_only_an_active_vendor_has_a_public_view(rest: Rest) -> None:
    """A vendor has no public view before its approval or while it is suspended."""
    admin = await an_admin(rest)
    vendor = await an_active_vendor(rest, somewhere())
    applied = await registered(rest, role="vendor")

    await admin.post(f"/v1/admin/vendors/{vendor.id}/suspend", json={"reason": "Complaints."})

    for vendor_id in (vendor.id, applied.id, "nobody"):
        response = await rest.client.get(f"/v1/vendors/{vendor_id}")
        assert refusal(response) == (404, "not_found")


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({}, "near"),
        ({"near": "here"}, "near"),
        ({"near": "1"}, "near"),
        ({"near": "181,0"}, "near"),
        ({"near": "0,91"}, "near"),
        ({"near": "nan,0"}, "near"),
        ({"near": "0,0", "radius_m": "0"}, "radius_m"),
        ({"near": "0,0", "radius_m": "1e3"}, "radius_m"),
        ({"near": "0,0", "radius_m": "500001"}, "radius_m"),
        ({"near": "0,0", "category": "astrology"}, "category"),
        ({"near": "0,0", "limit": "0"}, "limit"),
        ({"near": "0,0", "limit": "201"}, "limit"),
        ({"near": "0,0", "radius": "5"}, "radius"),
    ],
)
async def test_invalid_searches_are_refused(rest: Rest, params: dict[str, str], path: str) -> None:
    """An invalid search is refused with the parameter's name."""
    response = await rest.client.get("/v1/vendors", params=params)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [path]


async def test_hours_holidays_and_pauses_read_back(rest: Rest) -> None:
    """Each is saved by itself; hours and holidays are public, pauses are not."""
    vendor = await an_active_vendor(rest, somewhere())
    hours = {
        "timezone": "America/Denver",
        "days": {"monday": [{"opens": "08:00", "closes": "12:00"}], "saturday": []},
    }
    pause = {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-02-01T00:00:00+01:00"}

    for body in (
        {"opening_hours": hours},
        {"holidays": ["2099-12-25", "2099-01-01", "2099-12-25"]},
        {"pauses": [pause]},
    ):
        assert (await vendor.patch("/v1/vendors/me", json=body)).status_code == 200

    own = (await vendor.get("/v1/vendors/me")).json()
    public = (await rest.client.get(f"/v1/vendors/{vendor.id}")).json()
    assert own["opening_hours"]["days"] == {"monday": [{"opens": "08:00", "closes": "12:00"}]}
    assert own["holidays"] == ["2099-01-01", "2099-12-25"]
    assert own["pauses"] == [
        {"starts_at": "2099-01-01T00:00:00.000Z", "ends_at": "2099-01-31T23:00:00.000Z"}
    ]
    assert public["opening_hours"] == own["opening_hours"]
    assert public["holidays"] == own["holidays"]
    assert "pauses" not in public


async def test_a_polygon_reads_back_and_can_be_sent_back(rest: Rest) -> None:
    """With the circle that contains it; the polygon itself is not public."""
    vendor = await registered(rest, role="vendor")
    ring = [[-105.0, 39.7], [-104.9, 39.7], [-104.9, 39.8], [-105.0, 39.7]]
    polygon = {"type": "Polygon", "coordinates": [ring]}

    first = await vendor.patch("/v1/vendors/me", json={"service_area": {"polygon": polygon}})
    area = first.json()["service_area"]
    again = await vendor.patch("/v1/vendors/me", json={"service_area": area})

    assert area["polygon"] == polygon
    assert area["location"] == {"type": "Point", "coordinates": [-104.95, 39.75]}
    assert 6_000 < area["radius_m"] < 8_000
    assert again.json()["service_area"] == area
