"""Typed input over REST: cleaned, or refused with its path, in the same way everywhere."""

from typing import Any

import pytest

from tests.rest.people import (
    PASSWORD,
    Rest,
    a_draft,
    a_draft_of,
    a_quote_of,
    a_registration,
    a_story,
    an_active_vendor,
    an_email,
    paths_of,
    refusal,
    registered,
    somewhere,
)

INVISIBLE = [
    "\u200b",
    "\u2060",
    "\ufeff",
    "\u2800",
    "\u3164",
    "\u00ad",
    "\u034f",
    "\u0301",
    "\u202e",
]


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
async def test_an_invisible_name_title_or_message_is_refused(rest: Rest, text: str) -> None:
    """Invisible names, titles and messages are refused with their field."""
    story = await a_story(rest)
    message = {"client_message_id": "m1", "body": text}

    refused = [
        (await rest.client.post("/v1/accounts", json=a_registration(name=text)), "name"),
        (await story.customer.post("/v1/rfis", json=a_draft(title=text)), "title"),
        (await story.vendor.patch("/v1/vendors/me", json={"company": text}), "company"),
        (await story.customer.post(f"{story.conversation_path}/messages", json=message), "body"),
    ]

    for response, path in refused:
        assert refusal(response) == (422, "validation_failed")
        assert paths_of(response) == [path]


async def test_a_message_pasted_from_word_is_accepted(rest: Rest) -> None:
    """Vertical tabs and form feeds become line breaks; other control characters are removed."""
    story = await a_story(rest)
    message = {"client_message_id": "m1", "body": "one\x0btwo\x0cthree\x07\r\nfour"}
    path = f"{story.conversation_path}/messages"

    first = await story.customer.post(path, json=message)
    again = await story.customer.post(path, json=message)

    assert first.status_code == 201
    assert again.json()["sequence"] == first.json()["sequence"]
    entries = (await story.customer.get(f"{story.conversation_path}/entries")).json()["items"]
    assert entries[-1]["body"] == "one\ntwo\nthree\nfour"


async def test_names_and_titles_are_one_line_without_direction_controls(rest: Rest) -> None:
    """Line breaks become spaces, direction controls are removed, links in names are refused."""
    person = await registered(rest, name="Carla\u202e\nReyes")
    rfi = await a_draft_of(person, title=" Sink\r\nleaks \u202egpj.exe ")
    linked = await rest.client.post(
        "/v1/accounts", json=a_registration(name="https://evil.example")
    )

    assert (await person.get("/v1/me")).json()["name"] == "Carla Reyes"
    assert rfi["title"] == "Sink leaks gpj.exe"
    assert refusal(linked) == (422, "validation_failed")
    assert paths_of(linked) == ["name"]


@pytest.mark.parametrize("name", ["Asia/Calcutta", "Europe/Kiev", "US/Pacific"])
async def test_old_names_of_time_zones_are_accepted(rest: Rest, name: str) -> None:
    """Chrome sends old names, so they are accepted and kept."""
    person = await registered(rest, timezone=name)

    assert (await person.get("/v1/me")).json()["timezone"] == name


async def test_both_unicode_compositions_of_a_password_match(rest: Rest) -> None:
    """A password typed on a Mac works on Windows; hashes of version 0.1 still work."""
    composed, decomposed = "Caf\u00e9 au lait", "Cafe\u0301 au lait"
    person = await registered(rest, password=decomposed)
    old = await registered(rest)
    as_typed = await rest.parts.world.passwords.hash(decomposed)
    await rest.parts.store.database["accounts"].update_one(
        {"_id": old.id}, {"$set": {"password_hash": as_typed}}
    )

    async def status(email: str, password: str) -> int:
        body = {"email": email, "password": password}
        return (await rest.client.post("/v1/tokens", json=body)).status_code

    assert await status(person.email, composed) == 200
    assert await status(person.email, decomposed) == 200
    assert await status(old.email, decomposed) == 200


