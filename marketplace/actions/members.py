"""A vendor's team: invite and remove members, change their roles, assign conversations to them."""

import asyncio
from dataclasses import replace
from datetime import datetime

from marketplace.actions import account_feed, accounts, announcements
from marketplace.actions.conversations import own_conversation
from marketplace.actions.events import event
from marketplace.actions.vendor_changes import vendor_of
from marketplace.domain import audit
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.members import Assignment, Member, MemberRole, free_slot
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Change
from marketplace.domain.vendors import Vendor, require_not_suspended
from marketplace.errors import Code, FieldError, ParleyError, invalid
from marketplace.ids import new_id
from marketplace.inputs import emails
from marketplace.ports import Repositories, World

_INVITED, _CHANGED = "vendor.member_invited", "vendor.member_changed"
_REMOVED = "vendor.member_removed"


async def vendor_id_of(world: World, account: Account) -> str | None:
    """The vendor that the account is a member of, if it is one.

    Raises:
        TemporaryError: the store is down.
    """
    if account.role is not Role.VENDOR:
        return None
    member = await world.store.members.get(account.id)
    return member.vendor_id if member is not None else None


async def team(world: World, actor: Actor) -> list[Member]:
    """The members of the actor's team, with the email addresses that they have now.

    Raises:
        ParleyError: `forbidden` for other roles.
    """
    actor.require(Role.VENDOR)
    found = await world.store.members.of_vendor(actor.account_id)
    return list(await asyncio.gather(*(_as_now(world, member) for member in found)))


async def invite(world: World, actor: Actor, email: str, role: MemberRole) -> Member:
    """Make somebody a member; `notify` writes to them how to log in.

    They get an account under this address, whose password they choose by a reset. Somebody who was
    in a team before keeps their account.

    Raises:
        ParleyError: `forbidden`, also while the vendor is suspended; `not_found`; `email_taken` if
            somebody else has this address, who may be a customer or another vendor; `at_capacity`.
    """
    actor.require(Role.VENDOR)
    new_account = await _account_of_nobody(world, actor, email)

    async def work(tx: Repositories) -> tuple[Member, list[FeedItem]]:
        vendor, now = await vendor_of(tx, actor.account_id), world.clock.now()
        require_not_suspended(vendor)
        existing = await tx.accounts.by_email(*emails.stored_forms(email))
        if existing is None:
            await accounts.require_free_email(tx, email, new_account.id, now)
            await tx.accounts.add(new_account)
        elif not await _is_in_no_team(tx, existing):
            raise _taken()
        taken = {member.slot for member in await tx.members.of_vendor(vendor.id)}
        member = Member(
            id=(existing or new_account).id,
            vendor_id=vendor.id,
            role=role,
            email=email,
            slot=free_slot(taken),
            invited_by=actor.person_id,
            invited_at=now,
        )
        await tx.members.add(member)
        return member, await _record(tx, actor, _INVITED, None, member, vendor, now)

    member, items = await world.store.transact(work)
    await account_feed.tell(world, items)
    return member


async def change_role(world: World, actor: Actor, account_id: str, role: MemberRole) -> Member:
    """Make an agent an owner, or an owner an agent; their next request is judged by the new role.

    Raises:
        ParleyError: `forbidden`, also while the vendor is suspended; `not_found` unless the account
            is a member of the actor's team.
    """
    actor.require(Role.VENDOR)

    async def work(tx: Repositories) -> tuple[Member, list[FeedItem]]:
        before, vendor = await _member_of(tx, actor, account_id)
        require_not_suspended(vendor)
        if before.role is role:
            return before, []
        after = replace(before, role=role)
        await tx.members.set_role(account_id, role)
        now = world.clock.now()
        return after, await _record(tx, actor, _CHANGED, before, after, vendor, now)

    member, items = await world.store.transact(work)
    await account_feed.tell(world, items)
    return await _as_now(world, member)


async def remove(world: World, actor: Actor, account_id: str) -> list[str]:
    """Remove a member: all of their log-ins end, and with them their connections, at once.

    Conversations that were assigned to them are assigned to nobody. Returns the ended log-ins.

    Raises:
        ParleyError: `forbidden`; `not_found` unless the account is a member of the actor's team.
    """
    actor.require(Role.VENDOR)

    async def work(tx: Repositories) -> tuple[list[str], list[FeedItem]]:
        member, vendor = await _member_of(tx, actor, account_id)
        items = await leave(tx, actor, member, vendor, world.clock.now())
        return await tx.sessions.delete_all(account_id), items

    ended, items = await world.store.transact(work)
    # A log-in that began during the transaction was not in it.
    ended += await world.store.sessions.delete_all(account_id)
    for session_id in ended:
        announcements.session_ended(world, actor.account_id, session_id)
    await account_feed.tell(world, items)
    return ended


