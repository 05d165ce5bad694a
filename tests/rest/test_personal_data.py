"""Exporting and erasing an account over REST."""

import asyncio
import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from marketplace.actions import erasures, rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.schemas.rfis import DraftRfi
from marketplace.settings import Settings
from rest.limits import Limits
from tests.builders import Stopwatch
from tests.files import joined
from tests.rest.mail import changes
from tests.rest.people import (
    Person,
    Rest,
    Story,
    a_draft,
    a_quote_of,
    a_registration,
    a_story,
    refusal,
    registered,
)
from tests.rest.processes import a_process
from tests.rest.uploads import a_ready_photo, fetch


async def exported(person: Person) -> dict[str, Any]:
    """The files of the person's export."""
    response = await person.get("/v1/me/export")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["transfer-encoding"] == "chunked"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return {
            name: json.loads(archive.read(name)) if name.endswith(".json") else archive.read(name)
            for name in archive.namelist()
        }


async def test_an_export_has_everything_of_the_account_and_nothing_of_others(rest: Rest) -> None:
    """The customer gets the address they wrote; the vendor gets its quote and not the address."""
    story = await a_story(rest, address="1437 Bannock St")
    quoted = await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))
    assert quoted.status_code == 201
    stranger = await registered(rest)

    customers, vendors = await exported(story.customer), await exported(story.vendor)
    strangers = await exported(stranger)

    talk = f"conversations/{story.match['conversation_id']}.json"
    assert customers["rfis.json"][0]["rfi"]["address"] == "1437 Bannock St"
    assert [entry.get("code") for entry in customers[talk][1:]] == [
        "participant_joined",
        "quote_submitted",
    ]
    assert vendors["matches.json"][0]["quote"]["id"] == quoted.json()["id"]
    assert "1437 Bannock" not in json.dumps(vendors)
    assert story.customer.email not in json.dumps(vendors)
    for files in (customers, vendors, strangers):
        assert "argon2" not in json.dumps(files)
        assert "refresh_token" not in json.dumps(files)
    assert strangers["rfis.json"] == []
    assert story.rfi["id"] not in json.dumps(strangers)
    assert await changes(rest, story.customer.id) == ["data_exported"]


