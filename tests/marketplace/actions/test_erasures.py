"""Erasing an account: what stays for others, and what does not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from marketplace.actions import (
    accounts,
    awards,
    conversations,
    erasures,
    rfis,
    verifications,
)
from marketplace.domain import addresses, codes
from marketplace.domain.accounts import Actor
from marketplace.domain.addresses import AddressKind, Source
from marketplace.domain.attachments import Owner, OwnerKind
from marketplace.domain.codes import CodePurpose
from marketplace.domain.erasures import DELETED_ACCOUNT
from marketplace.domain.matches import VENDOR_LEFT, Match, MatchState
from marketplace.domain.matching import CLOSEST
from marketplace.domain.notifications import NotificationState
from marketplace.domain.quotes import QuoteState
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.domain.second_factors import SecondFactor
from marketplace.errors import Code, TemporaryError
from tests.builders import NOW, a_notification, a_place, a_session, an_attachment
from tests.marketplace.actions.mail import notifications, permit
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage

DOOR = {"type": "Point", "coordinates": [-104.990312, 39.739246]}
SECRETS = ("1437 Bannock", "alarm-4711", "-104.990312", "Carla Reyes", "customers.example")


async def finish(stage: Stage) -> None:
    """Let the erasures run until nothing is due, and again after everything has settled."""
    for _ in range(3):
        while await erasures.run_due(stage.world):
            pass
        stage.clock.advance(hours=1)


async def an_affair(stage: Stage) -> tuple[Actor, Actor, Rfi, Match]:
    """A customer's open RFI, full of private data, on which a vendor has quoted."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(
        customer,
        address="1437 Bannock St",
        location=DOOR,
        attributes={"alarm": "alarm-4711"},
    )
    await stage.offered(rfi)
    await stage.quoted(vendor, rfi)
    match = await stage.store.matches.of_pair(rfi.id, vendor.account_id)
    assert match is not None
    assert match.conversation_id is not None
    return customer, vendor, rfi, match


async def test_an_erased_account_is_gone_at_once(stage: Stage) -> None:
    """It cannot log in or refresh, its email address is free, and what proved it is deleted."""
    customer = await stage.customer()
    account = await accounts.own_account(stage.world, customer)
    await accounts.open_session(stage.world, account, "s-1", "hash-1")
    await verifications.request(stage.world, customer, AddressKind.EMAIL)

    assert await erasures.erase(stage.world, customer) == ["s-1"]

    kept = stage.store.tables
    assert not kept.accounts | kept.sessions | kept.codes | kept.addresses | kept.second_factors
    assert await refused(accounts.own_account(stage.world, customer)) is Code.UNAUTHENTICATED
    assert await refused(erasures.erase(stage.world, customer)) is Code.UNAUTHENTICATED
    await stage.store.accounts.add(account)


async def test_a_customers_rfis_end_and_lose_the_door(stage: Stage) -> None:
    """Open RFIs are withdrawn by the ordinary action; the vendor's quote and match are closed."""
    customer, vendor, rfi, match = await an_affair(stage)
    drafted = await rfis.draft(stage.world, customer, {
        **_content(rfi), "title": "A secret plan", "description": "alarm-4711"
    })  # fmt: skip

    await erasures.erase(stage.world, customer)
    await finish(stage)

    kept = stage.store.tables
    ended = kept.rfis[rfi.id]
    assert (ended.state, ended.address, ended.attributes) == (RfiState.WITHDRAWN, None, {})
    assert (ended.title, ended.location) == (rfi.title, a_place(-104.99, 39.74))
    assert kept.rfis[drafted.id].title == DELETED_ACCOUNT
    assert kept.matches[match.id].state is MatchState.CLOSED
    assert [quote.state for quote in kept.quotes.values()] == [QuoteState.CLOSED]
    assert await stage.open_matches(vendor) == 0
    assert {"rfi.withdrawn", "match.closed", "quote.updated"} <= {*stage.event_names()}


async def test_nothing_private_stays_of_a_customer(stage: Stage) -> None:
    """No collection has the name, an address, the exact place or the details any more."""
    customer, vendor, rfi, _ = await an_affair(stage)
    await stage.store.notifications.add(
        a_notification(
            account_id=vendor.account_id,
            data={"rfi_id": rfi.id, "sender_name": "Carla Reyes", "title": rfi.title},
        )
    )
    await erasures.erase(stage.world, customer)
    await _send_everything(stage)
    await finish(stage)

    kept = stage.store.tables.snapshot()
    stage_accounts = kept.pop("accounts")
    assert {*stage_accounts} == {vendor.account_id}  # the builder gives it the same name
    kept.pop("outbox")  # events go with their retention
    assert {name: _secrets_in(rows) for name, rows in kept.items() if _secrets_in(rows)} == {}