async def leave(
    tx: Repositories, actor: Actor, member: Member, vendor: Vendor, now: datetime
) -> list[FeedItem]:
    """Take a member out of the team, within a transaction that ends their log-ins as well.

    Returns what the team is told.
    """
    await tx.members.remove(member.id)
    await tx.assignments.remove_of(member.id)
    return await _record(tx, actor, _REMOVED, member, None, vendor, now)


async def assign(
    world: World, actor: Actor, conversation_id: str, account_id: str | None
) -> Assignment | None:
    """Assign one of the vendor's conversations to a member, to the vendor's own account, or nobody.

    Raises:
        ParleyError: `forbidden`, also while the vendor is suspended; `not_found`;
            `validation_failed` for somebody outside the team.
    """
    actor.require(Role.VENDOR)
    await own_conversation(world, actor, conversation_id)

    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Assignment | None, list[FeedItem]]:
        items = account_feed.assignment_items(actor, conversation_id, account_id, now)
        require_not_suspended(await tx.vendors.get(actor.account_id))
        if account_id is None:
            await tx.assignments.remove(conversation_id)
            return None, await tx.feed.append(items)
        is_own = account_id == actor.account_id
        if not is_own and not await tx.members.touch(actor.account_id, account_id, now):
            raise invalid("account_id", "There is no member with this id.")
        assignment = Assignment(conversation_id, actor.account_id, account_id, actor.person_id, now)
        await tx.assignments.save(assignment)
        return assignment, await tx.feed.append(items)

    assignment, items = await world.store.transact(work)
    await account_feed.tell(world, items)
    return assignment


async def assignments(
    world: World, actor: Actor, account_id: str | None, request: PageRequest
) -> Page[Assignment]:
    """The assigned conversations of the actor's team, or those of one of its members.

    Raises:
        ParleyError: `forbidden` for other roles.
    """
    actor.require(Role.VENDOR)
    return await world.store.assignments.of(actor.account_id, account_id, request)


async def _account_of_nobody(world: World, actor: Actor, email: str) -> Account:
    """An account for an invited person, whose password only a reset can set.

    Its address is neither consented to nor verified until then.
    """
    inviting = await world.store.accounts.get(actor.account_id)
    if inviting is None:
        raise _no_member()
    return Account(
        id=new_id(),
        role=Role.VENDOR,
        email=email,
        password_hash="",
        name=email.partition("@")[0],
        phone=None,
        locale=inviting.locale,
        timezone=inviting.timezone,
        created_at=world.clock.now(),
    )


async def _as_now(world: World, member: Member) -> Member:
    """The member with the account's email address, which may have changed since the invitation."""
    account = await world.store.accounts.get(member.id)
    return member if account is None else replace(member, email=account.email)


async def _member_of(tx: Repositories, actor: Actor, account_id: str) -> tuple[Member, Vendor]:
    member = await tx.members.get(account_id)
    if member is None or member.vendor_id != actor.account_id:
        raise _no_member()
    return member, await vendor_of(tx, actor.account_id)


async def _is_in_no_team(tx: Repositories, account: Account) -> bool:
    """Whether the account was in a team once, and is in none now."""
    return (
        account.role is Role.VENDOR
        and await tx.vendors.get(account.id) is None
        and await tx.members.get(account.id) is None
    )


async def _record(
    tx: Repositories,
    actor: Actor,
    name: str,
    before: Member | None,
    after: Member | None,
    vendor: Vendor,
    now: datetime,
) -> list[FeedItem]:
    """Add the audit record and the event of a change of the team; returns what it is told."""
    member = after or before
    if member is None:
        raise ValueError("nobody has joined or left")
    old, new = (of.role.value if of is not None else None for of in (before, after))
    changes = [Change(f"members.{member.id}", old, new)]
    await tx.audit.add(audit.record(new_id(), vendor.id, name, actor, changes, now))
    data = {
        "account_id": member.id,
        "vendor_id": vendor.id,
        "role": member.role.value,
        "company": vendor.company or "A vendor",
    }
    await tx.outbox.add(event(name, vendor.id, now, actor, {"member": data}))
    role = after.role if after is not None else None
    return await tx.feed.append(account_feed.team_items(vendor.id, actor, member.id, role, now))


def _taken() -> ParleyError:
    text = "Another account has this email address."
    return ParleyError(Code.EMAIL_TAKEN, text, errors=[FieldError("email", text)])


def _no_member() -> ParleyError:
    return ParleyError(Code.NOT_FOUND, "There is no member with this id.")
