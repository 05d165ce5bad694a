"""Authorisation over the socket: every call, by everybody who may not make it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio

from marketplace.actions import rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.vendors import VendorState
from marketplace.ids import new_id
from marketplace.schemas.socket import CALLS
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.builders import a_vendor, an_accepted_match, rfi_content
from tests.realtime.apps import Person, Talk, a_person
from tests.realtime.conftest import Connect, Gateways

OK = "ok"


@dataclass(frozen=True, slots=True)
class Case:
    """An open RFI, its customer and vendor in a conversation, and a message of the customer."""

    talk: Talk
    rfi_id: str
    message_id: str

    def about(self, **more: Any) -> dict[str, Any]:
        """A payload with the conversation's id."""
        return self.talk.named(**more)


@dataclass(frozen=True, slots=True)
class Row:
    """A call, and its outcome for each person whose rights are limited."""

    payload: Callable[[Case], dict[str, Any]]
    stranger: str = "not_found"
    other_side: str = OK
    suspended: str = OK


# Leaving a room that one is not in succeeds and changes nothing.
TABLE: dict[str, Row] = {
    "join_conversation": Row(lambda case: case.about()),
    "leave_conversation": Row(lambda case: case.about(), stranger=OK),
    "fetch_entries": Row(lambda case: case.about(after_sequence=0)),
    "send_message": Row(lambda case: case.talk.says(new_id()), suspended="forbidden"),
    "edit_message": Row(
        lambda case: case.about(message_id=case.message_id, body="Mine now"),
        other_side="forbidden",
        suspended="forbidden",
    ),
    "delete_message": Row(
        lambda case: case.about(message_id=case.message_id),
        other_side="forbidden",
        suspended="forbidden",
    ),
    "mark_delivered": Row(lambda case: case.about(sequence=1)),
    "mark_read": Row(lambda case: case.about(sequence=1)),
    "set_typing": Row(lambda case: case.about(is_typing=True)),
    "join_rfi": Row(lambda case: {"rfi_id": case.rfi_id}, suspended="forbidden"),
    "leave_rfi": Row(lambda case: {"rfi_id": case.rfi_id}, stranger=OK),
    # Everybody has a feed, and can name no other.
    "join_account": Row(lambda _: {}, stranger=OK),
}
EVERY_CALL = pytest.mark.parametrize("call", TABLE)


@pytest_asyncio.fixture
async def case(gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore) -> Case:
    """The conversation, message and RFI that the calls name."""
    world, actor = gateways[1].parts.world, Actor(talk.customer.id, Role.CUSTOMER)
    await store.vendors.add(a_vendor(id=talk.vendor.id))
    drafted = await rfis.draft(world, actor, rfi_content())
    rfi = await rfis.submit(world, actor, drafted.id, 1)
    await store.matches.add(
        an_accepted_match(rfi_id=rfi.id, customer_id=talk.customer.id, vendor_id=talk.vendor.id)
    )
    app = await connect(gateways[0], talk.customer)
    message = (await app.ok("send_message", talk.says("first")))["message"]
    return Case(talk, rfi.id, message["id"])


async def _outcome(
    gateways: Gateways, connect: Connect, case: Case, person: Person, call: str
) -> str:
    """`ok`, or the code of the refusal; it must be the same on both gateways."""
    outcomes = set()
    for gateway in gateways:
        app = await connect(gateway, person)
        answer = await app.call(call, TABLE[call].payload(case))
        outcomes.add(OK if answer["ok"] else answer["error"]["code"])
    (outcome,) = outcomes
    return str(outcome)


def test_every_call_of_the_contract_has_a_rule() -> None:
    """A new call must list here who may not make it."""
    assert TABLE.keys() == CALLS.keys()


@EVERY_CALL
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR, Role.ADMIN])
async def test_a_stranger_finds_nothing(
    gateways: Gateways,
    connect: Connect,
    case: Case,
    store: MongoStore,
    settings: Settings,
    call: str,
    role: Role,
) -> None:
    """A stranger of any role finds no conversation and no RFI, except that an admin sees RFIs."""
    person = await a_person(store, settings, role)
    sees_rfis = role is Role.ADMIN and call == "join_rfi"

    outcome = await _outcome(gateways, connect, case, person, call)

    assert outcome == (OK if sees_rfis else TABLE[call].stranger)
    kept = await store.entries.after(case.talk.id, 0, 10)
    assert [entry.id for entry in kept] == [case.message_id]
    assert await store.read_positions.of_conversation(case.talk.id) == []


@EVERY_CALL
async def test_a_participant_cannot_change_the_others_message(
    gateways: Gateways, connect: Connect, case: Case, call: str
) -> None:
    """A participant cannot change the other's message, and may do everything else."""
    outcome = await _outcome(gateways, connect, case, case.talk.vendor, call)

    assert outcome == TABLE[call].other_side


@EVERY_CALL
async def test_a_suspended_vendor_can_only_read(
    gateways: Gateways, connect: Connect, case: Case, store: MongoStore, call: str
) -> None:
    """A suspended vendor can read, but can neither write nor follow RFIs."""
    suspended = a_vendor(id=case.talk.vendor.id, state=VendorState.SUSPENDED)
    await store.vendors.save(suspended)

    outcome = await _outcome(gateways, connect, case, case.talk.vendor, call)

    assert outcome == TABLE[call].suspended


@EVERY_CALL
async def test_a_call_without_a_handshake_is_refused(
    gateways: Gateways, case: Case, store: MongoStore, call: str
) -> None:
    """A socket that has sent no token gets `unauthenticated`, and nothing happens.

    For invalid tokens, see test_gateway.py.
    """
    packet = f"420{orjson.dumps([call, TABLE[call].payload(case)]).decode()}"
    url = gateways[0].url.replace("http", "ws", 1)
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket") as socket,
        asyncio.timeout(15),
    ):
        assert (await socket.receive_str()).startswith("0{")
        await socket.send_str(packet)
        answer = await socket.receive_str()

    assert answer.startswith("430[")
    assert orjson.loads(answer[3:])[0]["error"]["code"] == "unauthenticated"
    kept = await store.entries.after(case.talk.id, 0, 10)
    assert [entry.id for entry in kept] == [case.message_id]