async def test_a_decision_is_recomputed_after_an_erasure(stage: Stage) -> None:
    """It loses the exact place, from which no rule decides."""
    customer, _, rfi, _ = await an_affair(stage)

    await erasures.erase(stage.world, customer)
    await finish(stage)

    (decision,) = [
        kept
        for kept in stage.store.tables.decisions.values()
        if (kept.subject_id, kept.rule) == (rfi.id, CLOSEST.name)
    ]
    assert decision.inputs["location"] == a_place(-104.99, 39.74)
    ruling = CLOSEST.decide(decision.inputs)
    assert (ruling.outcome, ruling.reasons) == (decision.outcome, decision.reasons)


async def test_what_was_said_stays_for_the_other_side(stage: Stage) -> None:
    """The vendor reads the messages of "Deleted account", and cannot write any more."""
    customer, vendor, _, match = await an_affair(stage)
    conversation_id = match.conversation_id or ""
    before = await conversations.own_conversation(stage.world, customer, conversation_id)
    message: dict[str, Any] = {"body": "Come on Friday.", "attachment_ids": []}
    await conversations.send_message(
        stage.world, customer, before, client_message_id="m-1", **message
    )

    await erasures.erase(stage.world, customer)
    await finish(stage)

    after = await conversations.own_conversation(stage.world, vendor, conversation_id)
    entries = await stage.store.entries.after(conversation_id, 0, 100)
    assert [participant.name for participant in after.participants] == [
        DELETED_ACCOUNT,
        match.vendor_name,
    ]
    assert "Come on Friday." in [entry.body for entry in entries]
    answering = conversations.send_message(
        stage.world, vendor, after, client_message_id="m-2", **message
    )
    assert await refused(answering) is Code.BLOCKED


async def test_files_stay_if_others_have_seen_them(stage: Stage) -> None:
    """Those of a submitted RFI and of a message stay; those of drafts and unused ones go."""
    customer, _, rfi, match = await an_affair(stage)
    drafted = await rfis.draft(stage.world, customer, {
        **_content(rfi), "title": "Plan", "description": "B"
    })  # fmt: skip
    message = Owner(OwnerKind.MESSAGE, match.conversation_id or "", "m-1")
    owners = (Owner(OwnerKind.RFI, rfi.id), message, Owner(OwnerKind.RFI, drafted.id), None)
    for number, owner in enumerate(owners):
        await stage.store.attachments.add(
            an_attachment(id=f"file-{number}", account_id=customer.account_id, owner=owner)
        )

    await erasures.erase(stage.world, customer)
    await finish(stage)

    assert {*stage.store.tables.attachments} == {"file-0", "file-1"}


async def test_a_vendors_offers_and_matches_end(stage: Stage) -> None:
    """Its places are free again, its quote is closed, and its name is nowhere."""
    customer, vendor, rfi, match = await an_affair(stage)
    waiting = await stage.submitted(customer)
    offers = await stage.offered(waiting)

    await erasures.erase(stage.world, vendor)
    await finish(stage)

    kept = stage.store.tables
    assert kept.vendors == {}
    for match_id in (match.id, offers[vendor.account_id].id):
        closed = kept.matches[match_id]
        assert (closed.state, closed.closed_reason) == (MatchState.CLOSED, VENDOR_LEFT)
    assert [kept.rfis[id_].match_count for id_ in (rfi.id, waiting.id)] == [0, 0]
    names = [row.vendor_name for row in kept.matches.values()]
    names += [row.vendor_name for row in kept.quotes.values()]
    assert {*names} == {DELETED_ACCOUNT}
    assert [quote.state for quote in kept.quotes.values()] == [QuoteState.CLOSED]


async def test_an_awarded_job_stays_awarded(stage: Stage) -> None:
    """The customer keeps the award and its figures when the vendor leaves."""
    customer, vendor, rfi, _ = await an_affair(stage)
    (quote,) = stage.store.tables.quotes.values()
    await awards.award(stage.world, customer, rfi.id, None, quote.id, quote.revision)

    await erasures.erase(stage.world, vendor)
    await finish(stage)

    kept = stage.store.tables.quotes[quote.id]
    assert (kept.state, kept.amount_minor) == (QuoteState.AWARDED, quote.amount_minor)
    assert stage.store.tables.rfis[rfi.id].state is RfiState.AWARDED


