"""A vendor's documents, over REST."""

from typing import Any

import pytest

from marketplace.ids import new_id
from tests import files
from tests.rest.people import (
    Rest,
    an_active_vendor,
    an_admin,
    paths_of,
    refusal,
    registered,
    somewhere,
)
from tests.rest.uploads import left

PATH = "/v1/vendors/me/documents"
LICENCE = {"type": "licence", "category": "plumbing", "number": "PL-4711"}


async def test_a_document_is_added_read_and_deleted(rest: Rest) -> None:
    """It is unchecked at first, and completes the optional step."""
    vendor = await registered(rest, role="vendor")

    added = await vendor.post(PATH, json={**LICENCE, "expires_on": "2099-12-31"})
    document = added.json()
    read = await vendor.get(f"{PATH}/{document['id']}")
    listed = (await vendor.get(PATH)).json()
    steps = (await vendor.get("/v1/vendors/me")).json()["optional_steps"]
    deleted = await vendor.ask("DELETE", f"{PATH}/{document['id']}")

    assert added.status_code == 201
    assert added.headers["Location"] == f"{PATH}/{document['id']}"
    assert {name: document[name] for name in LICENCE} == LICENCE
    assert (document["state"], document["expires_on"]) == ("unchecked", "2099-12-31")
    assert document["expires_at"] == "2100-01-01T00:00:00.000Z"
    assert read.json() == document
    assert listed == {"items": [document], "next_cursor": None}
    assert "documents" in steps["done"]
    assert deleted.status_code == 204
    assert (await vendor.get(PATH)).json()["items"] == []


async def test_an_active_vendors_document_is_checked_while_it_works_on(rest: Rest) -> None:
    """The admin sees it with its number, and accepts it."""
    vendor, admin = await an_active_vendor(rest, somewhere()), await an_admin(rest)
    await vendor.post(PATH, json=LICENCE)

    path = f"/v1/admin/vendors/{vendor.id}"
    claimed = (await admin.post(f"{path}/claim")).json()
    file = (await admin.get(path)).json()
    await admin.post(f"{path}/approve", json={"reason": "Checked."})

    assert claimed["proposal"]["has_documents"] is True
    assert file["documents"][0]["number"] == "PL-4711"
    (document,) = (await vendor.get(PATH)).json()["items"]
    assert document["state"] == "accepted"
    assert (await vendor.get("/v1/vendors/me")).json()["state"] == "active"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "type"),
        ({"type": "diploma"}, "type"),
        ({"type": "licence", "category": "astrology"}, "category"),
        ({"type": "licence", "number": ""}, "number"),
        ({"type": "licence", "number": "x" * 101}, "number"),
        ({"type": "licence", "number": {"$ne": ""}}, "number"),
        ({"type": "licence", "expires_on": "soon"}, "expires_on"),
        ({"type": "licence", "expires_on": 20991231}, "expires_on"),
        ({"type": "licence", "expires_on": "2001-01-01"}, "expires_on"),
        ({"type": "licence", "state": "accepted"}, "state"),
    ],
)
async def test_invalid_documents_are_refused(rest: Rest, body: dict[str, Any], path: str) -> None:
    """With their path, and nothing is stored."""
    vendor = await registered(rest, role="vendor")

    response = await vendor.post(PATH, json=body)

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [path]
    assert (await vendor.get(PATH)).json()["items"] == []


async def test_another_vendors_document_is_not_found(rest: Rest) -> None:
    """It answers exactly what an unknown id answers, and stays."""
    vendor, other = [await registered(rest, role="vendor") for _ in range(2)]
    document = (await vendor.post(PATH, json=LICENCE)).json()

    for id_ in (document["id"], "unknown"):
        for method in ("GET", "DELETE"):
            assert refusal(await other.ask(method, f"{PATH}/{id_}")) == (404, "not_found")
    assert len((await vendor.get(PATH)).json()["items"]) == 1


async def test_customers_and_admins_have_no_documents(rest: Rest) -> None:
    """Only vendors do."""
    for person in (await registered(rest), await an_admin(rest)):
        answers = [
            await person.get(PATH),
            await person.post(PATH, json=LICENCE),
            await person.get(f"{PATH}/any"),
            await person.ask("DELETE", f"{PATH}/any"),
        ]
        assert {refusal(answer) for answer in answers} == {(403, "forbidden")}


async def test_a_document_is_sent_with_its_file(rest: Rest) -> None:
    """In one form, with the file last; a retry under the same key adds nothing."""
    vendor, admin = await registered(rest, role="vendor"), await an_admin(rest)
    headers = {"Idempotency-Key": new_id()}
    form = {"type": "insurance", "number": "I-1", "expires_on": "2099-12-31"}
    file = {"file": ("policy.pdf", files.a_pdf(), "application/pdf")}

    added = await vendor.post(PATH, data=form, files=file, headers=headers)
    again = await vendor.post(PATH, data=form, files=file, headers=headers)

    assert added.status_code == 201, added.text
    document = added.json()
    assert {name: document[name] for name in form} == form
    assert again.json() == document
    seen = await admin.get(f"/v1/attachments/{document['attachment_id']}")
    assert seen.json()["media_type"] == "application/pdf"
    assert len((await vendor.get(PATH)).json()["items"]) == 1
    stranger = await registered(rest, role="vendor")
    hidden = await stranger.get(f"/v1/attachments/{document['attachment_id']}")
    assert refusal(hidden) == (404, "not_found")


@pytest.mark.parametrize(
    ("form", "file", "code", "path"),
    [
        ({}, files.a_pdf(), "validation_failed", "type"),
        ({"type": "diploma"}, files.a_pdf(), "validation_failed", "type"),
        ({"type": "licence", "colour": "red"}, files.a_pdf(), "validation_failed", "colour"),
        ({"type": "licence" * 400}, files.a_pdf(), "validation_failed", "type"),
        ({"type": "licence"}, b"MZ not a document", "unsupported_media_type", None),
    ],
)
async def test_a_wrong_form_leaves_nothing(
    rest: Rest, form: dict[str, str], file: bytes, code: str, path: str | None
) -> None:
    """Neither a document nor a file nor a part of one."""
    vendor = await registered(rest, role="vendor")
    before = await left(rest)

    response = await vendor.post(PATH, data=form, files={"file": ("policy.pdf", file)})

    assert refusal(response)[1] == code
    assert path is None or path in paths_of(response)
    assert await left(rest) == before
    assert (await vendor.get(PATH)).json()["items"] == []
