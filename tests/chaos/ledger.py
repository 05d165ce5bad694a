"""Counts the stored facts about the business of some customers."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from marketplace.storage import MongoStore

Document = dict[str, Any]


async def read_facts(store: MongoStore, customer_ids: list[str]) -> dict[str, int]:
    """How often each fact of `effects.facts` is stored, in documents and in the outbox."""

    async def find(name: str, **condition: Any) -> list[Document]:
        found: list[Document] = await store.database[name].find(condition).to_list(None)
        return found

    rfis = await find("rfis", customer_id={"$in": customer_ids})
    of_them = {"$in": [rfi["_id"] for rfi in rfis]}
    talks = await find("conversations", rfi_id=of_them)
    of_talks = {"$in": [talk["_id"] for talk in talks]}
    counts = Counter(f"rfi {rfi['description']}" for rfi in rfis)
    uploaded = await find("attachments", account_id={"$in": customer_ids}, state="ready")
    whole = await find(
        "blobs", _id={"$in": [file["content_id"] for file in uploaded]}, bytes={"$gt": 0}
    )
    contents = {blob["_id"] for blob in whole}
    counts.update(
        f"attachment {file['name']}"
        for file in uploaded
        if "owner" in file and file["content_id"] in contents
    )
    for revision in await find("rfi_revisions", rfi_id=of_them):
        counts.update(_of_revision(revision))
    counts.update(f"quote {quote['rfi_id']}" for quote in await find("quotes", rfi_id=of_them))
    counts.update(f"conversation {talk['match_id']}" for talk in talks)
    for entry in await find("entries", conversation_id=of_talks):
        counts.update(_of_entry(entry))
    keys = {"$in": [*of_them["$in"], *of_talks["$in"]]}
    # The event of a draft does not contain the draft's text.
    described = {rfi["_id"]: rfi["description"] for rfi in rfis}
    for event in await find("outbox", key=keys):
        if event["name"] == "rfi.drafted":
            counts.update([f"rfi.drafted {described[event['key']]}"])
        else:
            counts.update(_of_event(event["name"], json.loads(event["value"])["data"]))
    return dict(counts)


def _of_revision(revision: Document) -> list[str]:
    """Named after what was revised: a title, or the new state."""
    if revision["revision"] == 1:
        return []
    new = {change["path"]: change["new"] for change in revision["changes"]}
    content = new.get("title") or new.get("state")
    return [f"revision {revision['rfi_id']} {content}"]


def _of_entry(entry: Document) -> list[str]:
    if entry["kind"] == "message":
        return [f"message {entry['body']}"]
    data = entry["data"]
    mark = data.get("match_id") or data.get("amount_minor") or data.get("rfi_id")
    return [f"{entry['code']} {mark}"]


# Where each event's data has its mark. Events that follow from others are omitted.
_MARKS: Mapping[str, Callable[[Document], object]] = {
    "rfi.submitted": lambda data: data["rfi"]["id"],
    "rfi.awarded": lambda data: data["rfi"]["id"],
    "rfi.revised": lambda data: f"{data['rfi']['id']} {data['rfi']['title']}",
    "match.accepted": lambda data: data["match"]["id"],
    "conversation.started": lambda data: data["conversation"]["match_id"],
    "quote.submitted": lambda data: data["quote"]["amount_minor"],
    "quote.updated": lambda data: data["quote"]["amount_minor"],
}


def _of_event(name: str, data: Document) -> list[str]:
    if name not in _MARKS or data.get("quote", {}).get("state", "submitted") != "submitted":
        return []
    return [f"{name} {_MARKS[name](data)}"]