async def test_the_owner_is_told_at_the_address_that_is_gone(stage: Stage) -> None:
    """The last email goes out, and then its notification is deleted too."""
    customer = await stage.customer()
    account = await accounts.own_account(stage.world, customer)
    await erasures.erase(stage.world, customer)
    while await erasures.run_due(stage.world):
        pass

    (last,) = notifications(stage, account.id)
    sent = await permit(stage, last)
    assert (last.data["change"], sent.address) == ("account_deleted", account.email)
    await _send_everything(stage)
    await finish(stage)

    assert notifications(stage, account.id) == []
    record = await stage.store.erasures.get(account.id)
    assert record is not None
    assert (record.due_at, record.requested_at) == (None, NOW)


@pytest.mark.parametrize("fails_at", range(12))
async def test_an_erasure_that_was_interrupted_is_completed(stage: Stage, fails_at: int) -> None:
    """Whichever write a process was killed before, the next run has the same result."""
    customer, _, rfi, match = await an_affair(stage)
    await erasures.erase(stage.world, customer)
    await _interrupted(stage, fails_at)

    await finish(stage)

    kept = stage.store.tables
    assert kept.rfis[rfi.id].state is RfiState.WITHDRAWN
    assert _secrets_in({rfi.id: kept.rfis[rfi.id]}) == []
    (conversation,) = kept.conversations.values()
    assert conversation.participants[0].name == DELETED_ACCOUNT
    assert conversation.blocked_by == (customer.account_id,)
    closed = [notice.code for notice in kept.entries.values()].count("conversation_closed")
    assert closed == 1
    assert kept.matches[match.id].state is MatchState.CLOSED
    assert stage.event_names().count("rfi.withdrawn") == 1


async def test_what_a_request_in_flight_left_is_deleted_too(stage: Stage) -> None:
    """A code, an address and a second factor that were stored while the account was deleted."""
    customer = await stage.customer()
    account = await accounts.own_account(stage.world, customer)
    await erasures.erase(stage.world, customer)
    now, store = stage.clock.now(), stage.store
    code = codes.issue(CodePurpose.EMAIL_UNDO, account.id, account.email, "nonce", now)
    known = addresses.unknown(account.id, AddressKind.EMAIL, account.email)
    await store.codes.put(code)
    await store.addresses.save(addresses.consented(known, Source.REGISTRATION, now))
    await store.second_factors.save(SecondFactor(account.id, b"sealed", now))
    await store.sessions.add(a_session(account_id=account.id))

    await finish(stage)

    kept = stage.store.tables
    assert not kept.codes | kept.addresses | kept.second_factors | kept.sessions


async def test_two_processes_do_not_run_one_erasure_at_once(stage: Stage) -> None:
    """The claim belongs to one of them until its lease ends."""
    customer = await stage.customer()
    await erasures.erase(stage.world, customer)
    now = stage.clock.now()

    claimed = await stage.store.erasures.claim_due(now, now + timedelta(minutes=2))

    assert claimed is not None
    assert not await erasures.run_due(stage.world)
    stage.clock.advance(minutes=2)
    assert await erasures.run_due(stage.world)


async def _interrupted(stage: Stage, fails_at: int) -> None:
    """Run, and lose the store before the transaction with this number."""
    transact, calls = stage.store.transact, 0

    async def failing(work: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > fails_at:
            raise TemporaryError("killed")
        return await transact(work)

    stage.store.transact = failing  # type: ignore[method-assign]
    try:
        await erasures.run_due(stage.world)
    except TemporaryError:
        pass
    finally:
        stage.store.transact = transact  # type: ignore[method-assign]


async def _send_everything(stage: Stage) -> None:
    """Settle every notification as sent."""
    for kept in list(stage.store.tables.notifications.values()):
        sent = replace(kept, state=NotificationState.SENT)
        stage.store.tables.notifications[kept.id] = sent


def _secrets_in(rows: dict[Any, Any]) -> list[str]:
    text = repr(rows)
    return [secret for secret in SECRETS if secret in text]


def _content(rfi: Rfi) -> dict[str, Any]:
    names = ("category", "location", "address", "needed_by", "budget", "max_vendors",
             "attributes", "attachment_ids")  # fmt: skip
    return {name: getattr(rfi, name) for name in names}
