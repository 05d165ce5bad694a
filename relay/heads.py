"""Announces heads again: the safety net for announcements that were never made.

A writer may be killed between commit and announcement.  The relay sees every commit, so it
announces each room's head within a second; a gateway that already has the head does nothing.
"""

from collections.abc import Iterable

from marketplace.domain.conversations import Entry
from marketplace.ports import Live, Signal, SignalName, conversation_room, rfi_room
from marketplace.storage.tail import OutboxRecord

# Long enough to announce a busy room's head once instead of for each message; twice this stays
# below the promised two seconds.
ANNOUNCE_EVERY_S = 0.5


class Heads:
    """The highest number of each room seen since the last announcement."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._heads: dict[str, int] = {}
        self._announced_at = 0.0

    def note(self, committed: Iterable[OutboxRecord | Entry]) -> None:
        """Record the numbers of committed documents."""
        for document in committed:
            if isinstance(document, Entry):
                self._raise(conversation_room(document.conversation_id), document.sequence)
            elif document.name.startswith("rfi.") and document.position is not None:
                self._raise(rfi_room(document.key), document.position)

    def announce_due(self, now_s: float) -> None:
        """Announce the recorded heads, at most every half second."""
        if not self._heads or now_s - self._announced_at < ANNOUNCE_EVERY_S:
            return
        self._announced_at = now_s
        for room, head in self._heads.items():
            self._live.signal(Signal(room, SignalName.HEAD, position=head))
        self._heads.clear()

    def _raise(self, room: str, number: int) -> None:
        if number > self._heads.get(room, 0):
            self._heads[room] = number
