"""Conversations with tokens on a running stack, for clients and tests that are not ours.

    seed ─▶ _environment ─▶ _accounts (bulk) ─▶ for each: draft, submit, match, accept (actions) ─▶ the file

Every conversation has a customer and a vendor of its own, so that no limit of an account is met.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import uvloop

from embedded import paths
from embedded.demo.bulk import insert_missing
from embedded.errors import StackError
from marketplace.actions import matches, rfis
from marketplace.bootstrap import Parts, open_parts
from marketplace.domain.accounts import Account, Actor, Role, Session
from marketplace.domain.ids import new_id
from marketplace.domain.vendors import ServiceArea, Vendor, VendorState
from marketplace.errors import ParleyError, SettingsError, TemporaryError
from marketplace.ports import World
from marketplace.schemas.rfis import DraftRfi
from marketplace.settings import from_environment
from marketplace.tokens import hash_of, new_refresh_token

TOKEN_TTL_S = 4 * 3_600
MOST_CONVERSATIONS = 50_000
_AT_A_TIME = 16  # what two cores are busy with; more only wait in line
_SYSTEM = Actor("system", Role.SYSTEM)
_HANDLED_AS = "seed"
_CATEGORY = "plumbing"
_RADIUS_M = 100
_NO_PASSWORD = "-"  # noqa: S105 # no hash of any: these accounts act by their tokens alone
# Open water of the southern Pacific: nobody else works here, and of 10,000 random places no two are
# likely to lie within 100 m of each other.
_WEST, _EAST, _SOUTH, _NORTH = -140.0, -100.0, -50.0, -25.0


@dataclass(frozen=True, slots=True)
class _Pair:
    """The customer and the vendor of one conversation, alone with each other at a place."""

    customer: Account
    vendor: Account
    place: dict[str, Any]


def seed(conversations: int, path: Path) -> None:
    """Make conversations and write `[{"conversation_id", "rfi_id", "tokens": [customer's, vendor's]}]`.

    The file is replaced in one step and readable by its owner alone; the tokens last four hours.

    Raises:
        StackError: in one sentence why it could not be done.
    """
    if not 1 <= conversations <= MOST_CONVERSATIONS:
        raise StackError(f"Ask for 1 to {MOST_CONVERSATIONS:,} conversations.")
    environment = _environment(os.environ)
    with _replacing(path) as temporary:
        try:
            seeded = uvloop.run(_seed(environment, conversations))
        except SettingsError as error:
            raise StackError(str(error)) from error
        except TemporaryError as error:
            raise StackError(f"The stack does not answer ({error}); is it running?") from error
        except ParleyError as error:
            raise StackError(f"The stack refused a conversation: {error.message}") from error
        temporary.write_text(json.dumps(seeded), encoding="utf-8")


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the processes of the running stack were given; the person's own variables go first."""
    noted = paths.from_environment(given)
    joined: dict[str, str] = {}
    if noted.environment.exists():
        joined = json.loads(noted.environment.read_text(encoding="utf-8"))
    elif not (given.get("MONGODB_URL") or given.get("MONGODB_URL_FILE")):
        raise StackError(
            f"No stack runs on {noted.data}; start one with `parley up`, or set MONGODB_URL."
        )
    return joined | dict(given)


async def _seed(environment: dict[str, str], conversations: int) -> list[dict[str, Any]]:
    async with open_parts(from_environment(environment)) as parts:
        pairs = _pairs(parts.world, conversations)
        tokens = await _accounts(parts, pairs)
        turn = asyncio.Semaphore(_AT_A_TIME)

        async def make(pair: _Pair) -> dict[str, Any]:
            async with turn:
                made = await _conversation(parts.world, pair)
            return {**made, "tokens": [tokens[pair.customer.id], tokens[pair.vendor.id]]}

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(make(pair)) for pair in pairs]
        except ExceptionGroup as failed:  # the first failure has ended the others
            raise failed.exceptions[0] from failed
        return [task.result() for task in tasks]


def _pairs(world: World, count: int) -> list[_Pair]:
    random = Random(secrets.randbits(64))  # other places with every run
    return [
        _Pair(
            _account(world, Role.CUSTOMER, number),
            _account(world, Role.VENDOR, number),
            {
                "type": "Point",
                "coordinates": [random.uniform(_WEST, _EAST), random.uniform(_SOUTH, _NORTH)],
            },
        )
        for number in range(1, count + 1)
    ]


def _account(world: World, role: Role, number: int) -> Account:
    account_id = new_id()
    return Account(
        id=account_id,
        role=role,
        email=f"{account_id}@seed.parley.example",
        password_hash=_NO_PASSWORD,
        name=f"Seeded {role} {number}",
        phone=None,
        locale="en-US",
        timezone="UTC",
        created_at=world.clock.now(),
    )


async def _accounts(parts: Parts, pairs: list[_Pair]) -> dict[str, str]:
    """Store accounts, vendors and log-ins; returns the access tokens by account."""
    now = parts.world.clock.now()
    accounts = [account for pair in pairs for account in (pair.customer, pair.vendor)]
    sessions, tokens = [], {}
    for account in accounts:
        session_id = new_id()
        refresh_hash = hash_of(new_refresh_token(session_id))
        ends_at = now + timedelta(seconds=TOKEN_TTL_S)
        sessions.append(Session(session_id, account.id, refresh_hash, now, ends_at))
        tokens[account.id] = parts.tokens.issue(account, session_id, ttl_s=TOKEN_TTL_S)
    await insert_missing(parts.store, "accounts", accounts)
    await insert_missing(parts.store, "sessions", sessions)
    await insert_missing(parts.store, "vendors", [_vendor(pair) for pair in pairs])
    return tokens


def _vendor(pair: _Pair) -> Vendor:
    return Vendor(
        id=pair.vendor.id,
        state=VendorState.ACTIVE,
        state_reason=None,
        company=pair.vendor.name,
        categories=(_CATEGORY,),
        service_area=ServiceArea(pair.place, _RADIUS_M),
        hours=None,
        capacity=1,
        open_matches=0,
        languages=("en",),
        created_at=pair.vendor.created_at,
        updated_at=pair.vendor.created_at,
    )


async def _conversation(world: World, pair: _Pair) -> dict[str, str]:
    customer = Actor(pair.customer.id, Role.CUSTOMER)
    content = {
        "category": _CATEGORY,
        "title": "A seeded conversation",
        "description": "Made by `parley seed`.",
        "location": pair.place,
        "max_vendors": 1,
    }
    rfi = await rfis.draft(world, customer, DraftRfi().read(content))
    await rfis.submit(world, customer, rfi.id, rfi.revision)
    # The matching process hears of it too; whichever is later finds the one place taken.
    await matches.match_rfi(world, _SYSTEM, _HANDLED_AS, f"seed-{rfi.id}", rfi.id)
    match = await world.store.matches.of_pair(rfi.id, pair.vendor.id)
    if match is None:
        raise StackError("A seeded RFI was not matched to its vendor; run the command again.")
    accepted = await matches.accept(world, Actor(pair.vendor.id, Role.VENDOR), match.id)
    return {"conversation_id": str(accepted.conversation_id), "rfi_id": rfi.id}


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside `path`, for its owner alone, that takes its place when all went well."""
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
