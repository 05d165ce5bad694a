"""Offers that nobody took up in time.

No timer ends them yet: an offer's age is judged when it is read.  Before places are counted, expired
offers are closed here, so that they hold neither a vendor's capacity nor a place on an RFI.
"""

from marketplace.actions import announcements
from marketplace.actions.events import match_event
from marketplace.domain import matches
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.rfis import RfiState
from marketplace.ports import Repositories, World

# A transaction has five seconds, and a round of matching has others to serve.
_TOGETHER = 20
_MOST = 1_000
_MARKETPLACE = Actor("marketplace", Role.SYSTEM)


async def close_expired(world: World) -> None:
    """Close offers that have expired, the oldest first, at most a thousand.

    Raises:
        TemporaryError: when the store is away.
    """
    before = world.clock.now() - world.policy.offer_lifetime
    for _ in range(_MOST // _TOGETHER):
        expired = await world.store.matches.offered_before(before, _TOGETHER)
        if not expired:
            return
        await _close(world, [each.id for each in expired])


async def _close(world: World, match_ids: list[str]) -> None:
    now = world.clock.now()

    async def work(tx: Repositories) -> list[Match]:
        closed = []
        for match_id in match_ids:
            match = await tx.matches.get(match_id)
            if match is None or not matches.has_expired(match, now, world.policy.offer_lifetime):
                continue
            ended = matches.close(match, matches.EXPIRED, now)
            await tx.matches.save(ended, MatchState.OFFERED)
            await tx.vendors.release(ended.vendor_id)
            rfi = await tx.rfis.get(ended.rfi_id)
            if rfi is not None and rfi.state is RfiState.OPEN:
                await tx.rfis.count_matches(ended.rfi_id, -1)
            await tx.outbox.add(match_event("match.closed", ended, _MARKETPLACE))
            closed.append(ended)
        return closed

    for match in await world.store.transact(work):
        announcements.match_changed(world, "match.updated", match)
