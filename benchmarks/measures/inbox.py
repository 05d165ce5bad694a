"""How long a list of 200 conversations takes over REST, with ten of them unread."""

import asyncio
import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.results import Found, Row, number
from benchmarks.scale import Scale
from benchmarks.site import Site
from embedded.errors import StackError
from marketplace.bootstrap import SystemClock
from marketplace.domain.accounts import Account, Role, Session
from marketplace.domain.conversations import Channel, Conversation, Entry, EntryKind, Participant
from marketplace.ids import new_id
from marketplace.settings import from_environment
from marketplace.storage import MongoStore, open_store
from marketplace.storage.documents import to_document
from marketplace.storage.newest_entries import note_all
from marketplace.tokens import Tokens

_REST = "rest"
_CONVERSATIONS, _UNREAD, _MESSAGES = 200, 10, 50
_WARM_UP = 20
_WITHIN_MS = 15.0


def measure(site: Site, scale: Scale) -> Found:
    """One request after the other for the whole list; the relay has noted the order."""
    (url,) = site.only(_REST).values()
    token = asyncio.run(_filled(site))
    took_ms = sorted(_requests(url, token, scale.inbox_requests))
    site.down(_REST)
    p50, p99 = took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100]
    return Found(
        [
            Row(
                f"inbox of {_CONVERSATIONS} conversations, {_UNREAD} of them unread: p50",
                f"{number(p50)} ms",
                "–",
                "–",
                f"≤ {_WITHIN_MS:.0f} ms",
                p50 <= _WITHIN_MS,
                f"one aggregation for each of {len(took_ms)} requests; p99 {number(p99)} ms",
            )
        ]
    )


def _requests(url: str, token: str, count: int) -> Iterator[float]:
    """The time of each request in ms, over one connection.

    Raises:
        StackError: an answer is not the whole list.
    """
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    path, headers = (
        f"/v1/conversations?limit={_CONVERSATIONS}",
        {"Authorization": f"Bearer {token}"},
    )
    for index in range(-_WARM_UP, count):
        began_at = time.perf_counter()
        connection.request("GET", path, headers=headers)
        body = connection.getresponse().read()
        took_ms = (time.perf_counter() - began_at) * 1_000
        items = json.loads(body).get("items", [])
        if len(items) != _CONVERSATIONS or sum(item["unread"] > 0 for item in items) != _UNREAD:
            raise StackError(f"This is not the whole list: {body[:300]!r}")
        if index >= 0:
            yield took_ms
    connection.close()


async def _filled(site: Site) -> str:
    """Store a customer with the conversations; returns an access token of theirs."""
    settings = from_environment(site.environment)
    store = await open_store(settings)
    try:
        customer = _account()
        now = datetime.now(UTC)
        session = Session(new_id(), customer.id, "none", now, now + timedelta(days=1))
        await store.accounts.add(customer)
        await store.sessions.add(session)
        rfi = await store.database["rfis"].find_one()
        if rfi is None:
            raise StackError("No RFI was seeded.")
        await _add_conversations(store, customer, rfi)
        await note_all(store.database)
        return Tokens(settings.token_secret, SystemClock()).issue(customer, session.id)
    finally:
        await store.close()


async def _add_conversations(store: MongoStore, customer: Account, rfi: dict[str, Any]) -> None:
    entries, positions = [], []
    for index in range(_CONVERSATIONS):
        vendor = Participant(new_id(), Role.VENDOR, f"Vendor {index}")
        conversation = Conversation(
            id=new_id(),
            rfi_id=new_id(),
            match_id=new_id(),
            participants=(Participant(customer.id, Role.CUSTOMER, customer.name), vendor),
            created_at=datetime.now(UTC),
        )
        await store.conversations.add(conversation)
        await store.database["rfis"].insert_one({**rfi, "_id": conversation.rfi_id})
        entries += [
            _message(conversation, sequence, vendor.account_id if sequence % 3 else customer.id)
            for sequence in range(1, _MESSAGES + 1)
        ]
        read = _MESSAGES - 5 if index < _UNREAD else _MESSAGES
        positions.append(
            {
                "_id": f"{conversation.id}:{customer.id}",
                "conversation_id": conversation.id,
                "account_id": customer.id,
                "delivered_sequence": read,
                "read_sequence": read,
            }
        )
    await store.database["entries"].insert_many([to_document(entry) for entry in entries])
    await store.database["read_positions"].insert_many(positions)


def _message(conversation: Conversation, sequence: int, sender_id: str) -> Entry:
    return Entry(
        id=new_id(),
        conversation_id=conversation.id,
        sequence=sequence,
        kind=EntryKind.MESSAGE,
        at=datetime.now(UTC),
        sender_id=sender_id,
        client_message_id=new_id(),
        channel=Channel.APP,
        body="Could you come on Thursday, or would Friday suit you better? Any time after nine is fine.",
    )


def _account() -> Account:
    account_id = new_id()
    return Account(
        id=account_id,
        role=Role.CUSTOMER,
        email=f"{account_id}@customers.example",
        password_hash="no password matches this",  # noqa: S106 # a hash
        name="Carla Reyes",
        phone=None,
        locale="en-US",
        timezone="America/Denver",
        created_at=datetime.now(UTC),
    )
