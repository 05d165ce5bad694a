"""Counts what is stored of the business of some customers, fact by fact."""

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
    of_them = {"$in": [each["_id"] for each in rfis]}
    talks = await find("conversations", rfi_id=of_them)
    of_talks = {"$in": [each["_id"] for each in talks]}
    counts = Counter(f"rfi {each['description']}" for each in rfis)
    for each in await find("rfi_revisions", rfi_id=of_them):
        counts.update(_of_revision(each))
    counts.update(f"quote {each['rfi_id']}" for each in await find("quotes", rfi_id=of_them))
    counts.update(f"conversation {each['match_id']}" for each in talks)
    for each in await find("entries", conversation_id=of_talks):
        counts.update(_of_entry(each))
    keys = {"$in": [*of_them["$in"], *of_talks["$in"]]}
    # The event of a draft tells nothing of what the draft says.
    described = {each["_id"]: each["description"] for each in rfis}
    for each in await find("outbox", key=keys):
        if each["name"] == "rfi.drafted":
            counts.update([f"rfi.drafted {described[each['key']]}"])
        else:
            counts.update(_of_event(each["name"], json.loads(each["value"])["data"]))
    return dict(counts)


def _of_revision(revision: Document) -> list[str]:
    """By what was revised: a title, or the state it went into."""
    if revision["revision"] == 1:
        return []
    new = {each["path"]: each["new"] for each in revision["changes"]}
    said = new.get("title") or new.get("state")
    return [f"revision {revision['rfi_id']} {said}"]


def _of_entry(entry: Document) -> list[str]:
    if entry["kind"] == "message":
        return [f"message {entry['body']}"]
    data = entry["data"]
    mark = data.get("match_id") or data.get("amount_minor") or data.get("rfi_id")
    return [f"{entry['code']} {mark}"]


# What is told of each event: where its mark stands.  Those that follow from others are left out.
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
