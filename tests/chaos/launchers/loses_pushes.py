"""A gateway that loses all announcements of a room after the thirtieth, and checks no heads."""

from marketplace.ports import Announcement
from marketplace.process import run
from realtime.__main__ import main
from realtime.rooms import Rooms

_RECEIVES_UP_TO = 30
_receive = Rooms.receive


def lose_announcements(rooms: Rooms, announcement: Announcement) -> None:
    """Take an announcement, or lose it; heads are announcements as well."""
    if announcement.position is None or announcement.position <= _RECEIVES_UP_TO:
        _receive(rooms, announcement)


async def skip_head_checks(_: Rooms) -> None:
    """Compare no room with the store."""


if __name__ == "__main__":
    Rooms.receive = lose_announcements  # type: ignore[method-assign, assignment] # the planted fault
    Rooms.check_heads = skip_head_checks  # type: ignore[method-assign, assignment] # and nothing notices it
    run(main)
