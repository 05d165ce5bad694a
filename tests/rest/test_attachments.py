"""Upload files, send them in messages and RFIs, and read them by their URLs."""

import asyncio
import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from marketplace.domain.attachments import PART_BYTES
from marketplace.ids import new_id
from tests import files
from tests.rest.people import (
    Rest,
    a_draft,
    a_draft_of,
    a_story,
    an_admin,
    paths_of,
    refusal,
    registered,
)
from tests.rest.uploads import (
    a_ready_photo,
    announced,
    fetch,
    left,
    part_of,
    put_part,
    upload,
)


def message(*attachments: dict[str, Any], **named: Any) -> dict[str, Any]:
    """A message with attachments."""
    ids = [attachment["id"] for attachment in attachments]
    return {"client_message_id": new_id(), "body": "Look", "attachment_ids": ids, **named}


async def test_a_photo_is_uploaded_and_read(rest: Rest) -> None:
    """Without metadata, under a URL that needs no log-in, with a thumbnail."""
    customer = await registered(rest)

    response = await upload(customer, name="Küche.jpeg")
    photo = response.json()
    content = await fetch(rest, photo["url"])
    thumbnail = await fetch(rest, photo["thumbnail_url"])

    assert response.headers["location"] == f"/v1/attachments/{photo['id']}"
    expected = {"state": "ready", "name": "Küche.jpeg", "media_type": "image/jpeg"}
    assert photo.items() >= expected.items()
    assert (photo["width"], photo["height"], photo["bytes"]) == (640, 480, len(content.content))
    assert files.CAMERA.encode() not in content.content
    for file in (content, thumbnail):
        with Image.open(io.BytesIO(file.content)) as image:
            assert not image.getexif()


async def test_a_file_is_served_for_its_owner_and_for_no_script(rest: Rest) -> None:
    """Private to caches, of its checked type, under its name, and harmless as a page."""
    customer = await registered(rest)
    document = (await upload(customer, files.a_pdf(), 'offer "1".exe')).json()

    response = await fetch(rest, document["url"])

    headers = response.headers
    assert response.content == files.a_pdf()
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"] == (
        "attachment; filename=\"offer _1_.pdf\"; filename*=UTF-8''offer%20_1_.pdf"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert headers["cache-control"].startswith("private, max-age=")
    photo = await a_ready_photo(customer)
    shown = (await fetch(rest, photo["url"])).headers["content-disposition"]
    assert shown.startswith("inline")


async def test_the_url_stays_the_same_for_a_while(rest: Rest) -> None:
    """So that a browser finds the file in its cache, without asking us again."""
    customer = await registered(rest)
    photo = await a_ready_photo(customer)

    again = (await customer.get(f"/v1/attachments/{photo['id']}")).json()
    first = await fetch(rest, again["url"])
    cached = await fetch(rest, again["url"], **{"If-None-Match": first.headers["etag"]})

    assert again["id"] == photo["id"]
    assert cached.status_code == 304


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-7", -7, None)],
)
async def test_audio_is_read_in_ranges(rest: Rest, asked: str, start: int, end: int | None) -> None:
    """So that it can be played from any point."""
    customer = await registered(rest)
    voice = (await upload(customer, files.a_recording("audio/mp4"), "voice.m4a")).json()
    whole = (await fetch(rest, voice["url"])).content

    part = await fetch(rest, voice["url"], Range=asked)

    expected = whole[start:end]
    assert part.status_code == 206
    assert part.content == expected
    at = len(whole) + start if start < 0 else start
    assert part.headers["content-range"] == f"bytes {at}-{at + len(expected) - 1}/{len(whole)}"
    assert voice["duration_ms"] == pytest.approx(2_000, abs=100)


async def test_a_range_outside_the_file_is_refused(rest: Rest) -> None:
    """With its size; a range that makes no sense gets the whole file, and HEAD gets no byte."""
    customer = await registered(rest)
    photo = await a_ready_photo(customer)

    outside = await fetch(rest, photo["url"], Range="bytes=99999999-")
    nonsense = await fetch(rest, photo["url"], Range="bytes=9-5,1-2")
    other = await fetch(rest, photo["url"], **{"Range": "bytes=0-9", "If-Range": '"other"'})
    head = await fetch(rest, photo["url"], "HEAD")

    assert refusal(outside) == (416, "malformed")
    assert outside.headers["content-range"] == f"bytes */{photo['bytes']}"
    assert [len(response.content) for response in (nonsense, other)] == [photo["bytes"]] * 2
    assert (head.headers["content-length"], head.content) == (str(photo["bytes"]), b"")


