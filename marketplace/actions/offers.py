"""Closes offers that no vendor accepted in time.

No timer closes them yet: an offer's age is checked when it is read. Before places are counted,
expired offers are closed here, so that they occupy neither a vendor's capacity nor a place on an
RFI.
"""

from marketplace.actions import announcements
from marketplace.actions.events import match_event
from marketplace.domain import matches
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.rfis import RfiState
from marketplace.ports import Repositories, World

# A transaction has five seconds, and a round of matching has other work to do.
_BATCH_SIZE = 20
_MAX_CLOSED = 1_000
_MARKETPLACE = Actor("marketplace", Role.SYSTEM)


async def close_expired(world: World) -> None:
    """Close expired offers, oldest first, at most a thousand.

    Raises:
        TemporaryError: the store is down.
    """
    before = world.clock.now() - world.policy.offer_lifetime
    for _ in range(_MAX_CLOSED // _BATCH_SIZE):
        expired = await world.store.matches.offered_before(before, _BATCH_SIZE)
        if not expired:
            return
        await _close(world, [match.id for match in expired])


async def _close(world: World, match_ids: list[str]) -> None:
    now = world.clock.now()

    async def work(tx: Repositories) -> list[Match]:
        closed = []
        for match_id in match_ids:
            match = await tx.matches.get(match_id)
            if match is None or not matches.has_expired(match, now, world.policy.offer_lifetime):
                continue
            closed_match = matches.close(match, matches.EXPIRED, now)
            await tx.matches.save(closed_match, MatchState.OFFERED)
            await tx.vendors.release(closed_match.vendor_id)
            rfi = await tx.rfis.get(closed_match.rfi_id)
            if rfi is not None and rfi.state is RfiState.OPEN:
                await tx.rfis.count_matches(closed_match.rfi_id, -1)
            await tx.outbox.add(match_event("match.closed", closed_match, _MARKETPLACE))
            closed.append(closed_match)
        return closed

    for match in await world.store.transact(work):
        announcements.match_changed(world, "match.updated", match)
