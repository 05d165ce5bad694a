"""Announces heads again: the safety net for announcements that were never made.

A writer may be killed between commit and announcement.  The relay sees every commit, so within a
second it tells each room its head; a gateway that has it already does nothing.
"""

from collections.abc import Iterable

from marketplace.domain.conversations import Entry
from marketplace.ports import Live, Signal, SignalName, conversation_room, rfi_room
from marketplace.storage.tail import OutboxRecord

# Long enough to tell a busy room's head once and not for each message; twice it stays under the
# promised two seconds.
ANNOUNCE_EVERY_S = 0.5


class Heads:
    """The highest number seen of each room since the last announcement."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._heads: dict[str, int] = {}
        self._announced_at = 0.0

    def note(self, committed: Iterable[OutboxRecord | Entry]) -> None:
        """Remember the numbers in what was committed."""
        for each in committed:
            if isinstance(each, Entry):
                self._raise(conversation_room(each.conversation_id), each.sequence)
            elif each.name.startswith("rfi.") and each.position is not None:
                self._raise(rfi_room(each.key), each.position)

    def announce_due(self, now_s: float) -> None:
        """Announce what was noted, at most every half second."""
        if not self._heads or now_s - self._announced_at < ANNOUNCE_EVERY_S:
            return
        self._announced_at = now_s
        for room, head in self._heads.items():
            self._live.signal(Signal(room, SignalName.HEAD, position=head))
        self._heads.clear()

    def _raise(self, room: str, number: int) -> None:
        if number > self._heads.get(room, 0):
            self._heads[room] = number