async def test_a_signature_is_of_one_file_and_expires(rest: Rest) -> None:
    """Forged, moved to another file, prolonged or expired: refused, and nothing is read."""
    customer = await registered(rest)
    photo, other = await a_ready_photo(customer), await a_ready_photo(customer)
    query = {name: values[0] for name, values in parse_qs(urlsplit(photo["url"]).query).items()}
    path, elsewhere = urlsplit(photo["url"]).path, urlsplit(other["url"]).path
    past = rest.app.ctx.service.file_links
    file_id = path.rpartition("/")[2]
    expired = {"expires": "1700000000", "signature": past._signature(file_id, "1700000000")}

    answers = [
        await rest.client.get(asked, params=params)
        for asked, params in (
            (path, query | {"signature": "A" * 43}),
            (path, query | {"signature": "ä"}),
            (elsewhere, query),
            (path, query | {"expires": str(int(query["expires"]) + 1)}),
            ("/v1/files/unknown", query),
            (path, expired),
        )
    ]

    assert [refusal(answer) for answer in answers] == [(403, "forbidden")] * 6
    assert "expired" in answers[-1].json()["detail"]
    assert len({answer.json()["detail"] for answer in answers[:-1]}) == 1
    assert refusal(await rest.client.get(path)) == (422, "validation_failed")


async def test_a_file_is_sent_in_parts_in_any_order(rest: Rest) -> None:
    """Each may be sent again; the upload says what has arrived, and completing it is repeatable."""
    customer = await registered(rest)
    content = files.a_photo() + bytes(2 * PART_BYTES)
    started = await announced(customer, content)
    assert (started["state"], started["part_bytes"], started["received_parts"]) == (
        "uploading", PART_BYTES, [],
    )  # fmt: skip
    path = f"/v1/attachments/{started['id']}"

    for number in (3, 1, 3):
        assert (
            await put_part(customer, started["id"], number, part_of(content, number))
        ).is_success
    early = await customer.post(f"{path}/complete")
    midway = (await customer.get(path)).json()
    await put_part(customer, started["id"], 2, part_of(content, 2))
    ready, again = [await customer.post(f"{path}/complete") for _ in range(2)]

    assert refusal(early) == (409, "wrong_state")
    assert midway["received_parts"] == [1, 3]
    assert ready.json() == again.json()
    assert (ready.json()["state"], ready.json()["received_parts"]) == ("ready", None)
    assert (await fetch(rest, ready.json()["url"])).headers["content-type"] == "image/jpeg"


async def test_parts_go_through_any_process_and_at_once(rest: Rest) -> None:
    """All parts in parallel, each twice, and completed eight times: one file, and nothing else."""
    customer = await registered(rest)
    content = files.a_photo() + bytes(3 * PART_BYTES)
    started = await announced(customer, content)
    before = await left(rest)

    await asyncio.gather(
        *(put_part(customer, started["id"], n, part_of(content, n)) for n in (1, 2, 3, 4) * 2)
    )
    path = f"/v1/attachments/{started['id']}/complete"
    answers = await asyncio.gather(*(customer.post(path) for _ in range(8)))

    done = [answer.json() for answer in answers if answer.status_code == 200]
    assert len({body["url"] for body in done}) == 1
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert (await left(rest))["blobs"] - before["blobs"] == 2


async def test_a_message_has_attachments(rest: Rest) -> None:
    """Both sides read them; a photo needs no words."""
    story = await a_story(rest)
    photo = await a_ready_photo(story.customer)
    path = f"{story.conversation_path}/messages"

    sent = await story.customer.post(path, json=message(photo, body=""))
    listed = (await story.vendor.get(f"{story.conversation_path}/entries")).json()["items"][-1]
    seen = await story.vendor.get(f"/v1/attachments/{photo['id']}")

    assert sent.status_code == 201, sent.text
    assert listed["attachments"] == sent.json()["attachments"] == [
        {
            "id": photo["id"],
            "name": "sink.jpg",
            "media_type": "image/jpeg",
            "bytes": photo["bytes"],
            "has_thumbnail": True,
            "width": 640,
            "height": 480,
        }
    ]  # fmt: skip
    assert (await fetch(rest, seen.json()["url"])).status_code == 200


async def test_of_messages_at_a_time_one_has_the_attachment(rest: Rest) -> None:
    """However many race for it; the others are refused and not stored."""
    story = await a_story(rest)
    photo = await a_ready_photo(story.customer)
    path = f"{story.conversation_path}/messages"

    answers = await asyncio.gather(
        *(story.customer.post(path, json=message(photo)) for _ in range(16))
    )

    assert [answer.status_code for answer in answers].count(201) == 1
    refused = {refusal(answer) for answer in answers if answer.status_code != 201}
    assert refused == {(422, "validation_failed")}
    entries = (await story.vendor.get(f"{story.conversation_path}/entries")).json()["items"]
    assert len([entry for entry in entries if entry["kind"] == "message"]) == 1


