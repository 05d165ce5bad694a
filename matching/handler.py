"""Decides which events trigger matching, and matches."""

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from marketplace.actions.matches import match_rfi
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.rfis import MATCHING_FIELDS
from marketplace.events import Event
from marketplace.logs import get_logger
from marketplace.ports import World

LOG = get_logger(__name__)
GROUP = "matching"

_OFFERED = Counter("parley_matches_offered_total", "Offers made to vendors")
_TOOK = Histogram("parley_matching_seconds", "Time to find and reserve vendors for an RFI")


class Handler:
    """Handles the events of the topic `rfis`."""

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
        """Match a submitted RFI, or one whose location, category or number of vendors was revised.

        Raises:
            TemporaryError: MongoDB is unavailable.
        """
        if not _triggers_matching(event):
            return
        actor = Actor(
            GROUP, Role.SYSTEM, correlation_id=event.correlation_id, causation_id=event.id
        )
        with _TOOK.time():
            count = await match_rfi(self._world, actor, GROUP, event.id, event.key)
        _OFFERED.inc(count)
        LOG.info("matched", rfi_id=event.key, offered=count)


def _triggers_matching(event: Event) -> bool:
    if event.name == "rfi.submitted":
        return True
    if event.name != "rfi.revised" or event.data["rfi"]["state"] != "open":
        return False
    changed = {change["path"] for change in event.data["revision"]["changes"]}
    return bool(changed & MATCHING_FIELDS)
