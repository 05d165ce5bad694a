"""Erase an account: what others need stays, without the person.

    erase ─▶ one transaction: the account, its profile, addresses, codes, second factor, passkeys
             and log-ins are deleted; it is in no team, and a vendor's team is dissolved; the email
             address is free; an `Erasure` is due
    run_due ─▶ run: open RFIs are withdrawn, matches closed, conversations closed by the ordinary
               actions; names, exact places, unseen files, a vendor's documents and notifications
               go. Each step may run again, so a process that is killed loses nothing: the erasure
               is due again when its lease has ended.

Events in Kafka and stored responses of Idempotency-Keys go with their retention.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from marketplace.actions import (
    account_feed,
    accounts,
    announcements,
    attachments,
    blobs,
    blocks,
    members,
    notifications,
    offers,
    rfis,
)
from marketplace.domain import erasures, lifetimes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Attachment, OwnerKind
from marketplace.domain.conversations import Conversation
from marketplace.domain.decisions import Decision
from marketplace.domain.erasures import DELETED_ACCOUNT, Erasure
from marketplace.domain.matches import Match
from marketplace.domain.notifications import AccountKind, SecurityChange
from marketplace.domain.pages import Page, PageRequest, every_item
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, World

_REVISIONS = 500


async def erase(world: World, actor: Actor) -> list[str]:
    """Erase the actor's account; returns its log-ins, which have ended.

    Raises:
        ParleyError: `unauthenticated` if it no longer exists.
    """
    now = world.clock.now()
    account = await accounts.own_account(world, actor)
    erasure = Erasure(account.id, account.role, now, due_at=now)
    notice = notifications.security(account, SecurityChange.ACCOUNT_DELETED, now)
    connected_as = await accounts.acting_id(world.store, account.id)

    async def work(tx: Repositories) -> tuple[list[str], list[FeedItem]]:
        if not await tx.accounts.delete(account.id):
            accounts.require(None)
        await tx.erasures.add(erasure)
        await tx.vendors.delete(account.id)
        await notifications.add(tx, notice)
        items = await _leave_team(tx, Actor(account.id, account.role), now)
        return await _forget(tx, account.id), items

    ended, items = await world.store.transact(work)
    _announce_ended(world, connected_as, ended)
    await account_feed.tell(world, items)
    return ended


async def run_due(world: World) -> bool:
    """Run the erasure that is due the longest; False if none is due.

    Raises:
        TemporaryError: the store is down; the erasure is due again when its lease has ended.
    """
    now = world.clock.now()
    erasure = await world.store.erasures.claim_due(now, now + erasures.LEASE)
    if erasure is None:
        return False
    await _run(world, erasure)
    return True


async def _run(world: World, erasure: Erasure) -> None:
    actor = Actor(erasure.id, erasure.role)
    # What began while the account was deleted: a log-in, a code, a second factor, an invitation.
    now = world.clock.now()
    _announce_ended(world, erasure.id, await _forget(world.store, erasure.id))
    left = await world.store.transact(lambda tx: _leave_team(tx, actor, now))
    await account_feed.tell(world, left)
    await _leave_rfis(world, actor)
    await _leave_matches(world, actor)
    await _leave_conversations(world, actor)
    await _delete_documents(world, actor)
    await _delete_files(world, actor)
    await world.store.feed.forget(erasure.id)
    is_told = await world.store.notifications.forget(erasure.id, AccountKind.SECURITY)
    now = world.clock.now()
    settled_at = erasure.requested_at + erasures.SETTLED_AFTER
    if now < settled_at:
        await world.store.erasures.save(replace(erasure, due_at=settled_at))
    elif is_told:
        await world.store.erasures.save(replace(erasure, due_at=None, finished_at=now))
    else:  # the last email, about the erasure, is still on its way
        again_at = now + erasures.LOOK_AGAIN_AFTER
        await world.store.erasures.save(replace(erasure, due_at=again_at))


async def _leave_team(tx: Repositories, actor: Actor, now: datetime) -> list[FeedItem]:
    """Take the person out of the team they are a member of; returns what the team is told."""
    member = await tx.members.get(actor.account_id)
    if member is None:
        return []
    vendor = await tx.vendors.get(member.vendor_id)
    if vendor is None:  # it was erased, and its own run removes the others
        await tx.members.remove(member.id)
        return []
    return await members.leave(tx, actor, member, vendor, now)


async def _forget(store: Repositories, account_id: str) -> list[str]:
    """Delete what proved who the person is, and dissolve a vendor's team.

    Returns the log-ins that have ended: those of the account and of its team.
    """
    ended = []
    for member in await store.members.of_vendor(account_id):
        await store.members.remove(member.id)
        await store.assignments.remove_of(member.id)
        ended += await store.sessions.delete_all(member.id)
    await store.assignments.remove_of(account_id)
    await store.addresses.forget(account_id)
    await store.codes.forget(account_id)
    await store.second_factors.delete(account_id)
    await store.passkeys.forget(account_id)
    return ended + await store.sessions.delete_all(account_id)


async def _leave_rfis(world: World, actor: Actor) -> None:
    """Withdraw the customer's RFIs, and keep of each what its vendors need."""

    async def page(request: PageRequest) -> Page[Rfi]:
        return await world.store.rfis.of_customer(actor.account_id, request)

    async for rfi in every_item(page):
        if rfi.state in {RfiState.DRAFT, RfiState.OPEN}:
            await _unless_changed(rfis.withdraw(world, actor, rfi.id, None))
        await world.store.transact(_rewriting(rfi.id))
        await _rewrite_decisions(world, rfi.id)


