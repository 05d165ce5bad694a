"""Whether the log-in behind an access token goes on: a token outlives it by seconds, not minutes."""

import time
from collections import OrderedDict
from collections.abc import Callable

from marketplace.errors import Code, ParleyError
from marketplace.ports import Sessions

# A log-out elsewhere is heeded after this; within it a log-in costs one look-up in this process.
BELIEVED_FOR_S = 10.0
_MOST_BELIEVED = 50_000


class LiveSessions:
    """Log-ins that the store was asked about lately."""

    def __init__(self, sessions: Sessions, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sessions = sessions
        self._monotonic = monotonic
        # By the time they were asked about, the oldest first.
        self._believed_until: OrderedDict[str, float] = OrderedDict()

    async def require(self, session_id: str) -> None:
        """Refuse a log-in that has ended.

        Raises:
            ParleyError: `unauthenticated`.
            TemporaryError: when the store is away.
        """
        now = self._monotonic()
        if self._believed_until.get(session_id, 0.0) > now:
            return
        if session_id not in await self._sessions.alive([session_id]):
            raise ParleyError(Code.UNAUTHENTICATED, "This log-in has ended. Log in again.")
        self._believed_until[session_id] = now + BELIEVED_FOR_S
        self._believed_until.move_to_end(session_id)
        if len(self._believed_until) > _MOST_BELIEVED:
            self._believed_until.popitem(last=False)

    def forget(self, session_id: str) -> None:
        """It ended here: ask about it at once."""
        self._believed_until.pop(session_id, None)
