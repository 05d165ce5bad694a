"""Looks up an SMS of unknown outcome at the provider before it is sent again.

The provider may accept a request after our time-out and list the message only then.  So the first
look-up comes a minute after the try; if it finds nothing, a second comes right before the next try.
"""

from dataclasses import replace
from datetime import timedelta

from marketplace.domain.notifications import Notification
from marketplace.logs import get_logger
from marketplace.ports import World
from notify import reasons
from notify.lane import Lane
from notify.outcomes import RetryPolicy, put_off, sent
from notify.sender import Outgoing, Sender, SendError

LOG = get_logger(__name__)
LOOK_AFTER = timedelta(seconds=60)


class LookUp:
    """Asks the provider whether an earlier try went out."""

    def __init__(self, world: World, retry_policy: RetryPolicy) -> None:
        self._world = world
        self._retry_policy = retry_policy

    async def settled(
        self, claimed: Notification, sender: Sender, lane: Lane, outgoing: Outgoing
    ) -> Notification | None:
        """The notification, sent or postponed to the next look-up; None when it may be sent now.

        Raises:
            TemporaryError: when the store is unavailable.
        """
        now = self._world.clock.now()
        # A version that did not record the time of its try: the try was no later than this claim.
        tried_at = claimed.tried_at or claimed.updated_at
        asked = replace(claimed, tried_at=tried_at)
        wait_s = (tried_at + LOOK_AFTER - now).total_seconds()
        if wait_s > 0:
            return put_off(asked, reasons.OUTCOME_UNKNOWN, now, wait_s)
        try:
            found = await sender.look_up(outgoing)
        except SendError as error:
            LOG.warning("a look-up failed", id=claimed.id, why=str(error))
            lane.failed(error, claimed.account_id)
            pause_s = max(self._retry_policy.pause_s(claimed.attempts), lane.paused_s())
            return put_off(asked, reasons.OUTCOME_UNKNOWN, now, pause_s)
        known = await self._world.store.notifications.known_ids(found, claimed.id)
        own = [provider_id for provider_id in found if provider_id not in known]
        now = self._world.clock.now()
        if own:
            return sent(asked, own[-1], now)
        if claimed.looked_up_at is None:
            asked = replace(asked, looked_up_at=now)
            return put_off(asked, reasons.OUTCOME_UNKNOWN, now, LOOK_AFTER.total_seconds())
        return None
