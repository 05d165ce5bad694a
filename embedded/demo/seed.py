"""Creates conversations with tokens on a running stack, for external clients and tests.

    seed ─▶ paths.environment_of_running ─▶ _accounts (bulk) ─▶ opening.opened for each (bulk) ─▶ the file

Every conversation has its own customer and vendor, so that it meets no limit per account.
"""

import json
import os
import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import uvloop

from embedded import paths
from embedded.demo.addresses import verified_addresses
from embedded.demo.bulk import insert_missing, insert_together
from embedded.demo.opening import Documents, Pair, opened
from embedded.errors import StackError
from marketplace.bootstrap import Parts, open_parts
from marketplace.domain.accounts import Account, Role, Session
from marketplace.domain.matches import Match
from marketplace.domain.vendors import ServiceArea, Vendor, VendorState
from marketplace.errors import SettingsError, TemporaryError
from marketplace.ids import new_id
from marketplace.ports import World
from marketplace.refresh_tokens import hash_of
from marketplace.settings import from_environment

TOKEN_TTL_S = 4 * 3_600
MOST_CONVERSATIONS = 50_000
_BATCH = 200  # conversations in one transaction: 3,400 documents, some 3 MB
_CATEGORY = "plumbing"
_RADIUS_M = 100
_NO_PASSWORD = "-"  # noqa: S105 # no hash of any: these accounts act by their tokens alone
# Open water of the southern Pacific, where nobody else submits RFIs or works.
_WEST, _EAST, _SOUTH, _NORTH = -140.0, -100.0, -50.0, -25.0


def seed(conversations: int, path: Path) -> None:
    """Create conversations and write them, with their tokens, to a file.

        [{"conversation_id", "rfi_id", "tokens": [customer's, vendor's]}]

    The file is replaced atomically and readable by its owner alone; the tokens are valid for four
    hours.

    Raises:
        StackError: one sentence that says why it failed.
    """
    if not 1 <= conversations <= MOST_CONVERSATIONS:
        raise StackError(f"--conversations must be 1 to {MOST_CONVERSATIONS:,}.")
    environment = paths.environment_of_running(os.environ)
    with _replacing(path) as temporary:
        try:
            seeded = uvloop.run(_seed(environment, conversations))
        except SettingsError as error:
            raise StackError(str(error)) from error
        except TemporaryError as error:
            raise StackError(
                f"The stack does not respond ({error}). Check that it is running."
            ) from error
        temporary.write_text(json.dumps(seeded), encoding="utf-8")


async def _seed(environment: dict[str, str], conversations: int) -> list[dict[str, Any]]:
    async with open_parts(from_environment(environment)) as parts:
        pairs = _pairs(parts.world, conversations)
        tokens = await _accounts(parts, pairs)
        matches = [
            match
            for start in range(0, len(pairs), _BATCH)
            for match in await _conversations(parts, pairs[start : start + _BATCH])
        ]
        return [
            {
                "conversation_id": match.conversation_id,
                "rfi_id": match.rfi_id,
                "tokens": [tokens[match.customer_id], tokens[match.vendor_id]],
            }
            for match in matches
        ]


def _pairs(world: World, count: int) -> list[Pair]:
    now = world.clock.now()
    random = Random(secrets.randbits(64))  # different places in every run
    pairs = []
    for number in range(1, count + 1):
        longitude, latitude = random.uniform(_WEST, _EAST), random.uniform(_SOUTH, _NORTH)
        place = {"type": "Point", "coordinates": [longitude, latitude]}
        customer = _account(Role.CUSTOMER, f"Seeded customer {number}", now)
        pairs.append(Pair(customer, _vendor(f"Seeded vendor {number}", place, now)))
    return pairs


def _account(role: Role, name: str, now: datetime, account_id: str | None = None) -> Account:
    account_id = account_id or new_id()
    return Account(
        id=account_id,
        role=role,
        email=f"{account_id}@seed.parley.example",
        password_hash=_NO_PASSWORD,
        name=name,
        phone=None,
        locale="en-US",
        timezone="UTC",
        created_at=now,
    )


def _vendor(company: str, place: dict[str, Any], now: datetime) -> Vendor:
    """A vendor with capacity for one match, which its match takes."""
    return Vendor(
        id=new_id(),
        state=VendorState.ACTIVE,
        state_reason=None,
        company=company,
        categories=(_CATEGORY,),
        service_area=ServiceArea(place, _RADIUS_M),
        hours=None,
        capacity=1,
        open_matches=1,
        languages=("en",),
        created_at=now,
        updated_at=now,
    )


async def _accounts(parts: Parts, pairs: list[Pair]) -> dict[str, str]:
    """Store accounts, vendors and log-ins; returns the access tokens by account."""
    now = parts.world.clock.now()
    accounts = [pair.customer for pair in pairs]
    accounts += [
        _account(Role.VENDOR, str(pair.vendor.company), now, pair.vendor.id) for pair in pairs
    ]
    # A minute more than a token, which is issued later than `now`.
    ends_at = now + timedelta(seconds=TOKEN_TTL_S + 60)
    sessions, tokens = [], {}
    for account in accounts:
        session_id = new_id()
        refresh_hash = hash_of(parts.refresh_tokens.first(session_id))
        sessions.append(Session(session_id, account.id, refresh_hash, now, ends_at))
        tokens[account.id] = parts.tokens.issue(account, session_id, ttl_s=TOKEN_TTL_S)
    await insert_missing(parts.store, "accounts", accounts)
    await insert_missing(parts.store, "addresses", verified_addresses(accounts))
    await insert_missing(parts.store, "sessions", sessions)
    await insert_missing(parts.store, "vendors", [pair.vendor for pair in pairs])
    return tokens


async def _conversations(parts: Parts, pairs: list[Pair]) -> list[Match]:
    """Open the conversations of these pairs in one transaction; returns their matches."""
    now = parts.world.clock.now()
    matches: list[Match] = []
    documents: Documents = defaultdict(list)
    for pair in pairs:
        match, pair_documents = opened(pair, content_for(pair), now, parts.world.policy)
        matches.append(match)
        for name, created in pair_documents.items():
            documents[name] += created
    await insert_together(parts.store, documents)
    return matches


def content_for(pair: Pair) -> dict[str, Any]:
    """An RFI that only the pair's vendor can match, as `DraftRfi` would load it."""
    area = pair.vendor.service_area
    return {
        "category": _CATEGORY,
        "title": "A seeded conversation",
        "description": "Made by `parley seed`.",
        "location": area.location if area else None,
        "address": None,
        "needed_by": None,
        "budget": None,
        "max_vendors": 1,
        "attributes": {},
        "attachment_ids": (),
    }


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, private to its owner, that replaces `path` on success."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StackError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