async def test_copies_of_one_message_at_a_time_are_one(rest: Rest) -> None:
    """The same client_message_id and attachments: one message, and its answer for all."""
    story = await a_story(rest)
    photo = await a_ready_photo(story.customer)
    body = message(photo)
    path = f"{story.conversation_path}/messages"

    answers = await asyncio.gather(*(story.customer.post(path, json=body) for _ in range(16)))

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_an_rfi_has_attachments(rest: Rest) -> None:
    """From the draft on for its customer, and from the offer on for its vendors."""
    customer = await registered(rest)
    first, second = await a_ready_photo(customer), await a_ready_photo(customer)
    draft = await a_draft_of(customer, attachment_ids=[first["id"]])

    revised = await customer.patch(
        f"/v1/rfis/{draft['id']}",
        json={"attachment_ids": [second["id"], first["id"]]},
        if_match=1,
    )

    assert draft["attachment_ids"] == [first["id"]]
    assert revised.json()["attachment_ids"] == [second["id"], first["id"]]
    again = await customer.post("/v1/rfis", json=a_draft(attachment_ids=[first["id"]]))
    assert refusal(again) == (422, "validation_failed")
    assert paths_of(again) == ["attachment_ids"]


async def test_who_may_read_an_attachment(rest: Rest) -> None:
    """Everybody else gets exactly what an unknown id gets, before and after."""
    photo_of = {}
    stranger, admin = await registered(rest), await an_admin(rest)
    other_vendor = await registered(rest, role="vendor")
    story = await a_story(rest)
    photo_of["unused"] = await a_ready_photo(story.customer)
    photo_of["sent"] = await a_ready_photo(story.customer)
    await story.customer.post(f"{story.conversation_path}/messages", json=message(photo_of["sent"]))
    unknown = await stranger.get(f"/v1/attachments/{new_id()}")

    statuses = {
        (name, who): (await person.get(f"/v1/attachments/{photo['id']}")).status_code
        for name, photo in photo_of.items()
        for who, person in (
            ("owner", story.customer),
            ("vendor", story.vendor),
            ("stranger", stranger),
            ("other vendor", other_vendor),
            ("admin", admin),
        )
    }

    assert statuses == {
        ("unused", "owner"): 200,
        ("unused", "vendor"): 404,
        ("unused", "stranger"): 404,
        ("unused", "other vendor"): 404,
        ("unused", "admin"): 200,
        ("sent", "owner"): 200,
        ("sent", "vendor"): 200,
        ("sent", "stranger"): 404,
        ("sent", "other vendor"): 404,
        ("sent", "admin"): 200,
    }
    denied = await stranger.get(f"/v1/attachments/{photo_of['sent']['id']}")
    for body in (denied.json(), unknown.json()):
        body.pop("request_id")
        assert body["detail"] == "There is no attachment with this id."
    parts = await put_part(stranger, photo_of["unused"]["id"], 1, b"x")
    assert refusal(parts) == (404, "not_found")
    assert refusal(await stranger.post(f"/v1/attachments/{photo_of['unused']['id']}/complete")) == (
        404,
        "not_found",
    )
    anonymous = await rest.client.get(f"/v1/attachments/{photo_of['sent']['id']}")
    assert refusal(anonymous) == (401, "unauthenticated")


async def test_a_suspended_vendor_uploads_nothing(rest: Rest) -> None:
    """It may read its conversations, with what was sent in them."""
    story = await a_story(rest)
    photo = await a_ready_photo(story.customer)
    await story.customer.post(f"{story.conversation_path}/messages", json=message(photo))
    admin = await an_admin(rest)
    await admin.post(f"/v1/admin/vendors/{story.vendor.id}/suspend", json={"reason": "Complaints."})
    before = await left(rest)

    refused = await upload(story.vendor)

    assert refusal(refused) == (403, "forbidden")
    assert await left(rest) == before
    assert (await story.vendor.get(f"/v1/attachments/{photo['id']}")).status_code == 200


async def test_a_repeated_upload_is_one(rest: Rest) -> None:
    """The same file under the same key gets the first answer; another one is refused."""
    customer = await registered(rest)
    key = new_id()
    before = await left(rest)

    first = await upload(customer, key=key)
    again = await upload(customer, key=key)
    other = await upload(customer, files.a_pdf(), key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert refusal(other) == (422, "idempotency_key_reused")
    assert (await left(rest))["attachments"] == before["attachments"] + 1
    assert (await left(rest))["blobs"] == before["blobs"] + 2
