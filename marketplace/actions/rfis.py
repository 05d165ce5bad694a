"""Draft, submit, revise, copy, withdraw and close an RFI; who may read it."""

from collections.abc import Callable, Mapping
from typing import Any

from marketplace.actions import announcements, attachments
from marketplace.actions.closing import Closing, end_withdrawn
from marketplace.actions.events import rfi_event
from marketplace.actions.offers import close_expired
from marketplace.actions.outdated_quotes import (
    OutdatedQuotes,
    ask_for_confirmation,
    newly_outdated,
)
from marketplace.actions.verifications import require_verified_email
from marketplace.domain import lifetimes, rfis, vendors, visibility
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Owner, OwnerKind
from marketplace.domain.categories import CATEGORIES
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.policy import DAY
from marketplace.domain.rfis import (
    Budget,
    BudgetVisibility,
    CloseReason,
    Expected,
    Revision,
    Rfi,
    RfiState,
)
from marketplace.domain.visibility import SeenRfi, View
from marketplace.errors import Code, ParleyError, invalid
from marketplace.ids import new_id
from marketplace.ports import Repositories, World


async def draft(world: World, actor: Actor, content: Mapping[str, Any]) -> Rfi:
    """Create a draft that only its customer sees.

    Raises:
        ParleyError: `forbidden`, `validation_failed`.
    """
    actor.require(Role.CUSTOMER)
    return await _add_draft(world, actor, _content(content))


async def _add_draft(world: World, actor: Actor, content: Mapping[str, Any]) -> Rfi:
    drafted = rfis.draft(new_id(), content, actor, world.clock.now())
    rfi, revision = lifetimes.renewed(None, *drafted, world.policy)

    async def work(tx: Repositories) -> Rfi:
        await _use_attachments(tx, actor, rfi, ())
        await tx.rfis.add(rfi, revision)
        await tx.outbox.add(rfi_event("rfi.drafted", rfi, revision, actor))
        return rfi

    return await world.store.transact(work)


async def revise(
    world: World, actor: Actor, rfi_id: str, expected: Expected, content: Mapping[str, Any]
) -> Rfi:
    """Replace the given fields; if nothing differs, nothing happens.

    Raises:
        ParleyError: `not_found`, `stale_revision`, `wrong_state`, `validation_failed`,
            `at_capacity`.
    """
    fields, now = _content(content), world.clock.now()
    if "max_vendors" in fields:
        await close_expired(world, await world.store.matches.of_rfi(rfi_id))

    async def work(tx: Repositories) -> tuple[Rfi, Revision | None, OutdatedQuotes]:
        before = await own_rfi(tx, actor, rfi_id, expected)
        after, revision = rfis.revise(before, fields, actor, now)
        if not revision.changes:
            return before, None, OutdatedQuotes()
        added_places = after.max_vendors - before.max_vendors
        if added_places > 0 and after.state is RfiState.OPEN:
            await take_quota(world, tx, after, new_rfis=0, vendor_places=added_places)
        after, revision = lifetimes.renewed(before, after, revision, world.policy)
        await _use_attachments(tx, actor, after, before.attachment_ids)
        outdated = await newly_outdated(tx, after, revision)
        await tx.rfis.save(after, revision)
        if after.state is RfiState.OPEN and after.expires_at != before.expires_at:
            await tx.timers.set_many(lifetimes.timers_of_rfi(after, world.policy))
        await tx.outbox.add(rfi_event("rfi.revised", after, revision, actor))
        return after, revision, await ask_for_confirmation(tx, actor, revision, outdated)

    rfi, revision, told = await world.store.transact(work)
    if revision is not None:
        announcements.rfi_changed(world, revision)
    await told.announce(world)
    return rfi


