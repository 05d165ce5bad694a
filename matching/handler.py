"""Decides which events trigger matching, or end matches, and does so."""

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from marketplace.actions.matches import match_rfi
from marketplace.actions.offers import close_departed
from marketplace.domain import awards
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import REPLACED_REASONS
from marketplace.domain.rfis import MATCHING_FIELDS, RfiState
from marketplace.events import Event
from marketplace.logs import get_logger
from marketplace.ports import World

LOG = get_logger(__name__)
GROUP = "matching"
TOPICS = ("rfis", "matches", "vendors")
# After these the vendor may no longer be active, or no longer cover what it was offered.
_DEPARTURES = frozenset({"vendor.suspended", "vendor.updated"})

_OFFERED = Counter("parley_matches_offered_total", "Offers made to vendors")
_TOOK = Histogram("parley_matching_seconds", "Time to find and reserve vendors for an RFI")


class Handler:
    """Handles the events of the topics `rfis`, `matches` and `vendors`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_batch(self, batch: Sequence[Event]) -> None:
        """Handle events one after the other.

        Raises:
            TemporaryError: MongoDB is unavailable; the batch is retried.
        """
        for event in batch:
            await self.handle(event)

    async def handle(self, event: Event) -> None:
        """Match an RFI that has free places, or take a vendor off the RFIs that it has left.

        Raises:
            TemporaryError: MongoDB is unavailable.
        """
        actor = Actor(
            GROUP, Role.SYSTEM, correlation_id=event.correlation_id, causation_id=event.id
        )
        if event.name in _DEPARTURES:
            closed = await close_departed(self._world, actor, event.key)
            LOG.info("looked for departures", vendor_id=event.key, closed=closed)
        elif _triggers_matching(event):
            with _TOOK.time():
                count = await match_rfi(self._world, actor, GROUP, event.id, event.key)
            _OFFERED.inc(count)
            LOG.info("matched", rfi_id=event.key, offered=count)


def _triggers_matching(event: Event) -> bool:
    """Whether the RFI may have free places, or offers that no longer suit it.

    The next closest vendor is asked as soon as one has declined, was too late or has left; and when
    the award was cancelled and not every vendor could return.
    """
    if event.name in {"rfi.submitted", "match.declined"}:
        return True
    if event.name == "match.closed":
        return event.data["match"].get("closed_reason") in REPLACED_REASONS
    if event.name != "rfi.revised" or event.data["rfi"]["state"] != RfiState.OPEN:
        return False
    if event.data["revision"]["cause"] == awards.CANCELLED:
        return True
    changed = {change["path"] for change in event.data["revision"]["changes"]}
    return bool(changed & MATCHING_FIELDS)