async def test_an_account_is_exported_three_times_an_hour(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export costs much; the fourth is refused with the time to wait."""
    monkeypatch.setattr(rest.app.ctx.service, "limits", Limits(1.0, Stopwatch()))
    person = await registered(rest)

    responses = [await person.get("/v1/me/export") for _ in range(4)]

    assert [response.status_code for response in responses] == [200, 200, 200, 429]
    assert int(responses[3].headers["retry-after"]) > 60


async def test_an_export_has_the_files_that_the_account_uploaded(rest: Rest) -> None:
    """Byte for byte as they are stored; those of others are not among them."""
    person, other = await registered(rest), await registered(rest)
    photo = await a_ready_photo(person)
    await a_ready_photo(other)
    seen = (await person.get(f"/v1/attachments/{photo['id']}")).json()
    content = (await fetch(rest, seen["url"])).content

    files = await exported(person)

    assert [sent["id"] for sent in files["attachments.json"]] == [photo["id"]]
    copies = {name: copy for name, copy in files.items() if name.startswith("attachments/")}
    assert copies == {f"attachments/{photo['id']}/{photo['name']}": content}


async def test_an_erased_account_leaves_no_file_that_nobody_has_seen(rest: Rest) -> None:
    """Neither the attachment, nor its record, nor its bytes."""
    person = await registered(rest)
    photo = await a_ready_photo(person)
    stored = await rest.parts.store.attachments.get(photo["id"])
    assert stored is not None

    await person.ask("DELETE", "/v1/me")
    await _settled(rest)

    assert await rest.parts.store.attachments.get(photo["id"]) is None
    assert await rest.parts.store.blob_records.get(stored.content_id or "") is None
    assert await joined(rest.parts.world.files.blobs.read(stored.content_id or "")) == b""


async def test_exports_at_once_are_bounded_and_free_their_places(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than there are places for is refused; readers who go away hold nothing."""
    service = rest.app.ctx.service
    monkeypatch.setattr(service, "exports", asyncio.Semaphore(2))
    people = [await registered(rest) for _ in range(3)]
    async with service.exports, service.exports:
        assert refusal(await people[0].get("/v1/me/export")) == (503, "unavailable")

    for person in people:
        request = rest.client.build_request("GET", "/v1/me/export", headers=person.bearer)
        response = await rest.client.send(request, stream=True)
        await response.aclose()

    async with asyncio.timeout(5), service.exports, service.exports:
        pass
    assert await exported(people[0])


async def test_an_erased_account_is_logged_out_everywhere(rest: Rest) -> None:
    """Its tokens are refused at once, its email can register again, and nothing of it is read."""
    body = a_registration(phone="+13035550142")
    person = await registered(rest, **body)
    other = await rest.client.post(
        "/v1/tokens", json={"email": body["email"], "password": body["password"]}
    )

    response = await person.ask("DELETE", "/v1/me")

    assert response.status_code == 202
    assert refusal(await person.get("/v1/me")) == (401, "unauthenticated")
    token = {"refresh_token": other.json()["refresh_token"]}
    refreshed = await rest.client.post("/v1/tokens/refresh", json=token)
    assert refusal(refreshed) == (401, "unauthenticated")
    assert (await registered(rest, **body)).id != person.id


async def test_others_keep_what_they_need(rest: Rest) -> None:
    """The vendor reads the RFI as withdrawn, and the conversation of a deleted account."""
    story = await a_story(rest, address="1437 Bannock St")
    await story.customer.post(
        f"{story.conversation_path}/messages",
        json={"client_message_id": "m-1", "body": "Come on Friday."},
    )

    await story.customer.ask("DELETE", "/v1/me")
    await _settled(rest)

    rfi = (await story.vendor.get(story.path)).json()
    talk = (await story.vendor.get(story.conversation_path)).json()
    entries = (await story.vendor.get(f"{story.conversation_path}/entries")).json()["items"]
    assert (rfi["state"], rfi["address"]) == ("withdrawn", None)
    assert [side["name"] for side in talk["participants"]] == [
        "Deleted account",
        "Front Range Plumbing",
    ]
    assert talk["is_open"] is False
    assert "Come on Friday." in [entry.get("body") for entry in entries]
    late = await story.vendor.post(
        f"{story.conversation_path}/messages", json={"client_message_id": "m-2", "body": "Hello?"}
    )
    assert refusal(late) == (403, "blocked")


async def test_a_vendor_that_leaves_frees_its_place(rest: Rest) -> None:
    """The customer sees a closed match of a deleted account, and the vendor is in no list."""
    story = await a_story(rest)
    quote = await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))

    await story.vendor.ask("DELETE", "/v1/me")
    await _settled(rest)

    (match,) = (await story.customer.get(f"{story.path}/matches")).json()["items"]
    (kept,) = (await story.customer.get(f"{story.path}/quotes")).json()["items"]
    assert (match["state"], match["vendor_name"]) == ("closed", "Deleted account")
    assert (kept["id"], kept["state"]) == (quote.json()["id"], "closed")
    gone = await rest.client.get(f"/v1/vendors/{story.vendor.id}")
    assert refusal(gone) == (404, "not_found")


async def test_of_erasures_at_once_one_has_an_effect(rest: Rest) -> None:
    """The others find no account any more."""
    person = await registered(rest)

    responses: list[httpx.Response] = await asyncio.gather(
        *(person.ask("DELETE", "/v1/me") for _ in range(8))
    )

    statuses = sorted(response.status_code for response in responses)
    assert statuses == [202] + [401] * 7
    assert await rest.parts.store.database["erasures"].count_documents({"_id": person.id}) == 1


async def test_what_a_last_request_made_is_found_by_the_second_run(rest: Rest) -> None:
    """An access token works for some seconds after its log-in; what it creates is erased too."""
    person = await registered(rest)
    await person.ask("DELETE", "/v1/me")
    await _settled(rest)
    late = await rfis.draft(
        rest.parts.world, Actor(person.id, Role.CUSTOMER), DraftRfi().read(a_draft(title="Late"))
    )

    await rest.parts.store.database["erasures"].update_one(
        {"_id": person.id}, [{"$set": {"due_at": "$requested_at"}}]
    )
    await _settled(rest)

    kept = await rest.parts.store.rfis.get(late.id)
    assert kept is not None
    assert (kept.state.value, kept.title) == ("withdrawn", "Deleted account")


async def test_any_process_finishes_an_erasure(rest: Rest, settings: Settings) -> None:
    """This process answers and does no more; another one finds the record that is due."""
    story = await a_story(rest)
    await story.customer.ask("DELETE", "/v1/me")

    async with a_process(settings, "rest-erasing"), asyncio.timeout(60):
        while await _has_name(rest, story):  # noqa: ASYNC110 # another process
            await asyncio.sleep(0.1)

    assert (await story.vendor.get(story.path)).json()["state"] == "withdrawn"


async def _has_name(rest: Rest, story: Story) -> bool:
    talk = (await story.vendor.get(story.conversation_path)).json()
    name: str = talk["participants"][0]["name"]
    return name != "Deleted account"


async def _settled(rest: Rest) -> None:
    """Run the erasures that are due."""
    while await erasures.run_due(rest.parts.world):
        pass