@pytest.mark.parametrize(
    "password", ["password", "12345678", "qwertyuiop", "parley123", "Carla Reyes"]
)
async def test_an_easily_guessed_password_is_refused(rest: Rest, password: str) -> None:
    """Common passwords, our name and the person's own name are refused."""
    response = await rest.client.post("/v1/accounts", json=a_registration(password=password))

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["password"]


async def test_both_spellings_of_a_domain_are_one_address(rest: Rest) -> None:
    """`bücher` and `xn--bcher-kva` are one domain; its owner can log in with either."""
    local = an_email().partition("@")[0]
    person = await registered(rest, email=f"{local}@bücher.example")

    again = await rest.client.post(
        "/v1/accounts", json=a_registration(email=f"{local}@xn--bcher-kva.example")
    )
    logged_in = await rest.client.post(
        "/v1/tokens", json={"email": f"{local}@BÜCHER.example", "password": PASSWORD}
    )

    assert refusal(again) == (409, "email_taken")
    assert logged_in.json()["account"]["id"] == person.id
    assert logged_in.json()["account"]["email"] == f"{local}@xn--bcher-kva.example"


async def test_an_address_stored_by_version_0_1_still_logs_in(rest: Rest) -> None:
    """Even emails that are refused today can log in, and cannot be registered in another form."""
    local = an_email().partition("@")[0]
    umlaut, local_host = await registered(rest), await registered(rest)
    accounts = rest.parts.store.database["accounts"]
    await accounts.update_one({"_id": umlaut.id}, {"$set": {"email": f"{local}@bücher.example"}})
    await accounts.update_one({"_id": local_host.id}, {"$set": {"email": f"{local}@localhost"}})

    async def log_in(email: str) -> Any:
        body = {"email": email, "password": PASSWORD}
        return (await rest.client.post("/v1/tokens", json=body)).json()["account"]["id"]

    again = a_registration(email=f"{local}@xn--bcher-kva.example")
    assert await log_in(f"{local}@xn--bcher-kva.example") == umlaut.id
    assert await log_in(f"{local}@bücher.example") == umlaut.id
    assert await log_in(f"{local}@localhost") == local_host.id
    assert refusal(await rest.client.post("/v1/accounts", json=again)) == (409, "email_taken")


@pytest.mark.parametrize(
    "email", ["x@localhost", "x@[127.0.0.1]", "ü@people.example", "x@b.invalid"]
)
async def test_an_undeliverable_address_is_refused(rest: Rest, email: str) -> None:
    """An undeliverable email is refused at registration, not later by the provider."""
    response = await rest.client.post("/v1/accounts", json=a_registration(email=email))

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["email"]


@pytest.mark.parametrize(
    "phone", ["+4407911123456", "+1911911", "+٤٤٧٩١١١٢٣٤٥٦", "+19005551234", "+49110", ["+1"]]
)
async def test_a_number_that_cannot_receive_sms_is_refused(rest: Rest, phone: object) -> None:
    """Impossible, premium and short numbers, and digits of other scripts, are refused."""
    response = await rest.client.post("/v1/accounts", json=a_registration(phone=phone))

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["phone"]


async def test_a_number_is_stored_in_e164_form(rest: Rest) -> None:
    """However it is typed, a phone number is stored in E.164 form."""
    person = await registered(rest, phone="+1 (303) 555-0142")

    assert (await person.get("/v1/me")).json()["phone"] == "+13035550142"


@pytest.mark.parametrize("coordinate", [-3.8e-05, 0.30000000000000004, 7, -0.0, 1e-300])
async def test_a_coordinate_may_be_any_json_number(rest: Rest, coordinate: float) -> None:
    """A coordinate may have any notation in which clients print floats, in body or query."""
    customer = await registered(rest)
    place = {"type": "Point", "coordinates": [coordinate, coordinate]}

    drafted = await customer.post("/v1/rfis", json=a_draft(location=place))
    listed = await rest.client.get("/v1/vendors", params={"near": f"{coordinate},{coordinate!r}"})

    assert drafted.status_code == 201
    assert listed.status_code == 200


