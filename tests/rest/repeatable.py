"""Requests under an Idempotency-Key that can be repeated, also through a second process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx

from marketplace.ids import new_id
from marketplace.settings import Settings
from tests.mongo_proxy import MongoProxy
from tests.rest.people import (
    Person,
    Rest,
    Story,
    a_draft,
    a_quote_of,
    a_registration,
    a_story,
    an_active_vendor,
    an_email,
    an_open_rfi,
    offered,
    registered,
    somewhere,
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A second `rest` with the same database, which reaches MongoDB through a proxy."""

    proxy: MongoProxy
    rest: Rest
    settings: Settings

    def seen_by(self, person: Person) -> Person:
        """The same person as a client of this process."""
        return replace(person, client=self.rest.client)


def keyed(key: str) -> dict[str, str]:
    """The header with the key."""
    return {"Idempotency-Key": key}


@dataclass(frozen=True, slots=True)
class RepeatableRequest:
    """A repeatable request, and a count of its stored effects and events.

    `status` is that of its success, and `if_match` the revision that it is based on, if any.
    """

    person: Person
    path: str
    body: dict[str, Any] | None
    count: Callable[[], Awaitable[list[int]]]
    key: str
    status: int = 201
    if_match: int | None = None

    async def at(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send it, always with the same key."""
        person = replace(self.person, client=client)
        return await person.post(
            self.path, json=self.body, headers=keyed(self.key), if_match=self.if_match
        )


async def counted(rest: Rest, *queries: tuple[str, dict[str, Any]]) -> list[int]:
    """The numbers of matching documents."""
    database = rest.parts.store.database
    return [await database[name].count_documents(condition) for name, condition in queries]


async def _a_repeatable_acceptance(rest: Rest) -> RepeatableRequest:
    place = somewhere()
    vendor, customer = await an_active_vendor(rest, place), await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    match = await offered(vendor, rfi)
    return RepeatableRequest(vendor, f"/v1/matches/{match['id']}/accept", None,
               lambda: counted(rest, ("conversations", {"match_id": match["id"]}),
                               ("outbox", {"key": rfi["id"], "name": "match.accepted"})),
               new_id(), status=200)  # fmt: skip


async def _a_repeatable_award(rest: Rest, story: Story) -> RepeatableRequest:
    rfi, talk = story.rfi["id"], story.match["conversation_id"]
    quote = (await story.vendor.post(f"{story.path}/quotes", json=a_quote_of(story.rfi))).json()
    body = {"quote_id": quote["id"], "quote_revision": 1}
    return RepeatableRequest(story.customer, f"{story.path}/award", body,
               lambda: counted(rest, ("rfi_revisions", {"rfi_id": rfi, "cause": "awarded"}),
                               ("outbox", {"key": rfi, "name": "rfi.awarded"}),
                               ("entries", {"conversation_id": talk, "code": "rfi_awarded"})),
               new_id(), status=200, if_match=story.rfi["revision"])  # fmt: skip


async def a_repeatable_request(rest: Rest, operation: str) -> RepeatableRequest:
    """A first request for this operation, not yet sent."""
    story = await a_story(rest)
    talk = story.match["conversation_id"]
    if operation in {"submit_quote", "add_vendor_document", "invite_member"}:
        return _of_the_vendor(rest, story, operation)
    if operation == "accept_match":
        return await _a_repeatable_acceptance(rest)
    message = {"client_message_id": new_id(), "body": "Hello"}
    path = f"{story.conversation_path}/messages"
    if operation == "send_message":
        return RepeatableRequest(story.vendor, path, message,
                   lambda: counted(rest, ("entries", {"conversation_id": talk, "kind": "message"})), new_id())  # fmt: skip
    if operation == "report_message":
        sent = (await story.vendor.post(path, json=message)).json()
        return RepeatableRequest(story.customer, f"{path}/{sent['id']}/report", {"reason": "spam"},
                   lambda: counted(rest, ("reports", {"message_id": sent["id"]}),
                                   ("outbox", {"key": talk, "name": "message.reported"})), new_id())  # fmt: skip
    return await _of_the_customer(rest, story, operation)


async def _of_the_customer(rest: Rest, story: Story, operation: str) -> RepeatableRequest:
    if operation == "copy_rfi":
        copies = {"customer_id": story.customer.id, "state": "draft"}
        return RepeatableRequest(story.customer, f"{story.path}/copy", {},
                   lambda: counted(rest, ("rfis", copies)), new_id())  # fmt: skip
    if operation == "create_account":
        body = a_registration(role="vendor")
        return RepeatableRequest(story.customer, "/v1/accounts", body,
                   lambda: counted(rest, ("accounts", {"email": body["email"]})), new_id())  # fmt: skip
    if operation == "create_attachment":
        file = {"name": "sink.jpg", "bytes": 1_000}
        return RepeatableRequest(story.customer, "/v1/attachments", file,
                   lambda: counted(rest, ("attachments", {"account_id": story.customer.id})), new_id())  # fmt: skip
    if operation == "award_rfi":
        return await _a_repeatable_award(rest, story)
    assert operation == "draft_rfi"
    customer = await registered(rest)
    of_them = {"customer_id": customer.id}
    return RepeatableRequest(customer, "/v1/rfis", a_draft(),
               lambda: counted(rest, ("rfis", of_them)), new_id())  # fmt: skip


def _of_the_vendor(rest: Rest, story: Story, operation: str) -> RepeatableRequest:
    rfi, vendor = story.rfi["id"], story.vendor.id
    if operation == "submit_quote":
        talk = story.match["conversation_id"]
        return RepeatableRequest(story.vendor, f"{story.path}/quotes", a_quote_of(story.rfi),
                   lambda: counted(rest, ("quotes", {"rfi_id": rfi, "vendor_id": vendor}),
                                   ("outbox", {"key": rfi, "name": {"$regex": "^quote"}}),
                                   ("entries", {"conversation_id": talk, "code": "quote_submitted"})), new_id())  # fmt: skip
    if operation == "invite_member":
        body = {"email": an_email(), "role": "agent"}
        return RepeatableRequest(story.vendor, "/v1/vendors/me/members", body,
                   lambda: counted(rest, ("members", {"vendor_id": vendor}), ("accounts", {"email": body["email"]}),
                                   ("outbox", {"key": vendor, "name": "vendor.member_invited"})), new_id())  # fmt: skip
    added = {"subject_id": vendor, "action": "vendor.document_added"}
    return RepeatableRequest(story.vendor, "/v1/vendors/me/documents", {"type": "licence"},
               lambda: counted(rest, ("vendor_documents", {"vendor_id": vendor}), ("audit", added)), new_id())  # fmt: skip
