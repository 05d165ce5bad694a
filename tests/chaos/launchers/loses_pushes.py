"""A gateway that loses all announcements of a room after the thirtieth, and checks no heads."""

from marketplace.ports import Announcement
from marketplace.process import run
from realtime.__main__ import main
from realtime.rooms import Rooms

_HEARS_UP_TO = 30
_hear = Rooms.hear


def hear_little(rooms: Rooms, announcement: Announcement) -> None:
    """Take an announcement, or lose it; heads are announcements as well."""
    if announcement.position is None or announcement.position <= _HEARS_UP_TO:
        _hear(rooms, announcement)


async def look_at_nothing(_: Rooms) -> None:
    """Compare no room with the store."""


if __name__ == "__main__":
    Rooms.hear = hear_little  # type: ignore[method-assign, assignment] # the planted fault
    Rooms.check_heads = look_at_nothing  # type: ignore[method-assign, assignment] # and nothing notices it
    run(main)
