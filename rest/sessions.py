"""Whether the log-in behind an access token is active: the token outlives it by seconds only."""

import time
from collections import OrderedDict
from collections.abc import Callable

from marketplace.errors import Code, ParleyError
from marketplace.ports import Sessions

# A log-out elsewhere takes effect within this time; until then a check is one look-up in memory.
CACHED_FOR_S = 10.0
_MAX_CACHED = 50_000


class LiveSessions:
    """Log-ins that were recently found active in the store."""

    def __init__(self, sessions: Sessions, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sessions = sessions
        self._monotonic = monotonic
        # In the order of their last query, the oldest first.
        self._valid_until: OrderedDict[str, float] = OrderedDict()

    async def require(self, session_id: str) -> None:
        """Refuse a log-in that has ended.

        Raises:
            ParleyError: `unauthenticated`.
            TemporaryError: the store is unreachable.
        """
        now = self._monotonic()
        if self._valid_until.get(session_id, 0.0) > now:
            return
        if session_id not in await self._sessions.alive([session_id]):
            raise ParleyError(Code.UNAUTHENTICATED, "This log-in has ended. Log in again.")
        self._valid_until[session_id] = now + CACHED_FOR_S
        self._valid_until.move_to_end(session_id)
        if len(self._valid_until) > _MAX_CACHED:
            self._valid_until.popitem(last=False)

    def forget(self, *session_ids: str) -> None:
        """The log-ins ended here: check the store at the next request."""
        for session_id in session_ids:
            self._valid_until.pop(session_id, None)