async def submit(world: World, actor: Actor, rfi_id: str, expected: Expected) -> Rfi:
    """Open the RFI for matching.

    Raises:
        ParleyError: `not_found`, `stale_revision`, `wrong_state`; `email_unverified` if the policy
            requires a verified email address; `at_capacity` and `rate_limited` above the account's
            quotas.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Rfi, Revision]:
        before = await own_rfi(tx, actor, rfi_id, expected)
        after, revision = rfis.submit(before, actor, now)
        if world.policy.requires_verified_email:
            await require_verified_email(tx, actor.account_id)
        await take_quota(world, tx, after, new_rfis=1, vendor_places=after.max_vendors)
        after, revision = lifetimes.renewed(before, after, revision, world.policy)
        await tx.rfis.save(after, revision)
        await tx.timers.set_many(lifetimes.timers_of_rfi(after, world.policy))
        await tx.outbox.add(rfi_event("rfi.submitted", after, revision, actor))
        return after, revision

    rfi, revision = await world.store.transact(work)
    announcements.rfi_changed(world, revision)
    return rfi


async def withdraw(world: World, actor: Actor, rfi_id: str, expected: Expected) -> Rfi:
    """Withdraw the RFI; its matches and quotes are closed in the same transaction.

    Raises:
        ParleyError: `not_found`, `stale_revision`, `wrong_state`.
    """
    now = world.clock.now()
    return await _end(world, actor, rfi_id, expected, lambda rfi: rfis.withdraw(rfi, actor, now))


async def close(
    world: World, actor: Actor, rfi_id: str, expected: Expected, reason: CloseReason
) -> Rfi:
    """Close the RFI as `withdraw` does, and say why.

    Raises:
        ParleyError: `not_found`, `stale_revision`, `wrong_state`.
    """
    now = world.clock.now()
    return await _end(
        world, actor, rfi_id, expected, lambda rfi: rfis.withdraw(rfi, actor, now, reason.value)
    )


async def copy(world: World, actor: Actor, rfi_id: str) -> Rfi:
    """Create a draft with the content of one of the actor's RFIs, in whatever state that is.

    Raises:
        ParleyError: `not_found`.
    """
    original = await world.store.rfis.get(rfi_id)
    if original is None or original.customer_id != actor.account_id:
        raise _not_found()
    now = world.clock.now()
    return await _add_draft(world, actor, rfis.copied_content(original, now))


async def visible_rfi(world: World, actor: Actor, rfi_id: str) -> SeenRfi:
    """The RFI as the actor may see it (`marketplace/domain/visibility.py`).

    Raises:
        ParleyError: `not_found`, also for an RFI that the actor may not see; `forbidden` for a
            vendor that would see it if it were not suspended.
    """
    rfi = await world.store.rfis.get(rfi_id)
    if rfi is None:
        raise _not_found()
    if actor.role is Role.ADMIN or rfi.customer_id == actor.account_id:
        return visibility.seen(rfi, View.OWN)
    if actor.role is not Role.VENDOR:
        raise _not_found()
    match = await world.store.matches.of_pair(rfi_id, actor.account_id)
    view = visibility.of_vendor(world.current_match(match) if match is not None else None)
    if view is None:
        raise _not_found()
    vendors.require_not_suspended(await world.store.vendors.get(actor.account_id))
    return visibility.seen(rfi, view)


async def own_rfi(tx: Repositories, actor: Actor, rfi_id: str, expected: Expected) -> Rfi:
    """The actor's own RFI in a transaction, at a revision that the command was based on.

    Raises:
        ParleyError: `not_found`, `stale_revision`.
    """
    rfi = await tx.rfis.get(rfi_id)
    if rfi is None or rfi.customer_id != actor.account_id:
        raise _not_found()
    rfis.require_revision(rfi, expected)
    return rfi


async def own_rfis(world: World, actor: Actor, request: PageRequest) -> Page[Rfi]:
    """A customer's RFIs, newest first.

    Raises:
        ParleyError: `forbidden` for other roles; vendors have matches instead.
    """
    actor.require(Role.CUSTOMER)
    return await world.store.rfis.of_customer(actor.account_id, request)


async def take_quota(
    world: World,
    tx: Repositories,
    rfi: Rfi,
    *,
    new_rfis: int,
    vendor_places: int,
    is_submission: bool = True,
) -> None:
    """Check an account's quotas; concurrent transactions for one account are serialized.

    Raises:
        ParleyError: `at_capacity`; `rate_limited` for a submission too many.
    """
    now, policy = world.clock.now(), world.policy
    submissions = [
        submitted_at
        for submitted_at in await tx.submissions.of(rfi.customer_id)
        if submitted_at > now - DAY
    ]
    if new_rfis and is_submission:
        policy.require_submission(submissions, now)
        submissions.append(now)
    await tx.submissions.keep(rfi.customer_id, submissions, now)
    open_rfis, used_places = await tx.rfis.open_of(rfi.customer_id)
    policy.require_capacity(open_rfis + new_rfis, used_places + vendor_places)


async def _end(
    world: World,
    actor: Actor,
    rfi_id: str,
    expected: Expected,
    change: Callable[[Rfi], tuple[Rfi, Revision]],
) -> Rfi:
    async def work(tx: Repositories) -> Closing:
        ended = change(await own_rfi(tx, actor, rfi_id, expected))
        return await end_withdrawn(world, tx, actor, *ended)

    closing = await world.store.transact(work)
    await closing.announce(world)
    return closing.rfi


async def _use_attachments(
    tx: Repositories, actor: Actor, rfi: Rfi, before: tuple[str, ...]
) -> None:
    """Give the RFI its new attachments, and free those that it no longer has."""
    owner, after = Owner(OwnerKind.RFI, rfi.id), rfi.attachment_ids
    if after != before:
        await attachments.use(tx, actor, owner, after)
        removed = [id_ for id_ in before if id_ not in after]
        await tx.attachments.release(removed, owner, rfi.updated_at)


def _content(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Validated payload fields as the domain represents them."""
    content = dict(payload)
    if content.get("budget") is not None:
        content["budget"] = Budget(**content["budget"])
    if "budget_visibility" in content:
        content["budget_visibility"] = BudgetVisibility(content["budget_visibility"])
    if "category" in content and content["category"] not in CATEGORIES:
        raise invalid("category", "Unknown category; GET /v1/categories lists the known ones.")
    if "attachment_ids" in content:
        content["attachment_ids"] = tuple(content["attachment_ids"])
    return content


def _not_found() -> ParleyError:
    return ParleyError(Code.NOT_FOUND, "You have no RFI with this id.")