def _rewriting(rfi_id: str) -> Callable[[Repositories], Awaitable[None]]:
    async def work(tx: Repositories) -> None:
        rfi = await tx.rfis.get(rfi_id)
        if rfi is None:
            return
        kept = erasures.rfi_without_person(rfi)
        after = 0
        while True:
            found = await tx.rfis.revisions(rfi_id, after, _REVISIONS)
            cleaned = [erasures.revision_without_person(revision, rfi) for revision in found]
            changed = [new for new, old in zip(cleaned, found, strict=True) if new != old]
            if kept != rfi or changed:
                await tx.rfis.rewrite(kept, changed)
            if len(found) < _REVISIONS:
                return
            after = found[-1].revision

    return work


async def _rewrite_decisions(world: World, rfi_id: str) -> None:
    store = world.store.decisions

    async def page(request: PageRequest) -> Page[Decision]:
        return await store.of([rfi_id], None, request)

    async for decision in every_item(page):
        kept = erasures.decision_without_person(decision)
        if kept != decision:
            await store.rewrite(kept)


async def _leave_matches(world: World, actor: Actor) -> None:
    """Take the vendor off open RFIs, so that others are asked, and its name off all matches."""
    if actor.role is not Role.VENDOR:
        return
    await offers.close_departed(world, actor, actor.account_id)

    async def page(request: PageRequest) -> Page[Match]:
        now = world.clock.now()
        return await world.store.matches.of_vendor(actor.account_id, None, request, now)

    async for match in every_item(page):
        await world.store.transact(_without_vendor(match.id))
        await world.store.notifications.rename(
            match.customer_id, match.rfi_id, match.vendor_name, DELETED_ACCOUNT
        )
        await world.store.feed.rename(match.customer_id, match.vendor_id, DELETED_ACCOUNT)


def _without_vendor(match_id: str) -> Callable[[Repositories], Awaitable[None]]:
    async def work(tx: Repositories) -> None:
        match = await tx.matches.get(match_id)
        if match is None or match.vendor_name == DELETED_ACCOUNT:
            return
        await tx.matches.save(replace(match, vendor_name=DELETED_ACCOUNT), match.state)
        quote = await tx.quotes.of_pair(match.rfi_id, match.vendor_id)
        if quote is not None:
            await tx.quotes.save(replace(quote, vendor_name=DELETED_ACCOUNT))

    return work


async def _leave_conversations(world: World, actor: Actor) -> None:
    """Close the person's conversations, and take their name off them."""

    async def page(request: PageRequest) -> Page[Conversation]:
        return await world.store.conversations.of_account(actor.account_id, request)

    async for conversation in every_item(page):
        if actor.account_id not in conversation.blocked_by:
            await blocks.block(world, actor, conversation.id)
        names = [
            participant.name
            for participant in conversation.participants
            if participant.account_id == actor.account_id
        ]
        await world.store.transact(_without_name(conversation.id, actor.account_id))
        for other in conversation.others(actor.account_id):
            for name in names:
                await world.store.notifications.rename(
                    other.account_id, conversation.rfi_id, name, DELETED_ACCOUNT
                )


def _without_name(
    conversation_id: str, account_id: str
) -> Callable[[Repositories], Awaitable[None]]:
    async def work(tx: Repositories) -> None:
        conversation = await tx.conversations.get(conversation_id)
        if conversation is None:
            return
        participants = tuple(
            replace(participant, name=DELETED_ACCOUNT)
            if participant.account_id == account_id
            else participant
            for participant in conversation.participants
        )
        if participants != conversation.participants:
            await tx.conversations.save(replace(conversation, participants=participants))

    return work


async def _delete_documents(world: World, actor: Actor) -> None:
    """Delete the vendor's documents; the audit trail keeps what was done, without the values."""
    if actor.role is not Role.VENDOR:
        return

    async def work(tx: Repositories) -> None:
        ids = [found.id for found in await tx.vendor_documents.of_vendor(actor.account_id)]
        for document_id in ids:
            await tx.vendor_documents.remove(document_id)
        await tx.timers.cancel(
            [timer for document_id in ids for timer in lifetimes.document_timer_ids(document_id)]
        )

    await world.store.transact(work)
    await world.store.audit.forget(actor.account_id)


async def _delete_files(world: World, actor: Actor) -> None:
    """Delete the files that nobody else needs.

    Those of drafts, of a vendor's profile and documents, and those that nothing owns.
    """

    async def page(request: PageRequest) -> Page[Attachment]:
        return await world.store.attachments.of_account(actor.account_id, request)

    async for attachment in every_item(page):
        await blobs.delete(world, await world.store.transact(_without_file(attachment.id)))


def _without_file(attachment_id: str) -> Callable[[Repositories], Awaitable[list[str]]]:
    async def work(tx: Repositories) -> list[str]:
        attachment = await tx.attachments.get(attachment_id)
        if attachment is None or not await _is_unseen(tx, attachment):
            return []
        return await attachments.remove(tx, attachment)

    return work


async def _is_unseen(tx: Repositories, attachment: Attachment) -> bool:
    owner = attachment.owner
    if owner is None or owner.kind in {OwnerKind.VENDOR, OwnerKind.VENDOR_DOCUMENT}:
        return True
    if owner.kind is not OwnerKind.RFI:
        return False
    rfi = await tx.rfis.get(owner.id)
    return rfi is None or rfi.submitted_at is None


async def _unless_changed(action: Awaitable[object]) -> None:
    """Carry out an action, unless what it would change has ended meanwhile."""
    try:
        await action
    except ParleyError as error:
        if error.code is not Code.WRONG_STATE:
            raise


def _announce_ended(world: World, account_id: str, ended: list[str]) -> None:
    for session_id in ended:
        announcements.session_ended(world, account_id, session_id)