@pytest.mark.parametrize(
    "near", ["1e999,0", "nan,0", "0x10,0", "٣,٤", "1,2,3", "181,0", "1_0,0", ""]
)
async def test_other_coordinates_are_refused(rest: Rest, near: str) -> None:
    """Coordinates out of range, not finite or not decimal are refused."""
    response = await rest.client.get("/v1/vendors", params={"near": near})

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["near"]


async def test_a_needed_by_in_the_past_cannot_be_submitted(rest: Rest) -> None:
    """A draft may have a past `needed_by`, but it cannot be submitted or set in a revision."""
    customer = await registered(rest)
    past, future = "2001-01-01T00:00:00Z", "2040-06-01T00:00:00Z"
    late = await a_draft_of(customer, needed_by=past)
    fine = await a_draft_of(customer, needed_by=future)

    submitted = await customer.post(f"/v1/rfis/{late['id']}/submit", if_match=1)
    revised = await customer.patch(f"/v1/rfis/{fine['id']}", json={"needed_by": past}, if_match=1)
    retitled = await customer.patch(f"/v1/rfis/{late['id']}", json={"title": "Tap"}, if_match=1)

    for response in (submitted, revised):
        assert refusal(response) == (422, "validation_failed")
        assert paths_of(response) == ["needed_by"]
    assert retitled.status_code == 200


@pytest.mark.parametrize("currency", ["ABC", "XXX", "BTC", "DEM", "usd", "US", None, 978])
async def test_a_currency_must_be_in_use(rest: Rest, currency: object) -> None:
    """A currency must be an ISO 4217 code in use today."""
    customer = await registered(rest)
    budget = {"min_minor": 1, "max_minor": 2, "currency": currency}

    response = await customer.post("/v1/rfis", json=a_draft(budget=budget))

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["budget.currency"]


async def test_capacity_cannot_fall_below_the_open_matches(rest: Rest) -> None:
    """The refusal says how many matches are open."""
    story = await a_story(rest)
    other = await registered(rest)
    place = story.rfi["location"]
    await an_active_vendor(rest, somewhere())
    for _ in range(2):
        draft = await a_draft_of(other, location=place)
        await other.post(f"/v1/rfis/{draft['id']}/submit", if_match=1)

    await rest.parts.store.database["vendors"].update_one(
        {"_id": story.vendor.id}, {"$set": {"open_matches": 3}}
    )
    refused = await story.vendor.patch("/v1/vendors/me", json={"capacity": 2})
    allowed = await story.vendor.patch("/v1/vendors/me", json={"capacity": 3})

    assert refusal(refused) == (422, "validation_failed")
    assert paths_of(refused) == ["capacity"]
    assert "less than 3" in refused.json()["errors"][0]["message"]
    assert allowed.status_code == 200


async def test_a_quote_cannot_have_expired(rest: Rest) -> None:
    """The refusal names the field."""
    story = await a_story(rest)
    quote = a_quote_of(story.rfi, valid_until="2001-01-01T00:00:00Z")

    response = await story.vendor.post(f"{story.path}/quotes", json=quote)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == ["valid_until"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "named"),
    [
        ("PATCH", "/v1/rfis/none", {"If-Match": "nonsense"}, "If-Match"),
        ("POST", "/v1/rfis", {"Idempotency-Key": "a b"}, "Idempotency-Key"),
    ],
)
async def test_an_invalid_header_is_named(
    rest: Rest, method: str, path: str, headers: dict[str, str], named: str
) -> None:
    """The refusal names the invalid header."""
    person = await registered(rest)

    response = await person.ask(method, path, json=a_draft(), headers=headers)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [named]


@pytest.mark.parametrize("payload", [[], "text", 7, None])
async def test_a_body_that_is_not_an_object_has_the_root_path(rest: Rest, payload: object) -> None:
    """The path `$` stands for the whole payload."""
    response = await rest.client.post("/v1/tokens", json=payload)

    assert response.status_code in {400, 422}
    if response.status_code == 422:
        assert paths_of(response) == ["$"]
